"""``sixhop retry``: do again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.cli.options import Conduct, RunDir, conducted

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.assembly.retrying import Retried
    from simulator.cli.execution import Watching

__all__ = ["retry"]


@conducted
def retry(rundir: RunDir, conduct: Conduct) -> None:
    """Do again what failed, and what depended on it.

    Nothing else is asked of a model. What got no reply is asked the same again; what got replies that could not be
    used is asked with another seed.
    """
    from simulator.assembly.kept import kept_scenario
    from simulator.assembly.retrying import failed_units
    from simulator.assembly.retrying import retry as again
    from simulator.assembly.stages import stage_names
    from simulator.assembly.testing import kept_terms
    from simulator.cli.execution import execute
    from simulator.cli.screen.console import print_command, print_json, stdout, words

    planned = stage_names(kept_scenario(rundir))
    if not failed_units(rundir):
        if conduct.as_json:
            print_json({"directory": str(rundir), "retried": _counts(None)})
        else:
            stdout().print(words(f"Nothing failed in {str(rundir)!r}."))
        return
    outcome: list[Retried] = []
    overrides = conduct.overrides()

    async def start(watching: Watching) -> Run:
        outcome.append(await again(rundir, overrides=overrides, **watching))
        return outcome[0].run

    try:
        execute(start, rundir, planned, conduct, besides=lambda: {"retried": _counts(outcome[0])})
    finally:  # also where it ends as an error, because something is still empty
        if outcome and not conduct.as_json:
            stdout().print(words(_sentence(outcome[0])))
            if kept_terms(rundir) is not None:
                stdout().print(words("The verdict of the test:"))
                print_command(stdout(), "sixhop", "resume", rundir)


def _counts(retried: Retried | None) -> dict[str, int]:
    names = ("failed", "done", "failed_again", "followed", "bad_rows")
    return {name: getattr(retried, name) if retried is not None else 0 for name in names}


def _sentence(retried: Retried) -> str:
    parts = [f"{retried.done} of {retried.failed} failed units are done now, {retried.failed_again} failed again"]
    if retried.followed:
        parts.append(f"{retried.followed} more followed")
    if retried.bad_rows:
        parts.append(f"{retried.bad_rows} bad rows of the inputs stay as they are")
    return "Tried again: " + "; ".join(parts) + "."
