"""``sixhop import``: what others made, in a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Json
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.assembly.import_tools import ToolImport

__all__ = ["import_"]

_KINDS = ("tools",)


def import_(
    file: Annotated[Path, typer.Argument(help="JSON Lines.", metavar="FILE", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="RUNDIR", help="Run directory, new or empty.", show_default=False),
    ],
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", help="What is in it: tools.", autocompletion=lambda: list(_KINDS)),
    ] = "tools",
    merge: Annotated[
        bool, typer.Option("--merge/--no-merge", help="Make one of tools that do the same, with all who asked for it.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Make a run directory of what others released.

    What can be mended is mended, and the rest is recorded as failures. The directory is read like that of a run: show,
    export, serve-tools.
    """
    import asyncio

    from simulator.assembly.import_tools import import_tools
    from simulator.cli.screen.console import note, print_json, stdout
    from simulator.cli.screen.imports import tool_import_view
    from simulator.embeddings.load import DEFAULT_EMBEDDER, embedder_from
    from simulator.settings import Settings

    if kind not in _KINDS:
        raise UsageError(f"{kind!r} is not a kind that can be imported; allowed: {', '.join(_KINDS)}")
    settings = Settings.from_environ()

    async def work() -> ToolImport:
        embedder = embedder_from(settings.embedder or DEFAULT_EMBEDDER, settings)
        try:
            return await import_tools(file, out, embedder, merge=merge)
        finally:
            await embedder.aclose()

    made = asyncio.run(work())
    if as_json:
        print_json({"directory": str(out), **made.model_dump(mode="json")})
        return
    stdout().print(tool_import_view(made))
    note(f"Look at them with: sixhop show {out} tools")
