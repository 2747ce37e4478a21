"""``sixhop resume``: go on with a run that stopped."""

from __future__ import annotations

from simulator.cli.options import Conduct, OnChange, RunDir, conducted

__all__ = ["resume"]


@conducted
def resume(rundir: RunDir, conduct: Conduct, on_change: OnChange = "refuse") -> None:
    """Go on with a run that stopped, from its directory alone.

    Nothing that was paid for is asked again. A finished run is only summed up.
    """
    from simulator.assembly.kept import kept_scenario
    from simulator.assembly.revision import checked
    from simulator.assembly.simulate import resume as go_on
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute

    choice = checked(on_change)
    planned = stage_names(kept_scenario(rundir))
    overrides = conduct.overrides()
    execute(
        lambda watching: go_on(rundir, overrides=overrides, on_change=choice, **watching),
        rundir,
        planned,
        conduct,
    )
