"""What a scenario would take: from the scenario alone, or from a probe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from simulator.assembly.choices import batch_policy, endpoint_spec, prompt_name, role_price, stage_of
from simulator.assembly.compose import wanted_roles
from simulator.assembly.estimate import PerUnit, Sizes, per_unit
from simulator.assembly.inputs import Inputs, read_inputs
from simulator.assembly.measured import Measured
from simulator.assembly.pace import seconds_of
from simulator.assembly.probe import Probe
from simulator.assembly.stages import StagePlan, base_stage, stage_plans
from simulator.assembly.unit_meter import MeasuredUnit
from simulator.llm.prices import Price, Rates
from simulator.llm.protocol import ChatModel
from simulator.llm.spec import EndpointSpec
from simulator.models.message import Usage
from simulator.prompts.template import Prompt, load_prompt, parse_prompt
from simulator.runs.directory import RunDirectory
from simulator.runs.events import Listener, ignore
from simulator.runs.forecast import Forecast, Range, RoleForecast, StageForecast, sampled, share
from simulator.runs.stop import Limits, Stop
from simulator.scenario.endpoints import RoleName
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder

__all__ = ["Plan", "PlanOptions", "foresee", "plan", "plan_sync"]

_GUESSED_YIELD = Range(0.6, 0.9, 1.0)
"""Share of a stage's units that add something, when nothing was measured: most do, and near-duplicates are rejected."""


@dataclass(frozen=True)
class Plan:
    """What a scenario would take.

    Attributes:
        scenario: What would be run.
        forecast: Stage by stage.
        prices: Of each role's model; ``None`` where nobody knows.
        probe: What the probe saw, if there was one.
        directory: Where its replies are kept.
    """

    scenario: Scenario
    forecast: Forecast
    prices: Mapping[str, Price | None]
    probe: Measured | None = None
    directory: Path | None = None


async def plan(
    scenario: Scenario,
    out: Path | str | None = None,
    *,
    probe: int = 0,
    limits: Limits | None = None,
    settings: Settings | None = None,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
    listener: Listener = ignore,
    stop: Stop | None = None,
) -> Plan:
    """Return what ``scenario`` would take.

    Args:
        scenario: With its overrides applied.
        out: The run directory, for a probe; ``runs/NAME`` by default. Without a probe nothing is written.
        probe: About how many units of each stage are performed to measure them; 0 asks no model.
        limits: The probe's budget.
        settings: The environment; read from the process's by default.
        models: Chat models to use instead of the scenario's, by role, or ``*`` for all.
        embedder: An embedder to use instead of the scenario's.
        listener: Told of the probe's progress.
        stop: To stop the probe from outside.

    Raises:
        UsageError: The scenario, an input, a model or the directory is wrong.
        SixhopError: The probe failed; what it paid for is kept.
    """
    environment, inputs = settings or Settings.from_environ(), read_inputs(scenario)
    directory = RunDirectory.named(out, scenario.name)
    desk = _Desk(scenario, inputs, environment, models or {})
    if not probe:
        return Plan(scenario, desk.forecast(None), desk.prices)
    stop = stop or Stop()
    stop.limits = limits or Limits()
    tested = Probe(scenario, inputs, directory, probe, environment, listener, stop)
    seen = await tested.run(models, embedder)
    return Plan(scenario, desk.forecast(seen), desk.prices, seen, directory.root)


class PlanOptions(TypedDict, total=False):
    """The keyword arguments of :func:`plan`."""

    probe: int
    limits: Limits | None
    settings: Settings | None
    models: Mapping[str, ChatModel] | None
    embedder: Embedder | None
    listener: Listener
    stop: Stop | None


def plan_sync(scenario: Scenario, out: Path | str | None = None, **options: Unpack[PlanOptions]) -> Plan:
    """Like :func:`plan`, with the same keyword arguments, for callers without a running event loop."""
    return asyncio.run(plan(scenario, out, **options))


def foresee(
    scenario: Scenario,
    inputs: Inputs,
    settings: Settings,
    models: Mapping[str, ChatModel] | None = None,
    seen: Measured | None = None,
) -> Forecast:
    """Return what a run is expected to take, from what a probe saw or from the scenario alone; nobody is asked."""
    return _Desk(scenario, inputs, settings, models or {}).forecast(seen)


class _Desk:
    """Works the forecast out."""

    def __init__(self, scenario: Scenario, inputs: Inputs, settings: Settings, models: Mapping[str, ChatModel]) -> None:
        self._scenario = scenario
        self._texts, self._personas = len(inputs.texts), len(inputs.personas)
        self._sizes = Sizes.of(inputs.texts, inputs.world)
        self._roles = wanted_roles(scenario)
        self._specs: dict[str, EndpointSpec | None] = {}
        self._prompts: dict[str, Prompt] = {}
        self._names: dict[str, str] = {}
        self.prices: dict[str, Price | None] = {}
        self._batched: dict[str, bool] = {
            role: batch_policy(scenario, role, settings) is not None for role in self._roles
        }
        for role in self._roles:
            given = models.get(role) or models.get("*")
            spec = None if given is not None else endpoint_spec(scenario, role, settings)
            self._specs[role] = spec
            self._batched[role] = batch_policy(scenario, role, settings) is not None
            self._names[role] = given.name if given is not None else spec.name if spec is not None else ""
            self._prompts[role] = self._prompt(role, inputs, spec)
            self.prices[role] = role_price(scenario, role, settings, spec)
        self._k = {role: scenario.candidates.get(role) or self._prompts[role].head.candidates for role in self._roles}

    def _prompt(self, role: RoleName, inputs: Inputs, spec: EndpointSpec | None) -> Prompt:
        override = self._scenario.prompts.get(role)
        if override is not None:
            return parse_prompt(inputs.prompts[role], role, override)
        return load_prompt(prompt_name(self._scenario, role), "standard" if spec is None else spec.profile)

    def forecast(self, seen: Measured | None) -> Forecast:
        """Return the forecast; a stage that the probe did not reach is estimated."""
        variants = [
            list(stage_plans(self._scenario, self._texts, *self._shares(seen, end), personas=self._personas))
            for end in _ENDS
        ]
        stages = []
        for low, expected, high in zip(*variants, strict=True):
            units = Range(*sorted((low.units, expected.units, high.units)))
            stages.append(self._stage(expected, units, seen))
        return Forecast(tuple(stages))

    def _shares(self, seen: Measured | None, end: Callable[[Range], float]) -> tuple[Callable[[str], float], float]:
        def fruitful(stage: str) -> float:
            good, units = seen.fruitful.get(stage, (0, 0)) if seen is not None else (0, 0)
            return end(share(good, units) if units else _GUESSED_YIELD)

        return fruitful, seen.castable if seen is not None else 1.0

    def _stage(self, plan: StagePlan, units: Range, seen: Measured | None) -> StageForecast:
        base = base_stage(plan.stage)
        measured = seen.units.get(base, []) if seen is not None else []
        roles, seconds = list[RoleForecast](), Range.exactly(0)
        for role in self._at_work(base, measured):
            one = (
                _measured(role, measured)
                if measured
                else per_unit(role, self._prompts, self._k, self._scenario, self._sizes)
            )
            made = self._role(role, units, one, _cached(role, measured))
            roles.append(made)
            pace = seen.pace.get(role) if seen is not None else None
            seconds += seconds_of(made, units, self._k[role], self._specs[role], self._scenario.concurrency, pace)
        return StageForecast(plan.stage, units, tuple(roles), seconds, len(measured))

    def _at_work(self, stage: str, measured: Sequence[MeasuredUnit]) -> list[RoleName]:
        """Return the roles that work in a stage: those that a probe saw there, or those whose stage it is."""
        if measured:
            return [role for role in self._roles if any(role in unit.calls for unit in measured)]
        talks = self._scenario.conversations
        roles = [role for role in self._roles if stage_of(role) == stage]
        if stage == "converse" and talks is not None and not talks.judge:
            return [role for role in roles if role != "judge"]
        return ["judge"] if stage == "check" and "judge" in self._roles else roles

    def _role(self, role: str, units: Range, one: PerUnit, cached: float) -> RoleForecast:
        calls, prompt, completion = one.calls * units, one.prompt * units, one.completion * units
        price = self.prices[role]
        rates = None if price is None else price.batch if self._batched[role] else price.normal
        usd = _usd(rates, prompt, completion, cached) if rates is not None else None
        return RoleForecast(role, self._names[role], calls, prompt, completion, usd)


def _low(range_: Range) -> float:
    return range_.low


def _expected(range_: Range) -> float:
    return range_.expected


def _high(range_: Range) -> float:
    return range_.high


_ENDS = (_low, _expected, _high)


def _measured(role: str, units: Sequence[MeasuredUnit]) -> PerUnit:
    usages = [unit.usage.get(role, Usage()) for unit in units]
    return PerUnit(
        sampled([unit.calls.get(role, 0) for unit in units]),
        sampled([usage.prompt for usage in usages]),
        sampled([usage.completion for usage in usages]),
    )


def _cached(role: str, units: Iterable[MeasuredUnit]) -> float:
    """Return the share of the role's prompt tokens that the server had cached; none when nothing was measured."""
    usage = sum((unit.usage.get(role, Usage()) for unit in units), start=Usage())
    return usage.cached / usage.prompt if usage.prompt else 0.0


def _usd(rates: Rates, prompt: Range, completion: Range, cached: float) -> Range:
    per_prompt = (1 - cached) * rates.input + cached * rates.cached
    return prompt.of(lambda tokens: tokens * per_prompt / 1e6) + completion.of(
        lambda tokens: tokens * rates.output / 1e6
    )
