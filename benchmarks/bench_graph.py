"""The relationship graph at scale: building, asking and memory, as arrays and as NetworkX.

    python benchmarks/bench_graph.py [--personas 1000000] [--relations 3000000]

Each form is a process of its own. Relations follow Persona-to-Persona: seeds, and from each persona some that are new
and some that lead to somebody known.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from simulator.models.relation import RELATION_KINDS
from simulator.population.collector import collector_off
from simulator.population.consistency import inconsistencies
from simulator.population.graph import RelationshipGraph
from simulator.population.graph_stats import central, graph_stats

NAMES = [
    f"{word} {number}" for word in ("cousin", "teacher", "customer", "rival", "neighbour") for number in range(400)
]


class PersonaOf(NamedTuple):
    """A persona as a row of a table."""

    id: str
    text: str
    hop: int


class RelationOf(NamedTuple):
    """A relation as a row of a table."""

    source: str
    target: str
    name: str
    kind: str
    hop: int


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="The relationship graph at scale.")
    parser.add_argument("--personas", type=int, default=1_000_000)
    parser.add_argument("--relations", type=int, default=3_000_000)
    parser.add_argument("--form", choices=["arrays", "networkx"])
    arguments = parser.parse_args()
    if arguments.form:
        print(json.dumps(_measure(arguments.form, arguments.personas, arguments.relations)))
        return
    print(f"{arguments.personas:,} personas, {arguments.relations:,} relations\n")
    print("| form | what | seconds |\n| --- | --- | ---: |")
    for form in ("arrays", "networkx"):
        done = subprocess.run([sys.executable, *sys.argv, "--form", form], capture_output=True, text=True, check=True)
        for what, figure in json.loads(done.stdout).items():
            print(f"| {form} | {what} | {figure} |")


def _measure(form: str, personas: int, relations: int) -> dict[str, str]:
    figures: dict[str, str] = {}

    def clock(what: str, run: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = run()
        figures[what] = f"{time.perf_counter() - start:.4f}"
        return result

    with collector_off():
        hops, edges = _edges(personas, relations)
        ids = [f"p-{number:016x}" for number in range(personas)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        graph = clock("build", lambda: RelationshipGraph(_personas(ids, hops), _relations(ids, hops, edges)))
        if form == "networkx":
            network = clock("to_networkx", graph.to_networkx)
            figures["edges"] = str(network.number_of_edges())
    if form == "arrays":
        _ask(graph, ids, clock)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figures["memory, MB"] = f"{grown:,.0f}"
    return figures


def _ask(graph: RelationshipGraph, ids: list[str], clock: Callable[[str, Callable[[], Any]], Any]) -> None:
    clock("adjacency", lambda: (graph.arrays.outward, graph.arrays.inward))
    generator = random.Random(5)
    some = generator.sample(ids, 20)
    clock("20 x neighbours", lambda: [graph.neighbours(id) for id in some])
    clock("20 x within(2)", lambda: [graph.within(id, 2) for id in some])
    clock("1 x within(6)", lambda: graph.within(some[0], 6))
    clock("10 x path", lambda: [graph.path(left, right) for left, right in zip(some[:10], some[10:], strict=True)])
    clock("resolve by text", lambda: graph.resolve(graph.text(some[0])))
    clock("components", graph.components)
    clock("central", lambda: central(graph))
    clock("hops from seeds", graph.hops_from_seeds)
    clock("check", lambda: inconsistencies(graph))
    clock("stats, distances from 16", lambda: graph_stats(graph))


def _edges(personas: int, relations: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Return hops of personas, and relations: one that leads to each that is no seed, the rest between any two."""
    generator = random.Random(1)
    hops, edges = [], []
    for number in range(personas):
        source = generator.randrange(number) if number else 0
        if number < personas // 50 or hops[source] == 5:
            hops.append(0)
            continue
        hops.append(hops[source] + 1)
        edges.append((source, number))
    while len(edges) < relations:
        source, target = generator.randrange(personas), generator.randrange(personas)
        if source != target and hops[target] <= hops[source] + 1:
            edges.append((source, target))
    return hops, edges


def _personas(ids: list[str], hops: list[int]) -> Iterator[PersonaOf]:
    for number, hop in enumerate(hops):
        text = f"a person with the number {number}, who lives somewhere and does something worth a sentence or two"
        yield PersonaOf(ids[number], text, hop)


def _relations(ids: list[str], hops: list[int], edges: list[tuple[int, int]]) -> Iterator[RelationOf]:
    for number, (source, target) in enumerate(edges):
        kind = RELATION_KINDS[number % len(RELATION_KINDS)]
        yield RelationOf(ids[source], ids[target], NAMES[number * 7 % len(NAMES)], kind, hops[source] + 1)


if __name__ == "__main__":
    main()
