"""What an import made of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.cli.screen.console import words
from simulator.cli.screen.layout import heading, table

if TYPE_CHECKING:
    from simulator.assembly.import_tools import ToolImport

__all__ = ["tool_import_view"]


def tool_import_view(made: ToolImport) -> RenderableType:
    """Return the counts, then what was mended and what failed, by cause."""
    share = f"{made.mended / made.rows:.1%}" if made.rows else "none"
    told = Text.assemble(
        (f"{made.mended:,} of {made.rows:,} rows ({share}) are valid tools now: ", "bold green"),
        f"{made.tools:,} in {made.toolsets:,} toolsets, and {made.merged:,} that do the same as one of them.",
    )
    parts: list[RenderableType] = [told]
    for title, counts in (("Mended", made.repairs), ("Failed", made.failures)):
        if counts:
            listed = table("cause", "rows>")
            for cause, count in counts.items():
                listed.add_row(words(cause), f"{count:,}")
            parts += [Text(), heading(title), listed]
    return Group(*parts)
