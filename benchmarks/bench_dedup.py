"""Deduplication side by side: speed, memory, recall and precision of Sixhop and of other tools, in one run.

    python benchmarks/bench_dedup.py [--rows 10000 100000 1000000] [--truth 50000] [--seed 1]
        [--tools Sixhop ...] [--python SemHash=/path/to/python ...]

Every measurement is a process of its own, which warms up on a thousand other rows (compilers, caches, imports) before
the clock starts. Time runs from texts in memory to the rows that are kept; peak memory is the process's, texts
included. ``--python NAME=PATH`` runs the tools whose name begins with NAME under another interpreter, where they are
installed. Recall and precision are over the rows that brute force rejects: every row compared with every kept one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dedup_tools import MOST_ROWS, THRESHOLD, TOOLS, embedded
from persona_rows import planted_rows

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "personahub_tools.jsonl"
PATIENCE = 3_600.0


def main() -> None:
    """Run what the command line asks for."""
    if len(sys.argv) > 1 and sys.argv[1] == "child":
        print(json.dumps(_child(*sys.argv[2:])))
        return
    arguments = _arguments()
    pythons = dict(pair.split("=", 1) for pair in arguments.python)
    with tempfile.TemporaryDirectory() as folder:
        for size, file in _data(Path(folder), arguments.rows, arguments.seed).items():
            for stage in arguments.stages:
                print(f"\n### {stage}, {size:,} rows\n\n{HEADER}")
                for tool in _tools(stage, arguments.tools, size):
                    print(_line(tool, _measure(stage, tool, file, pythons), None), flush=True)
        for name, file in _truth_data(Path(folder), arguments.truth, arguments.seed).items():
            for stage in arguments.stages:
                truth = _measure(stage, "truth", file, pythons)
                print(f"\n### {stage}, {name}: brute force rejects {truth['rejected']:,}\n\n{HEADER}")
                for tool in _tools(stage, arguments.tools, arguments.truth):
                    print(_line(tool, _measure(stage, tool, file, pythons), set(truth["rows"])), flush=True)


HEADER = (
    "| tool | rows/s | CPU s | peak MB | rejected | recall | precision |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Deduplication side by side.")
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--truth", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stages", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--tools", nargs="*", default=[""], help="only tools with one of these in their names")
    parser.add_argument("--python", nargs="*", default=[], metavar="NAME=PATH")
    return parser.parse_args()


def _tools(stage: str, parts: Sequence[str], rows: int) -> list[str]:
    fit = [tool for tool in TOOLS[stage] if rows <= MOST_ROWS.get(tool, rows)]
    return [tool for tool in fit if any(part in tool for part in parts)]


def _data(folder: Path, sizes: Sequence[int], seed: int) -> dict[int, Path]:
    return {size: _planted(folder, size, seed) for size in sizes}


def _truth_data(folder: Path, size: int, seed: int) -> dict[str, Path]:
    data = {f"{size:,} planted rows": _planted(folder, size, seed + 1)} if size else {}
    real = Path(os.environ.get("SIXHOP_BENCH_PERSONAS", REAL))
    if not real.is_file():
        print(f"\n(No real rows: {real.name} is not beside the repository, nor named by SIXHOP_BENCH_PERSONAS.)")
        return data
    texts = [json.loads(line)["input persona"] for line in real.read_text().splitlines()]
    return {**data, f"the {len(texts):,} real rows": _write(folder / "real.json", texts)}


def _planted(folder: Path, size: int, seed: int) -> Path:
    return _write(folder / f"{size}-{seed}.json", [text for text, _, _ in planted_rows(size, seed)])


def _write(path: Path, texts: list[str]) -> Path:
    path.write_text(json.dumps(texts))
    return path


def _measure(stage: str, tool: str, file: Path, pythons: dict[str, str]) -> dict[str, Any]:
    python = next((path for name, path in pythons.items() if tool.startswith(name)), sys.executable)
    done = subprocess.run(
        [python, __file__, "child", stage, tool, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        return {"reason": _reason(done.stderr) or f"ended with {done.returncode}"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _reason(stderr: str) -> str:
    """Return the line of a traceback that says most: the error's last one, or the one that names what is missing."""
    lines = [line.strip(" *\x1b[93m0") for line in stderr.splitlines() if line.strip(" *")]
    return next((line for line in lines if "not found" in line), lines[-1] if lines else "")[:150]


def _child(stage: str, tool: str, file: str) -> dict[str, Any]:
    texts: list[str] = json.loads(Path(file).read_text())
    if tool == "truth":
        rows = _lexical_truth(texts) if stage == "lexical" else _semantic_truth(texts)
        return {"rows": rows, "rejected": len(rows)}
    run = TOOLS[stage][tool]
    run([text for text, _, _ in planted_rows(1_000, 99)])
    wall, cpu = time.perf_counter(), time.process_time()
    kept = set(run(texts))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = _peak_mb()
    rejected = [row for row in range(len(texts)) if row not in kept]
    return {"rate": len(texts) / wall, "cpu": cpu, "peak": peak, "rows": rejected}


def _peak_mb() -> float:
    """Return the largest resident memory of this process so far. ``getrusage`` would count its parent's, too."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _line(tool: str, result: dict[str, Any], truth: set[int] | None) -> str:
    if "reason" in result:
        return f"| {tool} | - | - | - | - | - | {result['reason']} |"
    rejected = set(result["rows"])
    recall = precision = "-"
    if truth is not None and not tool.startswith("(") and tool != "Sixhop, all stages":
        recall = _share(len(rejected & truth), len(truth))
        precision = _share(len(rejected & truth), len(rejected))
    rate, cpu, peak = f"{result['rate']:,.0f}", f"{result['cpu']:.2f}", f"{result['peak']:,.0f}"
    return f"| {tool} | {rate} | {cpu} | {peak} | {len(rejected):,} | {recall} | {precision} |"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "none"


def _lexical_truth(texts: list[str]) -> list[int]:
    """Return the rows that a comparison of all pairs of word sets rejects, the earlier row of a pair staying."""
    from simulator.population.tokens import word_grams

    grams = [sorted(word_grams(text)) for text in texts]
    words = {word: column for column, word in enumerate(sorted({word for row in grams for word in row}))}
    sizes = np.asarray([len(row) for row in grams], dtype=np.float64)
    # Words of one text only are in no intersection; the others are few enough for a plain matrix product.
    counts = np.bincount([words[word] for row in grams for word in row], minlength=len(words))
    columns = np.cumsum(counts > 1) - 1
    table = np.zeros((len(texts), int(columns[-1]) + 1), dtype=np.float32)
    for row, text in enumerate(grams):
        table[row, [columns[words[word]] for word in text if counts[words[word]] > 1]] = 1.0

    def near(start: int, stop: int) -> Any:
        common = (table[start:stop] @ table[:stop].T).astype(np.float64)
        union = sizes[start:stop, None] + sizes[None, :stop] - common
        return common / np.maximum(union, 1.0) >= THRESHOLD

    return _first_wins(len(texts), near, [" ".join(text.split()) for text in texts])


def _semantic_truth(texts: list[str]) -> list[int]:
    """Return the rows that a comparison of all pairs of vectors rejects, the earlier row of a pair staying."""
    from simulator.population.vectors.unit import cosines, unit_vectors

    vectors = unit_vectors(embedded(texts))

    def near(start: int, stop: int) -> Any:
        likely = vectors[start:stop] @ vectors[:stop].T >= THRESHOLD - 1e-5
        rows, others = np.nonzero(likely)
        likely[rows, others] = cosines(vectors[start:stop][rows], vectors[others]) >= THRESHOLD
        return likely

    return _first_wins(len(texts), near, [" ".join(text.split()) for text in texts])


def _first_wins(count: int, near: Any, normal: list[str]) -> list[int]:
    kept = np.zeros(count, dtype=np.bool_)
    known: set[str] = set()
    rejected = []
    for start in range(0, count, 500):
        stop = min(start + 500, count)
        pairs = near(start, stop)
        for row in range(start, stop):
            if normal[row] in known or (pairs[row - start, :row] & kept[:row]).any():
                rejected.append(row)
            else:
                kept[row] = True
                known.add(normal[row])
    return rejected


if __name__ == "__main__":
    main()
