"""What ``sixhop export`` offers and what it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from simulator.cli.screen.console import words
from simulator.cli.screen.layout import table
from simulator.exports.formats import Format

__all__ = ["formats_view", "written_view"]


def formats_view(formats: Iterable[Format]) -> Table:
    """Return one row per format."""
    made = table("format", "what comes out*")
    for one in formats:
        made.add_row(words(one.name, "bold"), words(one.about))
    return made


def written_view(place: Path, counts: Mapping[str, int]) -> RenderableType:
    """Return in which file or folder the rows are and how many there are of each."""
    made = table("written", "rows>")
    for name, count in counts.items():
        made.add_row(words(name, "" if count else "dim"), words(f"{count:,}", "" if count else "dim"))
    return Group(made, words(f"in {place}", "dim"))
