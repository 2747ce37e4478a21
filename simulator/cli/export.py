"""``sixhop export``: a run's records in the formats of other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Json, RunDir
from simulator.cli.reading import reading
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.exports.formats import Format
    from simulator.exports.network_rows import Around

__all__ = ["export"]


def _names() -> list[str]:
    from simulator.exports.formats import FORMATS

    return list(FORMATS)


To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="FORMAT",
        help="The format; repeatable. Without it, they are listed.",
        autocompletion=_names,
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="PATH", help="Folder to write to.", show_default="in the run directory"),
]
Near = Annotated[
    str | None,
    typer.Option(
        "--around",
        metavar="PERSON",
        help="For the graph's formats: only this person and those near, named as for 'sixhop graph'.",
    ),
]
Hops = Annotated[
    int | None,
    typer.Option("--hops", metavar="N", help="With --around: how many relations away, 0 to 6; by default 6."),
]
WithForks = Annotated[
    bool, typer.Option("--with-forks", help="For conversations' formats: forks too, which are left out otherwise.")
]
WithIds = Annotated[
    bool, typer.Option("--with-ids", help="For conversations' formats: rows with their id and persona.")
]
Licence = Annotated[
    str | None,
    typer.Option(
        "--license",
        metavar="SPDX",
        help="For huggingface: the licence that the card names, such as cc-by-4.0.",
        show_default="other",
    ),
]


def export(
    rundir: RunDir,
    to: To = None,
    out: Folder = None,
    around: Near = None,
    hops: Hops = None,
    with_forks: WithForks = False,
    with_ids: WithIds = False,
    licence: Licence = None,
    as_json: Json = False,
) -> None:
    """Write a run's records for other programs.

    Works while the run goes on, with what there is by then.
    """
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.exports import formats_view, written_view
    from simulator.exports.formats import FORMATS

    with reading(rundir) as run:
        if not to:
            _refuse_alone(around, hops, licence)
            stdout().print(formats_view(FORMATS.values()))
            return
        wanted = [_format(name, with_forks, with_ids) for name in dict.fromkeys(to)]
        licensed = _licence(licence, wanted)
        parts = [_part(run, chosen, around, hops) for chosen in wanted]
        told = []
        for chosen, part in zip(wanted, parts, strict=True):
            folder = out if out is not None else run.directory.root / chosen.folder
            counts = _written(run, chosen, folder, part, (with_forks, with_ids), licensed)
            told.append(
                {"format": chosen.name, "folder": str(folder), "file": chosen.file or None, "counts": dict(counts)}
            )
            if not as_json:
                stdout().print(written_view(folder / chosen.file, counts))
    if as_json:
        print_json(told[0] if len(told) == 1 else told)


def _format(name: str, with_forks: bool, with_ids: bool) -> Format:
    from simulator.exports.formats import FORMATS

    chosen = FORMATS.get(name)
    if chosen is None:
        raise UsageError(f"{name!r} is not a format; allowed: {', '.join(FORMATS)}")
    if (with_forks or with_ids) and chosen.write_talks is None:
        allowed = ", ".join(name for name, one in FORMATS.items() if one.write_talks is not None)
        given = "--with-forks" if with_forks else "--with-ids"
        raise UsageError(f"{given} goes with formats of conversations ({allowed}), not with {name!r}")
    return chosen


def _licence(given: str | None, wanted: Sequence[Format]) -> str | None:
    from simulator.exports.dataset import card_licence

    if given is None:
        return None
    if all(one.write_licensed is None for one in wanted):
        raise UsageError("--license goes into the card of a data set: name that format too, with --to huggingface")
    return card_licence(given)


def _written(
    run: Run, chosen: Format, folder: Path, part: Around | None, talks: tuple[bool, bool], licence: str | None
) -> Mapping[str, int]:
    if licence is not None and chosen.write_licensed is not None:
        return chosen.write_licensed(run.ledger, folder, licence)
    if part is not None and chosen.write_around is not None:
        return chosen.write_around(run.ledger, folder, part)
    if any(talks) and chosen.write_talks is not None:
        return chosen.write_talks(run.ledger, folder, *talks)
    return chosen.write(run.ledger, folder)


def _part(run: Run, chosen: Format, around: str | None, hops: int | None) -> Around | None:
    """Return which part of the graph is wanted; ``None`` for all of it, and for what is not the graph."""
    from simulator.exports.formats import FORMATS
    from simulator.exports.network_rows import Around
    from simulator.models.persona import MAX_HOP
    from simulator.population.graph.relationship_graph import checked_hops

    if around is None and hops is None:
        return None
    if chosen.write_around is None:
        allowed = ", ".join(name for name, one in FORMATS.items() if one.write_around is not None)
        raise UsageError(f"--around and --hops go with formats of the graph ({allowed}), not with {chosen.name!r}")
    if around is None:
        raise UsageError("--hops says how far around a person to go: name the person with --around PERSON")
    return Around(run.persona(around).id, checked_hops(MAX_HOP if hops is None else hops))


def _refuse_alone(around: str | None, hops: int | None, licence: str | None) -> None:
    if licence is not None:
        raise UsageError("--license goes into the card of a data set: name the format, with --to huggingface")
    if around is not None or hops is not None:
        raise UsageError("--around and --hops need a format: name one with --to, such as graph-html")
