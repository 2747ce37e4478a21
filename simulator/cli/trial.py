"""``sixhop test``: run a scenario as a test of an assistant."""

from __future__ import annotations

from simulator.cli.options import (
    Assistant,
    CastOf,
    Conduct,
    Junit,
    Model,
    OnChange,
    Out,
    ScenarioFile,
    Seed,
    Threshold,
    conducted,
)

__all__ = ["trial"]


@conducted
def trial(
    scenario: ScenarioFile,
    conduct: Conduct,
    out: Out = None,
    threshold: Threshold = 1.0,
    junit: Junit = None,
    assistant: Assistant = None,
    cast_of: CastOf = None,
    model: Model = None,
    seed: Seed = None,
    on_change: OnChange = "refuse",
) -> None:
    """Test an assistant, and say how many conversations pass.

    The exit code is 1 when they are too few. An assistant whose file was edited is asked anew. A test that was stopped
    is gone on with by 'sixhop resume' or the same command, and gives its verdict.

    Code that the scenario or --assistant names is run, with all rights of this process.
    """
    from simulator.assembly import load_scenario, simulate
    from simulator.assembly.revision import checked
    from simulator.assembly.stages import stage_names
    from simulator.assembly.testing import Terms, check_testable
    from simulator.cli.execution import execute
    from simulator.cli.verdict import Verdict
    from simulator.runs.directory import RunDirectory

    choice, loaded = checked(on_change), load_scenario(scenario)
    overrides = conduct.overrides(model=model, seed=seed, assistant=assistant)
    applied = overrides.apply(loaded)
    check_testable(applied)
    root = RunDirectory.named(out, loaded.name).root
    terms = Terms.at(threshold, junit)
    verdict = Verdict(terms, conduct.as_json)
    execute(
        lambda watching: simulate(
            loaded,
            root,
            overrides=overrides,
            on_change=choice,
            cast_of=cast_of,
            prepare=terms.keep,
            **watching,
        ),
        root,
        stage_names(applied),
        conduct,
        conclude=verdict.conclude,
    )
    verdict.leave()
