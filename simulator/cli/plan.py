"""``sixhop plan``: what a scenario would take, before it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import Concurrency, Json, MaxCalls, MaxUsd, Model, Quiet, ScenarioFile, Seed
from simulator.errors import RunStopped, UsageError

__all__ = ["plan"]

Probe = Annotated[
    int, typer.Option("--probe", metavar="N", min=0, help="Measure: perform about N units of each stage.")
]
ProbeOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="RUNDIR", help="Where the probe's replies are kept; runs/NAME by default."),
]


def plan(
    scenario: ScenarioFile,
    probe: Probe = 0,
    out: ProbeOut = None,
    model: Model = None,
    seed: Seed = None,
    concurrency: Concurrency = None,
    max_calls: MaxCalls = None,
    max_usd: MaxUsd = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say what a scenario would take in calls, tokens and money.

    Stage by stage, as ranges, with the time.

    Without --probe no model is asked and nothing is written. With it a small part of the story is performed; a run in
    the same directory does not pay again for what it needs of that.
    """
    from simulator.assembly import Overrides, load_scenario
    from simulator.assembly import plan as foresee
    from simulator.assembly.preview import preview
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import watched
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.forecast import as_data, forecast_view
    from simulator.cli.screen.progress import Progress
    from simulator.settings import Settings

    loaded = load_scenario(scenario)
    overrides = Overrides(model=model, seed=seed, concurrency=concurrency, max_calls=max_calls, max_usd=max_usd)
    limits, loaded = overrides.limits(loaded), overrides.apply(loaded)
    problems = preview(loaded, Settings.from_environ()).problems
    if problems:
        raise UsageError(f"{str(scenario)!r} would not run:\n" + "\n".join(f"  {one}" for one in problems))
    shown = Progress([name for name in stage_names(loaded) if name != "report"] if probe else [])
    try:
        found = watched(
            lambda progress, stop: foresee(loaded, out, probe=probe, limits=limits, listener=progress, stop=stop),
            shown,
            quiet or not probe,
        )
    except RunStopped as stopped:
        stopped.__notes__ = ["What the probe paid for is kept: the same command goes on from there."]
        raise
    if as_json:
        print_json(as_data(found))
    else:
        stdout().print(forecast_view(found))
