"""Precision and recall of the detector of unknown names on labelled turns.

    python benchmarks/names.py [--show]

``names.jsonl`` has the turns that it was tuned on, ``names_held.jsonl`` those that it was not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from name_cases import tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what was missed or falsely found")
    options = parser.parse_args()
    print("| turns | | without | names | precision | recall |\n|---|---:|---:|---:|---:|---:|")
    for file in ("names.jsonl", "names_held.jsonl"):
        found = tally(file)
        there = found.hits + len(found.misses)
        print(f"| {file} | {found.turns} | {found.clean} | {there} | {found.precision:.2f} | {found.recall:.2f} |")
        for kind, texts in (("missed", found.misses), ("false", found.alarms)) if options.show else ():
            print("".join(f"{kind}: {text}\n" for text in texts), end="")


if __name__ == "__main__":
    main()
