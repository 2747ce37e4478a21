"""``sixhop export``: a run's records in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import Json, RunDir
from simulator.errors import UsageError

__all__ = ["export"]


def _names() -> list[str]:
    from simulator.exports.formats import FORMATS

    return list(FORMATS)


def export(
    rundir: RunDir,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="The format; without it, they are listed.", autocompletion=_names),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="Folder to write to.", show_default="in the run directory"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run's records for other programs.

    Works while the run goes on, with what there is by then.
    """
    from simulator.assembly import open_run
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.exports import formats_view, written_view
    from simulator.exports.formats import FORMATS

    with open_run(rundir) as run:
        if to is None:
            stdout().print(formats_view(FORMATS.values()))
            return
        chosen = FORMATS.get(to)
        if chosen is None:
            raise UsageError(f"{to!r} is not a format; allowed: {', '.join(FORMATS)}")
        folder = out if out is not None else run.directory.root / chosen.folder
        counts = chosen.write(run.ledger, folder)
    if as_json:
        print_json({"format": to, "folder": str(folder), "counts": dict(counts)})
    else:
        stdout().print(written_view(folder, counts))
