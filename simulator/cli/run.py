"""``sixhop run``: run a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import (
    AllowCode,
    Concurrency,
    Json,
    MaxCalls,
    MaxMinutes,
    MaxTokens,
    MaxUsd,
    Model,
    OnChange,
    Quiet,
    Seed,
    Verbose,
)

__all__ = ["run"]


def run(
    scenario: Annotated[Path, typer.Argument(help="The scenario file.", metavar="SCENARIO", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run directory.", metavar="RUNDIR", show_default="runs/NAME")
    ] = None,
    model: Model = None,
    seed: Seed = None,
    concurrency: Concurrency = None,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_usd: MaxUsd = None,
    on_change: OnChange = "refuse",
    allow_code: AllowCode = False,
    verbose: Verbose = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Run a scenario; what was paid for before is reused.

    Ctrl-C once lets what is in flight end and saves; twice stops at once. Either way 'sixhop resume' goes on.
    """
    from simulator.assembly import Overrides, load_scenario, simulate
    from simulator.assembly.revision import checked
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute

    loaded = load_scenario(scenario)
    root = out if out is not None else Path("runs") / loaded.name
    choice = checked(on_change)
    overrides = Overrides(model, seed, concurrency, max_calls, max_tokens, max_minutes, max_usd, allow_code=allow_code)
    execute(
        lambda progress, stop: simulate(
            loaded,
            root,
            overrides=overrides,
            listener=progress,
            stop=stop,
            on_change=choice,
            verbosity=verbose,
        ),
        root,
        stage_names(loaded),
        quiet=quiet,
        as_json=as_json,
    )
