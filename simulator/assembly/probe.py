"""A probe: a small real slice of the story, to measure what its units take.

The slice starts from the first texts and runs every stage with a few units. Its replies go to the ledger of the run
directory, where the run finds those that it asks for too; everything else (who was admitted, what was made) goes to a
ledger of its own that is thrown away. So the run that follows is the same with and without a probe.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from simulator.assembly.budget import check_prices
from simulator.assembly.compose import Crew, open_crew
from simulator.assembly.inputs import Inputs
from simulator.assembly.kept import recorded_scenario
from simulator.assembly.measured import KEPT, Measured, kept_measures
from simulator.assembly.search import open_embedder
from simulator.assembly.stages import base_stage
from simulator.assembly.unit_meter import UnitMeter
from simulator.errors import RunDirectoryError
from simulator.llm.protocol import ChatModel
from simulator.population.casting.cast_filter import CastFilter
from simulator.runs.directory import RunDirectory
from simulator.runs.events import Event, Listener, RunStarted, StageEnded
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Stop
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from graphs.context import ProductionContext
    from simulator.embeddings.protocol import Embedder

__all__ = ["Probe", "slice_of"]


def slice_of(scenario: Scenario, units: int) -> Scenario:
    """Return ``scenario`` with so few of everything that each stage has about ``units`` units."""
    from graphs.production import STAGES

    expand, cast = scenario.expand, scenario.cast
    wide = min(math.ceil(units / expand.per_persona), expand.max_per_hop or units)
    changes: dict[str, Any] = {
        "expand": expand.model_copy(update={"max_per_hop": wide, "max_personas": None, "min_yield": 0.0}),
        "cast": cast.model_copy(update={"size": min(units, cast.size)}),
    }
    for name, _ in STAGES.values():
        section = getattr(scenario, name) if name in type(scenario).model_fields else None
        if name is None or section is None:
            continue
        fields = type(section).model_fields
        fewer: dict[str, Any] = {"count": min(units, section.count or units)} if "count" in fields else {}
        if "per_persona" in fields and section.per_persona is not None:
            fewer["per_persona"] = 1
        changes[name] = section.model_copy(update=fewer)
    return scenario.model_copy(update=changes)


@dataclass(frozen=True)
class Probe:
    """A probe of a scenario.

    Attributes:
        scenario: What would be run.
        inputs: What it would start from.
        directory: The run's.
        units: About how many units of each stage are performed.
        settings: The environment.
        listener: Told of progress.
        stop: To stop it from outside, and its budget.
    """

    scenario: Scenario
    inputs: Inputs
    directory: RunDirectory
    units: int
    settings: Settings
    listener: Listener
    stop: Stop

    async def run(self, models: Mapping[str, ChatModel] | None, embedder: Embedder | None) -> Measured:
        """Perform the slice and return what it showed.

        Raises:
            RunDirectoryError: The directory holds another scenario's run, or cannot be used.
            EndpointError: The endpoint failed too often; what was paid for is kept.
            RunStopped: A budget is used up or somebody asked; likewise.
        """
        self.directory.create()
        with self.directory.held(), Ledger.open(self.directory.ledger, create=True) as ledger:
            self._check(ledger)
            async with AsyncExitStack() as stack:
                scratch = stack.enter_context(TemporaryDirectory(prefix="sixhop-probe-"))
                notes = stack.enter_context(Ledger.open(Path(scratch) / "ledger.sqlite", create=True))
                chosen = embedder or await open_embedder(self.scenario, self.settings, stack, ledger)
                meter = UnitMeter()
                crew = await open_crew(
                    slice_of(self.scenario, self.units),
                    self.settings,
                    ledger,
                    chosen,
                    stack,
                    world=self.inputs.world,
                    prompts=self.inputs.prompts,
                    models=models,
                    may_ask=self.stop.may_call,
                    meter=meter,
                )
                check_prices(crew.models, crew.prices, self.stop.limits.usd)
                self.stop.watch(meter)
                seen = Measured()
                # What conversations go on from is read from the ledger that they are written to.
                notes.put_inputs("transcript", dict(self.inputs.rows())["transcript"])
                context = self._context(notes, crew, chosen, meter, seen)
                self.listener(RunStarted(f"{self.scenario.name}: probe", self.directory.root, meter))
                await _story(context, seen)
                self._sum_up(meter, seen, ledger)
                return seen

    def _check(self, ledger: Ledger) -> None:
        if ledger.meta("scenario") is None:
            return
        name = recorded_scenario(ledger, self.directory).name
        if name != self.scenario.name:
            raise RunDirectoryError(
                f"{str(self.directory.root)!r} holds the run of another scenario ({name}); name another with --out"
            )

    def _context(
        self, notes: Ledger, crew: Crew, embedder: Embedder, meter: UnitMeter, seen: Measured
    ) -> ProductionContext:
        from graphs.admission import dedup_settings
        from graphs.context import ProductionContext
        from simulator.population.population import Population

        def hear(event: Event) -> None:
            meter.listen(event)
            if isinstance(event, StageEnded):
                stage = base_stage(event.stage)
                good, all_ = seen.fruitful.get(stage, (0, 0))
                count = event.admitted + event.rejected + event.failed
                seen.fruitful[stage] = (good + event.admitted, all_ + count)
            self.listener(event)

        few = slice_of(self.scenario, self.units)
        texts = math.ceil(self.units / few.texts.per_text) if few.texts is not None else 0
        return ProductionContext(
            scenario=few,
            texts=self.inputs.texts[:texts],
            world=self.inputs.world,
            ledger=notes,
            population=Population(dedup_settings(few)),
            embedder=embedder,
            roles=crew.roles,
            stop=self.stop,
            listener=hear,
            subject=crew.subject,
            examine=crew.examine,
            personas=self.inputs.personas[: self.units],
        )

    def _sum_up(self, meter: UnitMeter, seen: Measured, ledger: Ledger) -> None:
        for unit in meter.units:
            seen.units.setdefault(base_stage(unit.stage), []).append(unit)
        # What the ledger answers takes no time, so the times of an earlier probe are kept beside its replies.
        before = kept_measures(ledger)
        seen.pace = {**(before.pace if before else {}), **{role: p for role, p in meter.pace.items() if p.calls}}
        seen.calls, seen.reused = meter.calls, meter.total.reused
        seen.usd = None if meter.unpriced else meter.usd
        ledger.put_meta(**{KEPT: seen.as_data()})


async def _story(context: ProductionContext, seen: Measured) -> None:
    """Run the stages of the slice as the production machine would; a stage that nobody reaches is left out."""
    from graphs.production import STAGES
    from graphs.stages.expand import expand, frontier
    from graphs.stages.extract import extract
    from graphs.stages.imports import import_personas

    if context.scenario.personas is not None:
        await import_personas(context)
    if context.scenario.texts is not None:
        await extract(context)
    for hop in range(context.scenario.expand.hops):
        if frontier(context, hop):
            await expand(context, hop)
    hops = context.scenario.cast.where.hops
    people = [person for person in context.population.personas if not hops or person.hop in hops]
    able = CastFilter(**context.scenario.cast.where.model_dump()).select(people, context.population.relations)
    if not able:
        return
    seen.castable = len(able) / len(people)
    for name, (section, stage) in STAGES.items():
        if name != "report" and (section is None or getattr(context.scenario, section) is not None):
            await stage(context)
