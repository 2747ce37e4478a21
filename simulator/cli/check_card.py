"""``sixhop check-card``: will other programs load this character card?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import Json

__all__ = ["check_card"]


def check_card(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cards: .json, .png or .charx.")],
    as_json: Json = False,
) -> None:
    """Check character cards (V2, V3) as JSON, PNG or CHARX.

    The exit code is 1 when one has a problem.
    """
    from simulator.cli.screen.console import print_json, stdout, words
    from simulator.exports.card_check import check_card as check

    reports = [(file, check(file)) for file in files]
    if as_json:
        print_json([{"file": str(file), **report.model_dump()} for file, report in reports])
    else:
        for file, report in reports:
            held = f"{report.container}, {' and '.join(report.cards) or 'no card'}"
            mark = "has problems" if report.problems else "good"
            stdout().print(words(f"{file}: {mark}: {report.name} ({held})"), soft_wrap=True)
            for problem in report.problems:
                stdout().print(words(f"  {problem}"), soft_wrap=True)
    if any(report.problems for _, report in reports):
        raise typer.Exit(1)
