"""What an import made of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from simulator.cli.screen.console import print_command, words
from simulator.cli.screen.layout import heading, table

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.assembly.import_tools import ToolImport
    from simulator.assembly.imported import PersonaImport

__all__ = ["persona_import_view", "print_persona_import", "tool_import_view"]

_REJECTED = {"exact": "the same text", "minhash": "nearly the same words", "embedding": "nearly the same meaning"}


def print_persona_import(console: Console, run: Run, counts: PersonaImport) -> None:
    """Print what became of the rows, and what can be done with the run directory."""
    root = run.directory.root
    console.print(persona_import_view(counts))
    console.print()
    console.print(heading("Next"))
    print_command(console, "sixhop", "explore", root)
    print_command(console, "sixhop", "show", root, "personas")
    print_command(console, "sixhop", "show", root, "decisions")
    console.print(words(f"  personas: {root}    (in a scenario, which then begins with them)"), soft_wrap=True)


def persona_import_view(counts: PersonaImport) -> RenderableType:
    """Return what became of each row; the counts add up."""
    made = table("outcome", "rows>", "why*")
    made.add_row(words("admitted", "green"), f"{counts.admitted:,}", "")
    for stage, count in counts.rejected.items():
        made.add_row(words("rejected", "yellow"), f"{count:,}", words(_REJECTED.get(stage, stage), "dim"))
    for flaw, count in counts.filtered.items():
        made.add_row(words("filtered", "yellow"), f"{count:,}", words(flaw, "dim"))
    made.add_row(
        words("failed", "red"), f"{counts.failed:,}", words("no usable persona" if counts.failed else "", "dim")
    )
    made.add_row(words("all", "bold"), f"{counts.rows:,}", "")
    parts: list[RenderableType] = [made]
    if counts.attributes:
        kept = table("attribute", "personas>")
        for name, count in counts.attributes.items():
            kept.add_row(words(name), f"{count:,}")
        parts += [Text(), kept]
    return Group(*parts)


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
