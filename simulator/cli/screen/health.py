"""What ``sixhop doctor`` found, with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from simulator.cli.checkup import Check
from simulator.cli.screen.console import words

__all__ = ["check_view", "verdict"]

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}
_NAME = 17  # columns: the longest name of a check, so that checks shown one by one line up


def check_view(check: Check) -> Table:
    """Return one check, with its advice below."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, width=_NAME)
    grid.add_column(overflow="fold", max_width=88)
    mark, style = _MARKS[check.state]
    grid.add_row(words(mark, style), words(check.name, "bold"), words(check.found))
    if check.advice:
        grid.add_row("", "", words(f"→ {check.advice}", style))
    return grid


def verdict(checks: Sequence[Check]) -> Text:
    """Return what the checks mean for a run."""
    failed = sum(check.state == "failed" for check in checks)
    if failed:
        return words(f"\n{failed} of {len(checks)} checks failed; a run would fail too.", "bold red")
    return words("\nA run would work here.", "bold green")
