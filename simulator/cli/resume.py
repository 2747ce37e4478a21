"""``sixhop resume``: go on with a run that stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.cli.options import Conduct, Junit, OnChange, RunDir, Threshold, conducted

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.assembly.testing import Terms
    from simulator.scenario.schema import Scenario

__all__ = ["resume"]


@conducted
def resume(
    rundir: RunDir,
    conduct: Conduct,
    on_change: OnChange = "refuse",
    threshold: Threshold = None,
    junit: Junit = None,
) -> None:
    """Go on with a run that stopped, from its directory alone.

    Nothing that was paid for is asked again. A finished run is only summed up. A run that 'sixhop test' began ends with
    its verdict, by the threshold that was given there or is given here.
    """
    from simulator.assembly.kept import kept_scenario
    from simulator.assembly.revision import checked
    from simulator.assembly.simulate import resume as go_on
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute
    from simulator.cli.verdict import Verdict

    choice = checked(on_change)
    scenario = kept_scenario(rundir)
    terms = _terms(rundir, scenario, threshold, junit)
    verdict = None if terms is None else Verdict(terms, conduct.as_json)
    overrides = conduct.overrides()
    execute(
        lambda watching: go_on(
            rundir,
            overrides=overrides,
            on_change=choice,
            prepare=None if terms is None else terms.keep,
            **watching,
        ),
        rundir,
        stage_names(scenario),
        conduct,
        conclude=None if verdict is None else verdict.conclude,
    )
    if verdict is not None:
        verdict.leave()


def _terms(rundir: Path, scenario: Scenario, threshold: float | None, junit: Path | None) -> Terms | None:
    """Return the terms of the test that the run is; ``None`` when it is none.

    Raises:
        ScenarioError: Terms are given, and the scenario tests nothing.
    """
    from simulator.assembly.testing import Terms, check_testable, kept_terms

    kept = kept_terms(rundir)
    if threshold is None and junit is None:
        return kept if scenario.tested is not None else None
    check_testable(scenario)
    return (kept or Terms()).over(threshold, junit)
