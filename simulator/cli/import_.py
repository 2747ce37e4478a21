"""``sixhop import``: what others made, in a run directory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Conduct, Cosine, Jaccard, Json, OnChange, Quiet
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.assembly.import_tools import ToolImport
    from simulator.cli.screen.progress import Progress

__all__ = ["import_"]

_KINDS = ("personas", "tools")

Files = Annotated[list[Path], typer.Argument(help="Rows: .jsonl or .parquet.", metavar="FILE...", show_default=False)]
NewOut = Annotated[
    Path, typer.Option("--out", "-o", metavar="RUNDIR", help="Run directory, new or empty.", show_default=False)
]
KindOfRows = Annotated[
    str,
    typer.Option(
        "--kind", metavar="KIND", help="What is in it: personas or tools.", autocompletion=lambda: list(_KINDS)
    ),
]
Field = Annotated[
    str | None,
    typer.Option("--field", metavar="NAME", help="Field of the persona.", show_default="persona, input persona"),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Column to keep with the person; repeatable.", show_default="all short ones"),
]
Filters = Annotated[
    str,
    typer.Option(
        "--filters", metavar="NAMES", help="Flaws that keep a persona out: usual, all, none, or some by comma."
    ),
]
Language = Annotated[str, typer.Option(metavar="CODE", help="The language that personas are written in.")]
Merge = Annotated[
    bool, typer.Option("--merge/--no-merge", help="Make one of tools that do the same, with all who asked for it.")
]


def import_(
    files: Files,
    out: NewOut,
    kind: KindOfRows = "personas",
    field: Field = None,
    attribute: Attributes = None,
    filters: Filters = "usual",
    language: Language = "en",
    jaccard: Jaccard = 0.9,
    cosine: Cosine = 0.9,
    merge: Merge = True,
    on_change: OnChange = "refuse",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a run directory of what others released.

    Personas are filtered and deduplicated; the directory can be explored, exported, and named in the 'personas' of a
    scenario, which then begins with them. Tools are mended. What cannot be used is recorded, row by row.
    """
    if kind not in _KINDS:
        raise UsageError(f"{kind!r} is not a kind that can be imported; allowed: {', '.join(_KINDS)}")
    if kind == "tools":
        if len(files) > 1:
            raise UsageError(f"{len(files)} files came; tools are imported from one")
        _import_tools(files[0], out, merge, as_json)
        return
    section = {
        "paths": [str(file.absolute()) for file in files],
        "field": field,
        "attributes": attribute or None,
        "filters": _filters(filters),
    }
    values = {"language": language, "personas": section, "dedup": {"jaccard": jaccard, "cosine": cosine}}
    _import_personas(values, attribute or (), out, on_change, quiet, as_json)


def _filters(given: str) -> Sequence[str]:
    from simulator.population.quality.flaws import FLAWS, USUAL

    sets: dict[str, Sequence[str]] = {"usual": USUAL, "all": FLAWS, "none": ()}
    if given in sets:
        return sets[given]
    names = [name.strip() for name in given.split(",")]
    wrong = next((name for name in names if name not in FLAWS), None)
    if wrong is not None:
        raise UsageError(
            f"--filters: {wrong!r} is not a flaw; allowed: usual, all, none, or some of {', '.join(FLAWS)}"
        )
    return names


def _import_personas(
    values: Mapping[str, object], columns: Sequence[str], out: Path, on_change: str, quiet: bool, as_json: bool
) -> None:
    """Import as a run does that has personas and nothing else: it can be resumed, and does nothing twice."""
    from dataclasses import asdict, replace

    from simulator.assembly import simulate
    from simulator.assembly.imported import import_scenario, imported
    from simulator.assembly.revision import checked
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.imports import print_persona_import

    name = re.sub(r"[^a-z0-9-]+", "-", out.name.lower()).strip("-")[:64]
    choice, scenario = checked(on_change), import_scenario(name or "import", values)

    def conclude(run: Run, _progress: Progress) -> None:
        counts = imported(run.ledger)
        # A column that was asked for and that no row has must be seen.
        counts = replace(
            counts, attributes=counts.attributes | {name: 0 for name in columns if name not in counts.attributes}
        )
        if as_json:
            print_json({"directory": str(out), **asdict(counts)})
        else:
            print_persona_import(stdout(), run, counts)

    execute(
        lambda watching: simulate(scenario, out, on_change=choice, **watching),
        out,
        stage_names(scenario),
        Conduct(quiet=quiet, as_json=as_json),
        conclude=conclude,
    )


def _import_tools(file: Path, out: Path, merge: bool, as_json: bool) -> None:
    import asyncio

    from simulator.assembly.import_tools import import_tools
    from simulator.cli.screen.console import note, print_json, stdout
    from simulator.cli.screen.imports import tool_import_view
    from simulator.embeddings.load import embedder_from
    from simulator.settings import Settings

    settings = Settings.from_environ()

    async def work() -> ToolImport:
        embedder = embedder_from(settings.embedder_spec(), settings)
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
