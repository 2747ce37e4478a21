"""``sixhop compare``: two assistants, tried with the same cast in the same situations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.options import Json, Limit
from simulator.cli.reading import reading
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["compare"]

_FLIPS = 20  # listed, unless --limit says otherwise


def compare(
    run_a: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN_A", show_default=False)],
    run_b: Annotated[
        Path,
        typer.Argument(
            help="Another one, of the same cast and situations (see 'sixhop test --cast-of').",
            metavar="RUN_B",
            show_default=False,
        ),
    ],
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Set two tests side by side, pair by pair.

    Pass rates, the difference with its interval, turns, cost, and the conversations that flipped.

    Runs that are not comparable are refused, with the reasons.
    """
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.kinds import texts_by_id
    from simulator.cli.screen.outcomes import print_comparison
    from simulator.evidence.compare import compare as set_side_by_side
    from simulator.evidence.compare import incomparable

    with reading(run_a) as a, reading(run_b) as b:
        reasons = incomparable(a.ledger, b.ledger, (_talks(a), _talks(b)))
        if reasons:
            lines = "\n".join(f"  {reason}" for reason in reasons)
            raise UsageError(f"{str(run_a)!r} and {str(run_b)!r} cannot be compared:\n{lines}")
        found = set_side_by_side(a.ledger, b.ledger)
        if as_json:
            print_json(found.model_dump(mode="json"))
        else:
            most = _FLIPS if limit is None else limit or len(found.flips)
            print_comparison(stdout(), found, (run_a, run_b), texts_by_id(a), most)


def _talks(run: Run) -> dict[str, Any]:
    talks = run.scenario.conversations
    return talks.model_dump(mode="json") if talks is not None else {}
