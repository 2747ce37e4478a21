"""What a scenario chooses for each role: its endpoint, what that costs, and whether it is asked in batches."""

from __future__ import annotations

from pathlib import Path

from simulator.assembly.subject import subject_model
from simulator.errors import ModelSpecError
from simulator.llm.batch_policy import BatchPolicy
from simulator.llm.prices import Price, Rates, price_of, read_prices
from simulator.llm.spec import EndpointSpec, parse_spec
from simulator.scenario.endpoints import ModelChoice, RoleName
from simulator.scenario.places import place_of
from simulator.scenario.schema import Scenario
from simulator.settings import DEFAULT_MODEL, Settings

__all__ = ["batch_policy", "endpoint_spec", "model_choice", "prompt_name", "role_price", "stage_of"]

_STAGE_OF: dict[RoleName, str] = {
    "extractor": "extract",
    "relator": "expand",
    "poser": "pose",
    "problem_writer": "problems",
    "solver": "solve",
    "text_writer": "texts",
    "user": "converse",
    "assistant": "converse",
    "judge": "converse",
    "npc": "converse",
    "npc_writer": "npcs",
    "npc_tool_designer": "tools",
    "tool_coder": "code",
    "tool_designer": "tools",
    "tool_player": "converse",
}


def stage_of(role: str) -> str:
    """Return the stage that ``role`` works in; empty when there is no such role."""
    return next((stage for name, stage in _STAGE_OF.items() if name == role), "")


def prompt_name(scenario: Scenario, role: RoleName) -> str:
    """Return the name of the prompt of ``role``: a user who visits a world has one of its own."""
    talks = scenario.conversations
    return "visitor" if role == "user" and talks is not None and talks.partner == "npc" else role


def model_choice(scenario: Scenario, role: RoleName, settings: Settings) -> ModelChoice:
    """Return what the scenario, or else the environment, says of the model of ``role``."""
    default, talks = scenario.models.default or ModelChoice(), scenario.conversations
    choice = scenario.models.roles.get(role, default).over(default)
    if choice.spec is None:
        choice = choice.model_copy(update={"spec": settings.model_spec()})
    if role == "assistant" and talks is not None and talks.assistant is not None:
        own = subject_model(talks.assistant)
        return ModelChoice(spec=own) if own is not None else choice
    return choice


def batch_policy(scenario: Scenario, role: RoleName, settings: Settings) -> BatchPolicy | None:
    """Return how the requests of ``role`` become batches; ``None`` when each is a call of its own."""
    chosen = model_choice(scenario, role, settings).batch
    if not chosen or stage_of(role) == "converse":
        return None
    return BatchPolicy(**chosen.model_dump())


def role_price(scenario: Scenario, role: RoleName, settings: Settings, spec: EndpointSpec | None) -> Price | None:
    """Return what the model of ``role`` costs: by the scenario, the environment or the table; ``None`` if none knows.

    Args:
        scenario: May name a price.
        role: Who asks.
        settings: May name prices.
        spec: The endpoint; ``None`` for a model that the caller brought.

    Raises:
        UsageError: ``SIXHOP_PRICES`` is malformed.
    """
    told = model_choice(scenario, role, settings).price
    if told is not None:
        rates = Rates(told.input, told.output, told.input if told.cached is None else told.cached)
        return Price(rates, rates.times(told.batch), "the scenario")
    return price_of(spec, read_prices(settings.prices)) if spec is not None else None


def endpoint_spec(scenario: Scenario, role: RoleName, settings: Settings) -> EndpointSpec:
    """Return the endpoint of ``role``: its own, the scenario's default, the environment's, or ``local``.

    Raises:
        ModelSpecError: The SPEC is malformed or its file is missing.
    """
    choice = model_choice(scenario, role, settings)
    named = scenario.models.default is None and choice.spec is not None and choice.spec == settings.model
    try:
        return _spec(choice, scenario)
    except ModelSpecError as error:
        if not named:
            raise
        raise ModelSpecError(f"the environment's SIXHOP_MODEL: {error}") from error


def _spec(choice: ModelChoice, scenario: Scenario) -> EndpointSpec:
    return parse_spec(
        _anchored(choice.spec or DEFAULT_MODEL, scenario.base),
        key_env=choice.key_env,
        profile=choice.prompts,
        timeout_s=choice.timeout_s,
        unit_timeout_s=choice.unit_timeout_s,
        structured=choice.structured or "auto",
        concurrency=choice.concurrency or scenario.concurrency,
        requests_per_minute=choice.requests_per_minute,
        tokens_per_minute=choice.tokens_per_minute,
        extra=choice.extra,
    )


def _anchored(spec: str, base: Path) -> str:
    """Return a SPEC whose GGUF path is relative to the scenario's folder, not to the current one."""
    if spec.startswith("gguf:"):
        return f"gguf:{place_of(spec.removeprefix('gguf:'), base, spec)}"
    return spec
