"""``sixhop run``: run a scenario."""

from __future__ import annotations

from simulator.cli.options import Conduct, Model, OnChange, Out, ScenarioFile, Seed, conducted

__all__ = ["run"]


@conducted
def run(
    scenario: ScenarioFile,
    conduct: Conduct,
    out: Out = None,
    model: Model = None,
    seed: Seed = None,
    on_change: OnChange = "refuse",
) -> None:
    """Run a scenario; what was paid for before is reused.

    Ctrl-C once lets what is in flight end and saves; twice stops at once. Either way 'sixhop resume' goes on.
    """
    from simulator.assembly import load_scenario, simulate
    from simulator.assembly.revision import checked
    from simulator.assembly.stages import stage_names
    from simulator.cli.execution import execute
    from simulator.runs.directory import RunDirectory

    loaded = load_scenario(scenario)
    root = RunDirectory.named(out, loaded.name).root
    choice = checked(on_change)
    overrides = conduct.overrides(model=model, seed=seed)
    execute(
        lambda watching: simulate(loaded, root, overrides=overrides, on_change=choice, **watching),
        root,
        stage_names(loaded),
        conduct,
    )
