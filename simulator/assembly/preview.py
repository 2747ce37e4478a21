"""What a scenario would do, without asking a model: its stages, roles, models and inputs, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from simulator.assembly.budget import check_prices
from simulator.assembly.choices import endpoint_spec, prompt_name, role_price
from simulator.assembly.compose import check_detail, wanted_roles
from simulator.assembly.inputs import read_talks
from simulator.assembly.personas import read_personas
from simulator.assembly.stages import StagePlan, stage_plans
from simulator.assembly.subject import check_subject
from simulator.errors import UsageError
from simulator.llm.prices import Price
from simulator.llm.spec import key_of
from simulator.models.unit import Failure
from simulator.models.world import World
from simulator.prompts.template import Prompt, load_prompt
from simulator.scenario.endpoints import RoleName
from simulator.scenario.personas import SourcePersona
from simulator.scenario.places import place_of
from simulator.scenario.productions import Npcs
from simulator.scenario.schema import Scenario
from simulator.scenario.texts import SourceText, read_texts
from simulator.scenario.world import load_world, world_path
from simulator.settings import Settings

__all__ = ["Preview", "RolePlan", "preview"]

T = TypeVar("T")


@dataclass(frozen=True)
class RolePlan:
    """Who would perform a role.

    Attributes:
        role: Its name.
        model: The model's identity.
        prompt: ``NAME.VARIANT``, or the path that overrides it.
        candidates: Best-of-k.
    """

    role: RoleName
    model: str
    prompt: str
    candidates: int


@dataclass(frozen=True)
class Preview:
    """What would run.

    Attributes:
        scenario: The checked scenario.
        texts: What Text-to-Persona would start from.
        personas: Personas made elsewhere that the population would begin with.
        bad_rows: Rows of texts, personas and transcripts that would be recorded as failures.
        world: The NPCs' world.
        roles: Who would perform what; a role whose model or prompt is wrong is missing.
        stages: In order, each with the most units that it can have.
        problems: Everything that would keep the run from starting.
        tests: The assistant under test, if there is one.
    """

    scenario: Scenario
    texts: tuple[SourceText, ...]
    personas: tuple[SourcePersona, ...]
    bad_rows: tuple[Failure, ...]
    world: World | None
    roles: tuple[RolePlan, ...]
    stages: tuple[StagePlan, ...]
    problems: tuple[UsageError, ...]
    tests: str = ""


def preview(scenario: Scenario, settings: Settings) -> Preview:
    """Read and check all that ``scenario`` names, to the last problem. Nothing is connected and nothing written.

    Args:
        scenario: What would be run.
        settings: Keys and the environment's model.
    """
    problems: list[UsageError] = []
    texts, bad_rows = _tried(problems, partial(_texts, scenario)) or ([], [])
    personas, bad_personas = _tried(problems, partial(_personas, scenario)) or ([], [])
    _, bad_talks = _tried(problems, partial(read_talks, scenario)) or ([], [])
    world = None
    if scenario.npcs is not None:
        world = _tried(problems, partial(_world, scenario.npcs, scenario.base))
    planned = [_tried(problems, partial(_role, scenario, role, settings)) for role in wanted_roles(scenario)]
    if scenario.budget.max_usd is not None:
        _tried(problems, partial(_affordable, scenario, [one for one in planned if one is not None], settings))
    tested = _tried(problems, partial(check_subject, scenario))
    return Preview(
        scenario=scenario,
        texts=tuple(texts),
        personas=tuple(personas),
        bad_rows=(*bad_personas, *bad_rows, *bad_talks),
        world=world,
        roles=tuple(role for role in planned if role is not None),
        stages=tuple(stage_plans(scenario, len(texts), personas=len(personas))),
        problems=tuple(problems),
        tests=tested or "",
    )


def _tried(problems: list[UsageError], check: Callable[[], T]) -> T | None:
    """Return what ``check`` returns; when it finds a problem, keep that and go on to the next check."""
    try:
        return check()
    except UsageError as error:
        if str(error) not in map(str, problems):  # one missing key or file spoils many roles
            problems.append(error)
        return None


def _personas(scenario: Scenario) -> tuple[list[SourcePersona], list[Failure]]:
    return read_personas(scenario.personas, scenario.base) if scenario.personas is not None else ([], [])


def _texts(scenario: Scenario) -> tuple[list[SourceText], list[Failure]]:
    return read_texts(scenario.texts, scenario.base) if scenario.texts is not None else ([], [])


def _world(section: Npcs, base: Path) -> World:
    return load_world(world_path(section, base))


def _affordable(scenario: Scenario, roles: Sequence[RolePlan], settings: Settings) -> None:
    prices: dict[str, Price | None] = {
        one.role: role_price(scenario, one.role, settings, endpoint_spec(scenario, one.role, settings)) for one in roles
    }
    check_prices({one.role: one.model for one in roles}, prices, scenario.budget.max_usd)


def _role(scenario: Scenario, role: RoleName, settings: Settings) -> RolePlan:
    spec = endpoint_spec(scenario, role, settings)
    if not spec.embedded:
        key_of(spec, settings)
    override = scenario.prompts.get(role)
    name = prompt_name(scenario, role)
    path = place_of(override, scenario.base, f"prompts.{role}") if override else None
    prompt: Prompt = load_prompt(name, spec.profile, path)
    check_detail(scenario, role, prompt)
    candidates = scenario.candidates.get(role) or prompt.head.candidates
    return RolePlan(role, spec.name, override or f"{name}.{spec.profile}", candidates)
