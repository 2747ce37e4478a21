"""``sixhop resume``: go on with a run that stopped."""

from __future__ import annotations

from simulator.cli.options import (
    AllowCode,
    Concurrency,
    Json,
    MaxCalls,
    MaxMinutes,
    MaxTokens,
    MaxUsd,
    OnChange,
    Quiet,
    RunDir,
    Verbose,
)

__all__ = ["resume"]


def resume(
    rundir: RunDir,
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
    """Go on with a run that stopped, from its directory alone.

    Nothing that was paid for is asked again. A finished run is only summed up.
    """
    from simulator import assembly
    from simulator.assembly.revision import checked
    from simulator.assembly.simulate import kept_scenario
    from simulator.assembly.simulate import resume as go_on
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute

    choice = checked(on_change)
    planned = stage_names(kept_scenario(rundir))
    overrides = assembly.Overrides(
        concurrency=concurrency,
        max_calls=max_calls,
        max_tokens=max_tokens,
        max_minutes=max_minutes,
        max_usd=max_usd,
        allow_code=allow_code,
    )
    execute(
        lambda progress, stop: go_on(
            rundir, overrides=overrides, listener=progress, stop=stop, on_change=choice, verbosity=verbose
        ),
        rundir,
        planned,
        quiet=quiet,
        as_json=as_json,
    )
