"""How many units each stage of a scenario has, given how many of the units before it lead to something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.scenario.conversations import Conversations
from simulator.scenario.schema import Scenario

__all__ = ["StagePlan", "base_stage", "stage_names", "stage_plans"]

Yield = Callable[[str], float]
"""From a stage's base name to the share of its units that add something, 0 to 1."""


@dataclass(frozen=True)
class StagePlan:
    """One stage that would run, with the units that it has."""

    stage: str
    units: float


def base_stage(stage: str) -> str:
    """Return the stage without its number: ``expand`` for ``expand-2``."""
    return stage.partition("-")[0]


def stage_names(scenario: Scenario) -> list[str]:
    """Return the stages that the scenario asks for, in order, by the names that progress events use."""
    return [plan.stage for plan in stage_plans(scenario, 0)]


def stage_plans(
    scenario: Scenario,
    texts: int,
    fruitful: Yield = lambda stage: 1.0,
    castable: float = 1.0,
    *,
    personas: int = 0,
) -> Iterator[StagePlan]:
    """Yield the stages that would run on so many ``texts``; by default each with the most units that it can have.

    Args:
        scenario: What would be run.
        texts: How many texts it starts from.
        fruitful: The share of each stage's units that add something.
        personas: How many personas made elsewhere it begins with.
        castable: The share of the population that may be cast, as far as the hops in the cast's filter do not say it.
    """
    people = [0.0]
    if scenario.personas is not None:
        people[0] += personas * fruitful("import")
        yield StagePlan("import", float(personas))
    if scenario.texts is not None:
        units = float(texts * scenario.texts.per_text)
        people[0] += units * fruitful("extract")
        yield StagePlan("extract", units)
    expand, going = scenario.expand, True
    for hop in range(1, expand.hops + 1):
        newest = people[-1] if going and sum(people) < (expand.max_personas or float("inf")) else 0.0
        units = min(newest, expand.max_per_hop or newest) * expand.per_persona
        people.append(units * fruitful("expand"))
        going = going and fruitful("expand") >= expand.min_yield
        yield StagePlan(f"expand-{hop}", units)
    yield StagePlan("cast", 0)
    hops = scenario.cast.where.hops or range(len(people))
    able = sum(count for hop, count in enumerate(people) if hop in hops) * castable
    yield from _productions(scenario, min(able, scenario.cast.size), fruitful)
    yield StagePlan("report", 0)


def _productions(scenario: Scenario, cast: float, fruitful: Yield) -> Iterator[StagePlan]:
    posed = 0.0
    if scenario.instructions is not None:
        posed = cast * scenario.instructions.per_persona
        yield StagePlan("pose", posed)
    if scenario.npcs is not None:
        yield StagePlan("npcs", min(cast, scenario.npcs.count or cast))
    if scenario.tools is not None:
        tools = scenario.tools
        asked = min(cast, (scenario.npcs and scenario.npcs.count) or cast) if tools.of == "npcs" else cast
        designed = min(asked, tools.count or asked) * tools.per_persona
        yield StagePlan("tools", designed)
        if tools.code:
            yield StagePlan("code", designed * fruitful("tools"))
    if scenario.conversations is not None:
        openings = posed * fruitful("pose") if scenario.instructions is not None else cast
        talks = _conversations(scenario.conversations, openings, cast)
        yield StagePlan("converse", talks)
        if scenario.tested is not None:
            yield StagePlan("check", talks)
    if scenario.problems is not None:
        problems = min(cast, scenario.problems.count or cast) * scenario.problems.per_persona
        yield StagePlan("problems", problems)
        if scenario.problems.solve:
            yield StagePlan("solve", problems * fruitful("problems"))
    if scenario.writings is not None:
        yield StagePlan("texts", min(cast, scenario.writings.count or cast) * scenario.writings.per_persona)


def _conversations(section: Conversations, openings: float, cast: float) -> float:
    openings = openings if section.posed else cast
    situations = max(1, len(section.situations))
    caps = [openings * situations, section.count]
    caps.append(None if section.per_persona is None else section.per_persona * cast)
    caps.append(None if section.per_situation is None else float(section.per_situation * situations))
    return min(cap for cap in caps if cap is not None)
