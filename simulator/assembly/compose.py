"""Wiring: from a scenario and settings to models, prompts and the context of the production machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.llm.cached import CachedModel, Flights
from simulator.llm.meter import Meter
from simulator.llm.open import open_model
from simulator.llm.protocol import ChatModel
from simulator.llm.spec import EndpointSpec, parse_spec
from simulator.models.world import World
from simulator.prompts.template import Prompt, load_prompt, parse_prompt
from simulator.roles.catalogue import role_of
from simulator.roles.role import RoleContext
from simulator.runs.ledger import Ledger
from simulator.scenario.schema import ModelChoice, RoleName, Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder

__all__ = ["Crew", "open_crew", "wanted_roles"]

_STAGE_OF: dict[RoleName, str] = {
    "extractor": "extract",
    "relator": "expand",
    "poser": "pose",
    "user": "converse",
    "assistant": "converse",
    "judge": "converse",
    "npc_writer": "npcs",
    "tool_designer": "tools",
}


@dataclass(frozen=True)
class Crew:
    """Who performs the roles of one run.

    Attributes:
        roles: The role machine's context for each wanted role.
        meter: What this execution has paid for.
        models: The identity of the model of each role.
        prompts: The prompt of each role.
    """

    roles: Mapping[str, RoleContext[Any, Any]]
    meter: Meter
    models: Mapping[str, str]
    prompts: Mapping[str, Prompt] = field(default_factory=dict)


def wanted_roles(scenario: Scenario) -> list[RoleName]:
    """Return the roles that the scenario's stages need, in the story's order."""
    wanted: list[tuple[bool, tuple[RoleName, ...]]] = [
        (scenario.texts is not None, ("extractor",)),
        (scenario.expand.hops > 0, ("relator",)),
        (scenario.instructions is not None, ("poser",)),
        (scenario.conversations is not None, ("user", "assistant")),
        (scenario.conversations is not None and bool(scenario.conversations.judge), ("judge",)),
        (scenario.npcs is not None, ("npc_writer",)),
        (scenario.tools is not None, ("tool_designer",)),
    ]
    return [name for yes, names in wanted if yes for name in names]


def endpoint_spec(scenario: Scenario, role: RoleName, settings: Settings) -> EndpointSpec:
    """Return the endpoint of ``role``: its own, the scenario's default, the environment's, or ``local``.

    Raises:
        ModelSpecError: The SPEC is malformed or its file is missing.
    """
    fallback = scenario.models.default or ModelChoice(spec=settings.model or "local")
    choice = scenario.models.roles.get(role, fallback)
    return parse_spec(
        _anchored(choice.spec, scenario.base),
        key_env=choice.key_env,
        profile=choice.prompts,
        timeout_s=choice.timeout_s,
        structured=choice.structured,
        concurrency=choice.concurrency,
        extra=choice.extra,
    )


async def open_crew(
    scenario: Scenario,
    settings: Settings,
    ledger: Ledger,
    embedder: Embedder,
    stack: AsyncExitStack,
    *,
    world: World | None = None,
    models: Mapping[str, ChatModel] | None = None,
) -> Crew:
    """Open the models of the wanted roles, each endpoint once, and load their prompts.

    Args:
        scenario: Names models and prompts.
        settings: Keys and the embedded server's size.
        ledger: Stores the replies, and the prompts that the run uses.
        embedder: For scores.
        stack: Closes the models.
        world: Of the NPCs.
        models: Models to use instead, by role, or ``*`` for all (tests, callables).

    Raises:
        ModelSpecError: A SPEC, file or key is wrong.
        PromptError: A prompt is missing or malformed.
    """
    meter, flights, opened, given = Meter(), Flights(), dict[str, ChatModel](), models or {}
    roles, names, prompts = dict[str, RoleContext[Any, Any]](), dict[str, str](), dict[str, Prompt]()
    for name in wanted_roles(scenario):
        spec = None if name in given or "*" in given else endpoint_spec(scenario, name, settings)
        if spec is None:
            model = given.get(name) or given["*"]
        elif spec.name in opened:
            model = opened[spec.name]
        else:
            model = opened[spec.name] = await stack.enter_async_context(open_model(spec, settings))
        prompt = _prompt(scenario, name, "standard" if spec is None else spec.profile, ledger)
        cached = CachedModel(model, ledger, role=name, stage=_STAGE_OF[name], meter=meter, flights=flights)
        roles[name] = RoleContext(role_of(name, world), prompt, cached, embedder, scenario.candidates.get(name))
        names[name], prompts[name] = model.name, prompt
    return Crew(roles, meter, names, prompts)


def _prompt(scenario: Scenario, role: RoleName, variant: Any, ledger: Ledger) -> Prompt:
    override = scenario.prompts.get(role)
    if override is None:
        return load_prompt(role, variant)
    kept = dict(ledger.inputs("prompt"))
    if role in kept:  # resumed: the file may be gone or changed since
        return parse_prompt(kept[role], role, override)
    path = scenario.base / override
    prompt = load_prompt(role, variant, path)
    ledger.put_inputs("prompt", [(role, path.read_text(encoding="utf-8"))])
    return prompt


def _anchored(spec: str, base: Path) -> str:
    """Return a SPEC whose GGUF path is relative to the scenario's folder, not to the current one."""
    if spec.startswith("gguf:"):
        return f"gguf:{base / Path(spec.removeprefix('gguf:')).expanduser()}"
    return spec
