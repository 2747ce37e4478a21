"""``sixhop show``: what a run made, to read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.options import Json, Limit, RunDir
from simulator.cli.reading import reading
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.cli.screen.kinds import Kind

__all__ = ["show"]

_NAMES = (
    *("personas", "relations", "decisions", "cast", "instructions", "conversations"),
    *("npcs", "tools", "toolsets", "problems", "solutions", "texts", "outcomes", "failures", "units"),
)
"""The kinds, by name only: help must not import what they are (:data:`simulator.cli.screen.kinds.KINDS`)."""

_ROWS = 40  # of a table, unless --limit says otherwise: about one large screen


def show(
    rundir: RunDir,
    kind: Annotated[
        str | None,
        typer.Argument(
            help=f"{', '.join(_NAMES)}. Without it: what is there.",
            metavar="KIND",
            show_default=False,
            autocompletion=lambda: list(_NAMES),
        ),
    ] = None,
    id: Annotated[
        str | None,
        typer.Argument(
            help="One of them: its id or the beginning of it, or its number in the list. "
            "For a persona also a part of its text.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    hop: Annotated[
        int | None, typer.Option("--hop", metavar="N", help="Only personas or relations of this hop.")
    ] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="Only decisions that reject.")] = False,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Read what a run made, as lists or one by one."""
    from simulator.cli.screen.kinds import kind_of

    with reading(rundir) as run:
        if kind is None:
            _overview(run, as_json)
            return
        chosen = kind_of(kind)
        if id is not None:
            _one(run, chosen, id, as_json)
        else:
            _several(run, chosen, _filter(chosen, hop, rejected), limit, as_json)


Test = Callable[[Any], bool]


def _filter(kind: Kind, hop: int | None, rejected: bool) -> Test | None:
    if hop is not None and kind.name not in ("personas", "relations", "cast"):
        raise UsageError(f"--hop goes with personas, relations and cast, not with {kind.name}")
    if rejected and kind.name != "decisions":
        raise UsageError(f"--rejected goes with decisions, not with {kind.name}")
    if hop is None and not rejected:
        return None
    return lambda one: (hop is None or one.hop == hop) and not (rejected and one.admitted)


def _one(run: Run, kind: Kind, id: str, as_json: bool) -> None:
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.kinds import choose, is_place, texts_by_id

    record = run.persona(id) if kind.name == "personas" and not is_place(id) else choose(kind, run, id)
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        stdout().print(kind.single(record, texts_by_id(run), run))


def _several(run: Run, kind: Kind, wanted: Test | None, limit: int | None, as_json: bool) -> None:
    from simulator.cli.screen.console import command, note, print_json, stdout
    from simulator.cli.screen.kinds import texts_by_id

    most = limit if limit is not None or as_json else _ROWS
    shown, rest = _taken(run, kind, wanted, most or None)
    if as_json:
        print_json([record.model_dump(mode="json") for record in shown])
        return
    if not shown:
        note(f"There are no {kind.name} {'of that sort ' if wanted else ''}in this run.")
        return
    stdout().print(kind.listed(shown, texts_by_id(run)))
    if rest:
        note(f"{rest:,} more; --limit 0 prints all")
    elif kind.name in ("conversations", "npcs", "tools"):
        note(f"Read one with: {command('sixhop', 'show', run.directory.root, kind.name, '1')}")


def _taken(run: Run, kind: Kind, wanted: Test | None, most: int | None) -> tuple[list[Any], int]:
    """Return the first records that are wanted, and how many more there are."""
    from simulator.assembly.digest import record_counts

    if wanted is None:
        shown = list(islice(kind.load(run), most))
        return shown, record_counts(run)[kind.name] - len(shown)
    fitting = [one for one in kind.load(run) if wanted(one)]
    return fitting[:most], len(fitting[most:]) if most is not None else 0


def _overview(run: Run, as_json: bool) -> None:
    from simulator.assembly.digest import record_counts
    from simulator.cli.screen.console import note, print_json, stdout, words
    from simulator.cli.screen.layout import table

    counts = record_counts(run)
    if as_json:
        print_json(counts)
        return
    made = table("kind", "records>")
    for name, count in counts.items():
        if count or name == "failures":  # a kind that nothing is of would look like a loss: "texts" are those written
            made.add_row(words(name, "bold"), words(f"{count:,}"))
    stdout().print(made)
    note(f"Show one kind with: sixhop show {run.directory.root} KIND")
