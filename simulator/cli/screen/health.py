"""What ``sixhop doctor`` found, with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from simulator.cli.checkup import Check
from simulator.cli.screen.console import words

__all__ = ["health_view"]

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}


def health_view(checks: Sequence[Check]) -> RenderableType:
    """Return one line per check, advice below it, and a verdict."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", max_width=88)
    for check in checks:
        mark, style = _MARKS[check.state]
        grid.add_row(words(mark, style), words(check.name, "bold"), words(check.found))
        if check.advice:
            grid.add_row("", "", words(f"→ {check.advice}", style))
    failed = sum(check.state == "failed" for check in checks)
    if failed:
        verdict = words(f"{failed} of {len(checks)} checks failed; a run would fail too.", "bold red")
    else:
        verdict = words("A run would work here.", "bold green")
    return Group(grid, words(""), verdict)
