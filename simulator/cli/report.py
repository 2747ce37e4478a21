"""``sixhop report``: a run in numbers, with examples of what was rejected."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from simulator.cli.options import Json, RunDir
from simulator.cli.reading import reading

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.assembly import Run
    from simulator.assembly.digest import Digest

__all__ = ["report"]

_EXAMPLES = 2  # for each reason


def report(rundir: RunDir, as_json: Json = False) -> None:
    """Sum up a run: counts, rejections, failures, usage.

    Rejections and failures come with examples.
    """
    from simulator.assembly.digest import digest
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.reporting import varieties

    with reading(rundir) as run:
        numbers = digest(run)
        if as_json:
            print_json({"directory": str(rundir), "manifest": run.manifest, **asdict(numbers), **varieties(run)})
        else:
            _print(stdout(), run, numbers)


def _print(console: Console, run: Run, numbers: Digest) -> None:
    from simulator.cli.screen.reporting import sections

    for number, (title, body) in enumerate(sections(run, numbers, _EXAMPLES)):
        if number:
            console.print()
        console.print(title)
        console.print(body)
