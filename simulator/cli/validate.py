"""``sixhop validate``: check a scenario without asking a model."""

from __future__ import annotations

from simulator.cli.options import Json, Model, ScenarioFile
from simulator.errors import UsageError

__all__ = ["validate"]


def validate(scenario: ScenarioFile, model: Model = None, as_json: Json = False) -> None:
    """Check a scenario, and say what would run.

    Looks at the file, its texts, world, prompts and models. No model is asked and nothing is written.
    """
    from simulator.assembly import Overrides, load_scenario
    from simulator.assembly.preview import preview
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.plan import as_data, plan_view
    from simulator.settings import Settings

    found = preview(Overrides(model=model).apply(load_scenario(scenario)), Settings.from_environ())
    if as_json:
        print_json(as_data(found))
    elif not found.problems:
        stdout().print(plan_view(found))
    if found.problems:
        raise UsageError(f"{str(scenario)!r} would not run:\n" + "\n".join(f"  {one}" for one in found.problems))
