"""Wiring: from a scenario and settings to models, prompts and the context of the production machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simulator.assembly.choices import batch_policy, endpoint_spec, prompt_name, role_price, stage_of
from simulator.assembly.subject import Workbench, open_checks, open_subject, plays_tools, runs_code
from simulator.errors import ModelSpecError, PromptError
from simulator.llm.batch import BatchModel
from simulator.llm.batch_policy import BatchStore
from simulator.llm.cached import CachedModel, Flights
from simulator.llm.endpoint import Endpoint
from simulator.llm.meter import Meter
from simulator.llm.open import Traffic, open_model, traffic_of
from simulator.llm.prices import Price
from simulator.llm.protocol import ChatModel, ReplyStore
from simulator.llm.spec import EndpointSpec
from simulator.models.world import World
from simulator.prompts.template import Prompt, load_prompt, parse_prompt
from simulator.roles.catalogue import role_of
from simulator.roles.role import RoleContext
from simulator.runs.pool import spare
from simulator.scenario.conversations import Conversations
from simulator.scenario.endpoints import RoleName
from simulator.scenario.schema import Scenario
from simulator.settings import Settings
from simulator.subjects.checks import Examine
from simulator.subjects.protocol import Subject
from simulator.subjects.workshop import Workshop

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder

__all__ = ["Crew", "check_detail", "open_crew", "wanted_roles"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crew:
    """Who performs the roles of one run.

    Attributes:
        roles: The role machine's context for each wanted role.
        meter: What this execution has paid for.
        models: The identity of the model of each role.
        prices: What each role's model costs; ``None`` where nobody knows.
        prompts: The prompt of each role.
        subject: The assistant under test, if there is one.
        examine: The checks by functions of the user's, by what names them.
        widths: Units that a stage works on at once, where that is more than calls may be in flight: those of a batch,
            and a few to spare where nothing but an endpoint, which has a limit of its own, is asked.
    """

    roles: Mapping[str, RoleContext[Any, Any]]
    meter: Meter
    models: Mapping[str, str]
    prices: Mapping[str, Price | None]
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    subject: Subject | None = None
    examine: Mapping[str, Examine] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)


def wanted_roles(scenario: Scenario) -> list[RoleName]:
    """Return the roles that the scenario's stages need, in the story's order."""
    talks = scenario.conversations
    other: tuple[RoleName, ...] = ("assistant",)
    if talks is not None and (talks.assistant is not None or talks.partner == "npc"):
        other = ("npc",) if talks.partner == "npc" else ()
    designer: RoleName = "npc_tool_designer" if scenario.tools and scenario.tools.of == "npcs" else "tool_designer"
    wanted: list[tuple[bool, tuple[RoleName, ...]]] = [
        (scenario.texts is not None, ("extractor",)),
        (scenario.expand.hops > 0, ("relator",)),
        (scenario.instructions is not None, ("poser",)),
        (talks is not None, ("user", *other)),
        (talks is not None and judges(talks), ("judge",)),
        (plays_tools(scenario), ("tool_player",)),
        (scenario.npcs is not None, ("npc_writer",)),
        (scenario.tools is not None, (designer,)),
        (scenario.coded is not None, ("tool_coder",)),
        (scenario.problems is not None, ("problem_writer",)),
        (scenario.solved is not None, ("solver",)),
        (scenario.writings is not None, ("text_writer",)),
    ]
    return [name for yes, names in wanted if yes for name in names]


def judges(talks: Conversations) -> bool:
    """Return whether the conversations, or the checks of their outcome, need the judge."""
    return bool(talks.judge) or any(check.rubric is not None for check in talks.checks)


async def open_crew(
    scenario: Scenario,
    settings: Settings,
    replies: ReplyStore,
    embedder: Embedder,
    stack: AsyncExitStack,
    *,
    world: World | None = None,
    prompts: Mapping[str, str] | None = None,
    models: Mapping[str, ChatModel] | None = None,
    may_ask: Callable[[], None] | None = None,
    meter: Meter | None = None,
    batches: BatchStore | None = None,
    stop_waiting: Callable[[], str | None] | None = None,
    tell: Callable[[str], None] = log.info,
) -> Crew:
    """Open the models of the wanted roles, each endpoint once, and load their prompts.

    Args:
        scenario: Names models and prompts.
        settings: Keys and the embedded server's size.
        replies: Stores the replies (the run's ledger).
        embedder: For scores.
        stack: Closes the models.
        world: Of the NPCs.
        prompts: The text of each prompt that the scenario overrides, by role.
        models: Models to use instead, by role, or ``*`` for all (tests, callables).
        may_ask: Called before a call is made (see :class:`CachedModel`).
        meter: Counts the calls.
        batches: Records batches; without it every request is a call of its own.
        stop_waiting: Asked while a batch is waited for; returns why the run is to stop.
        tell: Told what becomes of batches, and what an endpoint does not take.

    Raises:
        ModelSpecError: A SPEC, file or key is wrong.
        PromptError: A prompt is missing or malformed, or cannot ask for the granularity.
    """
    given, counted = models or {}, meter or Meter()
    doors = _Doors(scenario, settings, replies, stack, given, may_ask, counted, batches, stop_waiting, tell)
    roles: dict[str, RoleContext[Any, Any]] = {}
    for name in wanted_roles(scenario):
        roles[name] = await _context(doors, name, embedder, world, prompts or {})
    used = {name: context.prompt for name, context in roles.items()}
    workshop = Workshop()
    stack.callback(workshop.close)
    subject = await _subject(doors, workshop, roles)
    tested = {"assistant": subject.name} if subject is not None else {}
    names = {name: context.model.name for name, context in roles.items()} | tested
    widths = {**_spares(scenario, given), **doors.widths}
    return Crew(roles, doors.meter, names, doors.prices, used, subject, open_checks(scenario, workshop), widths)


async def _context(
    doors: _Doors, role: RoleName, embedder: Embedder, world: World | None, own: Mapping[str, str]
) -> RoleContext[Any, Any]:
    """Return what performs a role: its model, opened, and the prompt that suits it, or the user's own."""
    scenario = doors.scenario
    model, spec = await doors.open(role)
    prompt = _prompt(scenario, role, "standard" if spec is None else spec.profile, own)
    check_detail(scenario, role, prompt)
    context = RoleContext(role_of(role, world), prompt, model, embedder, scenario.candidates.get(role))
    return context if spec is None else replace(context, deadline_s=spec.unit_s)


def _spares(scenario: Scenario, given: Mapping[str, ChatModel]) -> dict[str, int]:
    """Return the widths of the stages that ask endpoints alone; given models and code know no limit but the pool."""
    talks = scenario.conversations
    bounded = {"code", *map(stage_of, given)} | ({"converse"} if talks is not None and talks.assistant else set())
    stages = () if "*" in given else map(stage_of, wanted_roles(scenario))
    return {stage: spare(scenario.concurrency) for stage in stages if stage not in bounded}


@dataclass(frozen=True)
class _Doors:
    """The models of one run: every reply is kept, and each endpoint is opened once for all who speak to it alike.

    Roles that name another key, another time-out or another way to ask for JSON have a door of their own to the same
    endpoint; what may be in flight there and in a minute is shared all the same.
    """

    scenario: Scenario
    settings: Settings
    replies: ReplyStore
    stack: AsyncExitStack
    given: Mapping[str, ChatModel]
    may_ask: Callable[[], None] | None
    meter: Meter
    batches: BatchStore | None
    stop_waiting: Callable[[], str | None] | None
    tell: Callable[[str], None]
    prices: dict[str, Price | None] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    flights: Flights = field(default_factory=Flights)
    opened: dict[tuple[object, ...], ChatModel] = field(default_factory=dict)
    traffic: dict[str, Traffic] = field(default_factory=dict)

    async def open(self, role: RoleName) -> tuple[CachedModel, EndpointSpec | None]:
        """Return the model of ``role``, and its SPEC unless the model was given."""
        spec = None
        if role not in self.given and "*" not in self.given:
            spec = endpoint_spec(self.scenario, role, self.settings)
        if spec is None:
            model = self.given.get(role) or self.given["*"]
        else:
            model = await self._door(spec)
        price = self.prices[role] = role_price(self.scenario, role, self.settings, spec)
        kept = CachedModel(
            self._batched(role, model, price) or model,
            self.replies,
            role=role,
            stage=stage_of(role),
            meter=self.meter,
            flights=self.flights,
            price=price,
            may_ask=self.may_ask,
        )
        return kept, spec

    async def _door(self, spec: EndpointSpec) -> ChatModel:
        alike = (spec.name, spec.key_env, spec.timeout_s, spec.structured)
        if alike not in self.opened:
            capped = self._capped(spec)
            if spec.name not in self.traffic:
                self.traffic[spec.name] = traffic_of(capped, self.settings)
            door = open_model(capped, self.settings, self.tell, self.traffic[spec.name])
            self.opened[alike] = await self.stack.enter_async_context(door)
        return self.opened[alike]

    def _batched(self, role: RoleName, model: ChatModel, price: Price | None) -> BatchModel | None:
        """Return the model as it is asked in batches, if the scenario wants that of a role that can wait."""
        policy = batch_policy(self.scenario, role, self.settings)
        if policy is None or self.batches is None or not isinstance(model, Endpoint):
            return None
        if model.spec.embedded:
            raise ModelSpecError(f"the model of {role!r} runs on this machine, which has no batch endpoint")
        stopping = self.stop_waiting or (lambda: None)
        made = BatchModel(model, self.batches, role, stage_of(role), policy, price, stopping, self.tell)
        self.stack.push_async_callback(made.aclose)
        self.widths[stage_of(role)] = policy.most
        return made

    def _capped(self, spec: EndpointSpec) -> EndpointSpec:
        """Return ``spec`` with the lowest of each cap that the roles who share the endpoint have."""
        wanted = [role for role in wanted_roles(self.scenario) if role not in self.given]
        shared = [
            one for one in (endpoint_spec(self.scenario, r, self.settings) for r in wanted) if one.name == spec.name
        ]
        caps: dict[str, Any] = {}
        for name in ("concurrency", "requests_per_minute", "tokens_per_minute"):
            values = [value for one in (spec, *shared) if (value := getattr(one, name)) is not None]
            caps[name] = min(values, default=None)
        return replace(spec, **caps)


async def _subject(doors: _Doors, workshop: Workshop, roles: Mapping[str, RoleContext[Any, Any]]) -> Subject | None:
    talks = doors.scenario.conversations
    if talks is None or talks.assistant is None:
        return None
    model = None if runs_code(talks.assistant) else (await doors.open("assistant"))[0]
    player = roles.get("tool_player")
    bench = Workbench(doors.scenario.base, doors.replies, doors.meter, workshop, model, player)
    return open_subject(talks.assistant, bench)


def check_detail(scenario: Scenario, role: RoleName, prompt: Prompt) -> None:
    """Check that the prompt can ask for the scenario's granularity.

    Raises:
        PromptError: It cannot: the small prompts are made for what the embedded model can hold.
    """
    if scenario.granularity != "medium" and role in ("extractor", "relator") and "detail" not in prompt.variables:
        raise PromptError(
            f"granularity is {scenario.granularity!r}, but the prompt {role}.{prompt.variant} has no $detail to ask "
            f"for it with; use a model with the standard prompts ('prompts: standard'), or leave it at 'medium'"
        )


def _prompt(scenario: Scenario, role: RoleName, variant: Any, own: Mapping[str, str]) -> Prompt:
    if role in own:
        return parse_prompt(own[role], role, scenario.prompts[role])
    return load_prompt(prompt_name(scenario, role), variant)
