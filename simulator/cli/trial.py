"""``sixhop test``: run a scenario as a test of an assistant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

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

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.cli.screen.progress import Progress
    from simulator.evidence.outcomes import TestSummary

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

    The exit code is 1 when they are too few. An assistant whose file was edited is asked anew.

    Code that the scenario or --assistant names is run, with all rights of this process.
    """
    from simulator.assembly import load_scenario, simulate
    from simulator.assembly.revision import checked
    from simulator.assembly.stages import stage_names
    from simulator.assembly.testing import check_testable
    from simulator.cli.execution import execute

    choice, loaded = checked(on_change), load_scenario(scenario)
    overrides = conduct.overrides(model=model, seed=seed, assistant=assistant)
    applied = overrides.apply(loaded)
    check_testable(applied)
    root = out if out is not None else Path("runs") / loaded.name
    verdicts: list[bool] = []
    execute(
        lambda watching: simulate(loaded, root, overrides=overrides, on_change=choice, cast_of=cast_of, **watching),
        root,
        stage_names(applied),
        conduct,
        conclude=lambda run, progress: verdicts.append(_conclude(run, progress, threshold, junit, conduct.as_json)),
        again=_again(
            scenario,
            root,
            {
                "--threshold": threshold,
                "--junit": junit,
                "--assistant": assistant,
                "--cast-of": cast_of,
                "--model": model,
                "--seed": seed,
                "--concurrency": conduct.concurrency,
                "--on-change": None if choice == "refuse" else choice,
            },
        ),
    )
    if not all(verdicts):
        raise typer.Exit(1)


def _again(scenario: Path, root: Path, options: dict[str, object | None]) -> list[object]:
    """Return the command that goes on with the test and gives its verdict; 'resume' knows of no threshold."""
    given = [word for name, value in options.items() if value is not None for word in (name, value)]
    return ["sixhop", "test", scenario, "--out", root, *given]


def _conclude(run: Run, progress: Progress, threshold: float, junit: Path | None, as_json: bool) -> bool:
    """Say what came of the test, and return whether enough passed."""
    from simulator.assembly.testing import summary_of
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.outcomes import print_test
    from simulator.evidence.outcomes import summarise

    if junit is not None:  # also where nothing was judged: those are errors, and no silence
        _write(junit, run, summarise(run.ledger), threshold)
    summary = summary_of(run)
    passed = summary.overall.rate >= threshold
    if as_json:
        told = {"directory": str(run.directory.root), "threshold": threshold, "passed": passed}
        print_json({**told, "reused": progress.reused("converse"), **summary.model_dump(mode="json")})
    else:
        print_test(stdout(), run, summary, threshold, progress.reused("converse"))
    return passed


def _write(path: Path, run: Run, summary: TestSummary, threshold: float) -> None:
    from simulator.cli.screen.kinds import texts_by_id
    from simulator.evidence.causes import whose_text
    from simulator.exports.junit import write_junit

    properties = {
        "assistant": summary.assistant,
        "threshold": f"{threshold:g}",
        "pass rate": f"{summary.overall.rate:.4f}",
    }
    lost = [failure for failure in run.failures if failure.stage == "converse"]
    talks = {talk.id: talk for talk in run.conversations}
    whose = {id_: whose_text(cause.whose) for cause in summary.causes for id_ in cause.conversations}
    write_junit(path, run.scenario.name, run.outcomes, talks, texts_by_id(run), lost, properties, whose)
