"""A run directory of many people, made through the ledger, and what each question to it takes on the command line.

    python benchmarks/bench_explore.py [--personas 100000] [--relations 300000] [--out DIR] [--only WORD ...] [--page] [--harm]

``--page`` asks the explorer's page what a reader would. ``--harm`` also deletes the index, overwrites it with random bytes and lets another process hold it, and searches.

Candidates are admitted by a real population and committed as a run commits them; no model is asked. Each command is a
process of its own, so that its time holds the start of Python and the reading of the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from persona_rows import planted_rows

from simulator.models.persona import MAX_HOP, persona_id
from simulator.models.relation import RELATION_KINDS
from simulator.models.unit import Unit, UnitResult
from simulator.population.candidate import Candidate
from simulator.population.collector import collector_off
from simulator.population.dedup.verdict import DedupSettings
from simulator.population.index.lock import FolderLock
from simulator.population.index.seal import read_seal
from simulator.population.population import Population
from simulator.roles.relation_names import RELATION_NAMES
from simulator.runs.directory import RunDirectory
from simulator.runs.entry import Entry
from simulator.runs.ledger import Ledger

SCENARIO = """\
name: explore
texts: {paths: texts}
expand: {hops: 6, per_persona: 3}
"""
CODE = "import sys; from simulator.cli.main import main; sys.exit(main())"

COMMANDS: list[list[str]] = [
    ["graph", "RUN", "stats"],
    ["graph", "RUN", "central"],
    ["graph", "RUN", "neighbours", "A"],
    ["graph", "RUN", "within", "A", "--hops", "2"],
    ["graph", "RUN", "within", "A", "--hops", "6"],
    ["graph", "RUN", "path", "A", "B"],
    ["graph", "RUN", "find", "somebody who repairs old boats"],
    ["graph", "RUN", "find", "somebody who repairs old boats"],
    ["show", "RUN", "persona", "A"],
    ["show", "RUN", "personas"],
    ["report", "RUN"],
    *(["export", "RUN", "--to", form] for form in ("graphml", "gexf", "node-link", "csv", "graph-html")),
]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="A large run, explored from the command line.")
    parser.add_argument("--personas", type=int, default=100_000)
    parser.add_argument("--relations", type=int, default=300_000)
    parser.add_argument("--out", type=Path, default=Path("runs/explore"))
    parser.add_argument("--only", nargs="*", default=[], help="Only commands that contain one of these words.")
    parser.add_argument("--harm", action="store_true", help="Also search with a harmed index.")
    parser.add_argument("--page", action="store_true", help="Also ask the explorer's page.")
    given = parser.parse_args()
    directory = RunDirectory(given.out)
    if not directory.ledger.exists():
        start = time.perf_counter()
        # In a process of its own: a command is told the peak memory of the process that starts it as its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            maker.submit(_made, directory, given.personas, given.relations).result()
        print(f"made in {time.perf_counter() - start:.0f} s")
    people = _explore(directory, given.only)
    if given.page:
        _ask_the_page(directory)
    if given.harm:
        _search_harmed(directory, people)


def _made(directory: RunDirectory, personas: int, relations: int) -> None:
    asyncio.run(_make(directory, personas, relations))


def _explore(directory: RunDirectory, only: list[str]) -> int:
    with Ledger.open(directory.ledger, writable=False) as ledger:
        personas, relations = (next(ledger.rows(f"SELECT COUNT(*) FROM {t}"))[0] for t in ("personas", "relations"))
        people = [row[0] for row in ledger.rows("SELECT id FROM personas WHERE seq % ? = 7", (max(1, personas // 9),))]
    size = directory.ledger.stat().st_size / 1e6
    print(f"{personas:,} personas, {relations:,} relations, ledger {size:,.0f} MB\n")
    print("| command | seconds | of them CPU | peak MB |\n| --- | ---: | ---: | ---: |")
    names = {"RUN": str(directory.root), "A": people[0], "B": people[-1]}
    for command in COMMANDS:
        if not only or any(word in command for word in only):
            seconds, busy, peak = _timed([names.get(word, word) for word in command])
            print(f"| `{' '.join(command)}` | {seconds:.1f} | {busy:.1f} | {peak:,.0f} |", flush=True)
    shutil.rmtree(directory.root / "exports", ignore_errors=True)
    return int(personas)


def _ask_the_page(directory: RunDirectory) -> None:
    """Ask the page of ``sixhop explore`` each question twice: as the first one after the start, and again."""
    with Ledger.open(directory.ledger, writable=False) as ledger:
        ids = [row[0] for row in ledger.rows("SELECT id FROM personas WHERE seq % 9999 = 7")]
    questions = [
        f"person/{ids[0]}", f"person/{ids[0]}/around?hops=2", f"person/{ids[0]}/around?hops=6&most=600", f"path?a={ids[0]}&b={ids[-1]}",
        "people?q=boat", "people?order=relations&page=1000", "rejections?page=4000", "now", "overview", "figures",
        "find?q=somebody+who+repairs+old+boats",
    ]  # fmt: skip
    command = [sys.executable, "-c", CODE, "explore", str(directory.root), "--no-browser"]
    print("\n| question | first: seconds | of them CPU | again: seconds | kB |\n| --- | ---: | ---: | ---: | ---: |")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        page = server.stdout.readline().split()[1]
        for question in questions:
            before, (first, size) = _cpu(server.pid), _fetched(f"{page}api/{question}")
            busy, (again, _) = _cpu(server.pid) - before, _fetched(f"{page}api/{question}")
            shown = question.replace(ids[0], "A").replace(ids[-1], "B")
            print(f"| `{shown}` | {first:.2f} | {busy:.2f} | {again:.3f} | {size / 1e3:,.0f} |", flush=True)
        peak = int(Path(f"/proc/{server.pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
        print(f"\npeak {peak:,.0f} MB")
        server.terminate()


def _fetched(address: str) -> tuple[float, int]:
    start = time.perf_counter()
    with urllib.request.urlopen(address) as answer:
        size = len(answer.read())
    return time.perf_counter() - start, size


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _search_harmed(directory: RunDirectory, people: int) -> None:
    """Search with an index that is gone, garbled and locked; every answer must be that of the whole index."""
    command = ["graph", str(directory.root), "find", "somebody who repairs old boats", "--json"]
    whole, _, _, _ = _asked(command)
    for name, harm in (("deleted", _delete), ("random bytes", _garble), ("locked", _hold)):
        held = harm(directory.index)
        answer, told, seconds, busy = _asked(command)
        if held is not None:
            held.release()
        seal = read_seal(directory.index)
        after = f"{told}; same answer: {answer == whole}; then {seal.count if seal else 0:,} of {people:,} in it"
        print(f"| find, index {name} | {seconds:.1f} | {busy:.1f} | {after} |", flush=True)


def _asked(command: list[str]) -> tuple[list[str], str, float, float]:
    """Return the ids that a search answered with, the first line that it told beside, its seconds and CPU seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CODE, *command], capture_output=True, text=True, check=True)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = (done.stderr.splitlines() or ["nothing"])[0]
    return [hit["id"] for hit in json.loads(done.stdout)], told.rpartition(": ")[2], seconds, busy


def _delete(index: Path) -> None:
    shutil.rmtree(index)


def _garble(index: Path) -> None:
    generator = random.Random(7)
    for path in [*index.rglob("*.bin"), *index.rglob("chroma.sqlite3")]:
        with path.open("r+b") as file:
            for _ in range(1_000):
                file.seek(generator.randrange(path.stat().st_size))
                file.write(generator.randbytes(8))


def _hold(index: Path) -> FolderLock | None:
    return FolderLock.take(index)


def _timed(command: list[str]) -> tuple[float, float, float]:
    """Return the seconds, the CPU seconds and the peak megabytes of one command in a process of its own."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


async def _make(directory: RunDirectory, personas: int, relations: int) -> None:
    directory.create()
    population = Population(DedupSettings(cosine=None))
    with Ledger.open(directory.ledger, create=True) as ledger:
        ledger.put_meta(scenario=SCENARIO, base=".", cast=[])
        batch: list[tuple[Unit, Candidate]] = []
        with collector_off():
            for pair in _candidates(population, personas, relations):
                batch.append(pair)
                if len(batch) == personas // 50:
                    await ledger.commit(_entries(population, batch))
                    batch.clear()
            await ledger.commit(_entries(population, batch))


def _entries(population: Population, batch: list[tuple[Unit, Candidate]]) -> list[Entry]:
    admissions = population.admit_many([candidate for _, candidate in batch])
    return [
        Entry(
            unit,
            UnitResult(value={"persona": candidate.text, "relation": candidate.relation}),
            personas=[found.persona] if found.persona else [],
            relations=[found.relation] if found.relation else [],
            decisions=[found.decision],
            nearer=found.nearer,
            changed=found.changed,
        )
        for (unit, candidate), found in zip(batch, admissions, strict=True)
    ]


def _candidates(population: Population, personas: int, relations: int) -> Iterator[tuple[Unit, Candidate]]:
    """Yield seeds, then people of people: one who may be new for every two who are known already."""
    generator = random.Random(3)
    texts = (text for text, _, _ in planted_rows(personas * 2, seed=3))
    for number in range(personas // 50):
        unit = Unit(stage="extract", role="extractor", inputs={"text": f"text {number}"}, seed=number)
        yield unit, Candidate(text=next(texts), origin="text", source=f"t-{number}", question="read", unit=unit.id)
    made, known = 0, list[Any]()
    share = personas / relations
    while made < relations:
        if made % (personas // 50) == 0:
            known = population.personas
        source = known[min(int(generator.expovariate(1.5) * len(known) / 4), len(known) - 1)]
        if source.hop == MAX_HOP:
            continue
        kind = generator.choice(RELATION_KINDS)
        new = generator.random() < share * 1.25
        text = next(texts) if new else generator.choice(known).text
        inputs = {"persona": source.text, "kind": kind, "number": made}
        unit = Unit(stage=f"expand-{source.hop + 1}", role="relator", inputs=inputs, seed=made)
        name = generator.choice(RELATION_NAMES[kind])
        made += persona_id(text) != source.id
        yield (
            unit,
            Candidate(
                text=text,
                origin="persona",
                source=source.id,
                relation=name,
                kind=kind,
                unit=unit.id,
            ),
        )


if __name__ == "__main__":
    main()
