"""What ``sixhop validate`` says of a scenario that would run."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.assembly.preview import Preview
from simulator.cli.screen.console import words
from simulator.cli.screen.layout import facts, heading, table
from simulator.cli.screen.summary import stage_title

__all__ = ["as_data", "plan_view"]


def plan_view(found: Preview) -> RenderableType:
    """Return the stages with their most units, and who performs the roles."""
    scenario, world = found.scenario, found.world
    bad = f", {len(found.bad_rows)} bad rows" if found.bad_rows else ""
    models = sorted({role.model for role in found.roles})
    pairs = [
        ("personas", f"{len(found.personas):,}{bad}" if scenario.personas else ""),
        ("texts", f"{len(found.texts):,}{bad}" if scenario.texts else ""),
        ("world", f"{world.title} ({world.name})" if world else ""),
        ("tests", found.tests),
        ("model", models[0] if len(models) == 1 else ""),
        ("seed", str(scenario.seed)),
        ("at once", f"{scenario.concurrency} calls"),
    ]
    parts: list[RenderableType] = [
        Text.assemble((f"{scenario.name} would run.", "bold green"), words(f" {scenario.description}", "dim")),
        facts(pairs),
        Text(),
        heading("Stages"),
        _stages(found),
        Text(),
        heading("Roles"),
        _roles(found),
    ]
    for failure in found.bad_rows[:5]:
        parts.append(words(f"{failure.unit}: {failure.message}", "yellow"))
    return Group(*parts)


def as_data(found: Preview) -> dict[str, Any]:
    """Return the preview as JSON-able data."""
    return {
        "scenario": found.scenario.model_dump(mode="json"),
        "texts": len(found.texts),
        "personas": len(found.personas),
        "bad_rows": [failure.model_dump(mode="json") for failure in found.bad_rows],
        "tests": found.tests,
        "world": found.world.name if found.world else None,
        "stages": [{"stage": plan.stage, "most_units": int(plan.units)} for plan in found.stages],
        "roles": [
            {"role": one.role, "model": one.model, "prompt": one.prompt, "candidates": one.candidates}
            for one in found.roles
        ],
        "problems": [str(problem) for problem in found.problems],
    }


def _stages(found: Preview) -> Table:
    made = table("stage", "units, at most>")
    for plan in found.stages:
        made.add_row(stage_title(plan.stage), f"{int(plan.units):,}" if plan.units else "")
    return made


def _roles(found: Preview) -> Table:
    several = len({role.model for role in found.roles}) > 1  # a single one stands above
    made = table("role", "best of>", "prompt", *(["model*"] if several else []))
    for role in found.roles:
        cells = [words(role.model, "dim")] if several else []
        made.add_row(role.role, str(role.candidates), words(role.prompt), *cells)
    return made
