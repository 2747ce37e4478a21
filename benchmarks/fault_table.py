"""The table of docs/faults.md: every fault of the catalogue, played to every role over real HTTP.

    python benchmarks/fault_table.py

A fault that passes is played to a unit's first request, one that stays to all of them. Time is by hand, but for the
stalls; it takes a minute.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fault_cases import FAULTS, ROLE_NAMES, Played, play


def outcome(played: Played) -> str:
    """Return what became of a unit, in a word or two."""
    if played.error is not None:
        return type(played.error).__name__
    assert played.result is not None
    return "product" if played.result.failure is None else f"failure ({played.result.failure.cause})"


def told(results: list[Played]) -> str:
    """Return how often each outcome came."""
    counts = Counter(outcome(one) for one in results)
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def main() -> None:
    """Play everything and print the table."""
    print("| kind | fault | must be | played to | if it passes | if it stays | asked at most |")
    print("|---|---|---|---|---|---|---|")
    units = 0
    for fault in FAULTS.values():
        once = [play(role, fault, stays=False) for role in ROLE_NAMES]
        stays = [play(role, fault, stays=True) for role in ROLE_NAMES]
        units += len(once) + len(stays)
        most = max(one.asked for one in (*once, *stays))
        cells = (fault.kind, fault.name, fault.expected, f"{len(once)} roles", told(once), told(stays), str(most))
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{len(FAULTS)} faults, {units} units: each ended as a product or as a failure, none hung.")


if __name__ == "__main__":
    main()
