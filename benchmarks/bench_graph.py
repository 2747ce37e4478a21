"""The relationship graph at scale: loading it from a ledger, asking it, memory; and what NetworkX takes.

    python benchmarks/bench_graph.py [--personas 1000000] [--relations 3000000]

Each form is a process of its own that starts from the ledger file. Relations follow Persona-to-Persona: seeds, and
from each persona some that are new and some that lead to somebody known.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from simulator.assembly import open_run
from simulator.models.relation import RELATION_KINDS
from simulator.population.collector import collector_off
from simulator.population.graph.consistency import inconsistencies
from simulator.population.graph.relationship_graph import RelationshipGraph
from simulator.population.graph.stats import central, graph_stats
from simulator.runs.directory import RunDirectory
from simulator.runs.ledger import Ledger

NAMES = [
    f"{word} {number}" for word in ("cousin", "teacher", "customer", "rival", "neighbour") for number in range(400)
]

Clock = Callable[[str, Callable[[], Any]], Any]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="The relationship graph at scale.")
    parser.add_argument("--personas", type=int, default=1_000_000)
    parser.add_argument("--relations", type=int, default=3_000_000)
    parser.add_argument("--measure", nargs=2, metavar=("FORM", "RUNDIR"))
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.measure[0], Path(arguments.measure[1]))))
        return
    print(f"{arguments.personas:,} personas, {arguments.relations:,} relations\n")
    print("| form | what | seconds | of them CPU |\n| --- | --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), arguments.personas, arguments.relations)
        for form in ("arrays", "networkx"):
            command = [sys.executable, sys.argv[0], "--measure", form, folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            for what, figures in json.loads(done.stdout).items():
                print(f"| {form} | {what} | {' | '.join(figures)} |", flush=True)


def _measure(form: str, root: Path) -> dict[str, list[str]]:
    figures: dict[str, list[str]] = {}

    def clock(what: str, run: Callable[[], Any]) -> Any:
        wall, busy = time.perf_counter(), time.process_time()
        result = run()
        figures[what] = [f"{time.perf_counter() - wall:.3f}", f"{time.process_time() - busy:.3f}"]
        return result

    before = _peak_mb()
    with open_run(root) as run:
        graph = clock("load from the ledger", run.graph)
        clock("adjacency, at the first question", lambda: (graph.arrays.outward, graph.arrays.inward))
        figures["memory after loading"] = _grown(before)
        if form == "networkx":
            network = clock("to_networkx", graph.to_networkx)
            figures["edges"] = [f"{network.number_of_edges():,}", ""]
        else:
            _ask(graph, clock)
    figures["peak memory"] = _grown(before)
    return figures


def _grown(before: float) -> list[str]:
    return [f"{_peak_mb() - before:,.0f} MB", ""]


def _peak_mb() -> float:
    """Return the most memory that this process has had; getrusage would count what its parent had before it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def _ask(graph: RelationshipGraph, clock: Clock) -> None:
    generator = random.Random(5)
    some = generator.sample(graph.arrays.ids, 20)
    clock("20 x neighbours", lambda: [graph.neighbours(id) for id in some])
    clock("20 x within(2)", lambda: [graph.within(id, 2) for id in some])
    reached = clock("1 x within(6)", lambda: graph.within(some[0], 6))
    clock(f"(it reaches {len(reached):,})", lambda: None)
    clock("10 x shortest path", lambda: [graph.path(a, b) for a, b in zip(some[:10], some[10:], strict=True)])
    clock("resolve by a part of the text", lambda: graph.resolve(graph.text(some[0])[:40]))
    clock("components", graph.components)
    clock("central", lambda: central(graph))
    clock("hops from seeds", graph.hops_from_seeds)
    clock("check", lambda: inconsistencies(graph))
    clock("stats, distances from 16", lambda: graph_stats(graph))


def _write(root: Path, personas: int, relations: int) -> None:
    """Write the rows of a run without the work that leads to them."""
    directory = RunDirectory(root)
    Ledger.open(directory.ledger, create=True).close()
    connection = sqlite3.connect(directory.ledger)
    with collector_off(), connection:
        hops, edges = _edges(personas, relations)
        connection.executemany(
            "INSERT INTO personas (id,text,hop,origin,source,question,unit,attributes)"
            " VALUES (?,?,?,'persona','','','','{}')",
            _personas(hops),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO relations (source,target,name,kind,hop,unit) VALUES (?,?,?,?,?,'')",
            _relations(hops, edges),
        )
    connection.close()


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


def _id(number: int) -> str:
    return f"p-{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}"  # spread as hashes are


def _personas(hops: list[int]) -> Iterator[tuple[Any, ...]]:
    for number, hop in enumerate(hops):
        text = f"a person with the number {number}, who lives somewhere and does something worth a sentence or two"
        yield _id(number), text, hop


def _relations(hops: list[int], edges: list[tuple[int, int]]) -> Iterator[tuple[Any, ...]]:
    for number, (source, target) in enumerate(edges):
        kind = RELATION_KINDS[number % len(RELATION_KINDS)]
        yield _id(source), _id(target), NAMES[number * 7 % len(NAMES)], kind, hops[source] + 1


if __name__ == "__main__":
    main()
