"""Precision and recall of the guard's detectors on labelled turns, as a Markdown table.

    python benchmarks/detectors.py [--file turns.jsonl] [--show]

``turns.jsonl`` has the turns that the detectors were tuned on, ``turns_held.jsonl`` those that they were not,
``turns_model.jsonl`` turns of the embedded model, ``turns_unseen.jsonl`` some of it that nothing was made from, and
``turns_sides.jsonl`` those that only role_flip was fitted to (and that only its labels are of). The way of counting is that of tests/turn_cases.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from turn_cases import labelled, overall, tallies

from simulator.embeddings.wordllama import WordLlamaEmbedder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", default="turns.jsonl")
    parser.add_argument("--show", action="store_true", help="print the turns that were missed or falsely found")
    options = parser.parse_args()
    cases = labelled(options.file)
    counted = tallies(cases, WordLlamaEmbedder())
    clean = sum(not case.faults for case in cases)
    print(f"{len(cases)} turns, {clean} of them without a fault\n")
    print("| detector | there | found | false alarms | precision | recall |\n|---|---:|---:|---:|---:|---:|")
    for name, tally in [*counted.items(), ("all", overall(counted))]:
        there = tally.hits + len(tally.misses)
        print(f"| {name} | {there} | {tally.hits} | {len(tally.alarms)} | {tally.precision:.2f} | {tally.recall:.2f} |")
    if options.show:
        texts = {case.id: case.turn for case in cases}
        for name, tally in counted.items():
            for kind, ids in (("missed", tally.misses), ("false", tally.alarms)):
                for id_ in ids:
                    print(f"{name:22} {kind:7} {id_} {texts[id_]!r}")


if __name__ == "__main__":
    main()
