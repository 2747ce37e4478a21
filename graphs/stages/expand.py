"""Persona-to-Persona, one hop at a time: each frontier persona is asked for people in close relations with it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from graphs.admission import admit_personas
from graphs.context import ProductionContext
from graphs.detail import asked_detail
from graphs.plan import kept_plan, planned
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from graphs.stages.relatives import questions
from simulator.models.base import derive_seed
from simulator.models.persona import Persona, persona_id
from simulator.models.unit import Unit
from simulator.population.candidate import Candidate
from simulator.runs.events import Note
from simulator.runs.pool import Ended
from simulator.scenario.growth import Expand

__all__ = ["ending", "expand", "frontier"]

STAGE = "expand"

_ROUND = 256
"""Questions between two looks at the yield, where a scenario asks for one: few enough to save the rest of a hop that
no longer pays, enough that the waiting for the last answer of a round is not felt, and the same at any concurrency."""

_ALL = 1 << 62


async def expand(context: ProductionContext, hop: int) -> tuple[Counts, str]:
    """Expand the personas of ``hop`` and admit the people around them, in order, as hop + 1.

    Returns:
        What that made, and why expansion ends with it; an empty reason if it may go on.
    """

    def candidate(ended: Ended) -> Candidate:
        inputs, value = ended.unit.inputs, ended.result.value or {}
        return Candidate(
            text=value["persona"],
            origin="persona",
            source=persona_id(inputs["persona"]),
            relation=value["relation"],
            kind=inputs["kind"],
            unit=ended.unit.id,
        )

    role = context.roles["relator"]
    worth = _Worth(context.scenario.expand, hop + 1, _so_far(context, hop))
    counts = await run_stage(
        context,
        f"{STAGE}-{hop + 1}",
        _units(context, hop),
        lambda unit: perform_unit(unit, role),
        lambda batch: admit_personas(context, batch, candidate),
        hop=hop + 1,
        pace=worth,
    )
    return counts, worth.ending(counts)


def frontier(context: ProductionContext, hop: int) -> list[Persona]:
    """Return the personas of ``hop`` that are expanded, in order of admission.

    ``expand.max_per_hop`` samples them by seed; ``expand.max_personas`` empties the frontier of a full population.
    Who was chosen in an earlier execution stays chosen; who came later (after another try) joins while there is room.
    """
    section = context.scenario.expand
    people = {persona.id: persona for persona in context.population.personas if persona.hop == hop}
    kept = [people[id_] for id_ in kept_plan(context.ledger, f"{STAGE}-{hop + 1}") if id_ in people]
    if kept:
        chosen = {persona.id for persona in kept}
        return [*kept, *(persona for persona in people.values() if persona.id not in chosen)][: section.max_per_hop]
    if section.max_personas is not None and _so_far(context, hop) >= section.max_personas:
        return []
    return _sample(context, list(people.values()), hop)


def ending(context: ProductionContext, hop: int, reason: str = "") -> str:
    """Record and tell why expansion ends at ``hop`` before the scenario's last one, and return that; "" if it goes on.

    Args:
        context: The run.
        hop: The hop that is complete.
        reason: What :func:`expand` gave.
    """
    section = context.scenario.expand
    if not reason and hop < section.hops and not frontier(context, hop):
        total = _so_far(context, hop)
        full = section.max_personas is not None and total >= section.max_personas
        reason = _full(section, hop, total) if full else f"hop {hop} found nobody new to go on from"
    if reason != context.ledger.meta("expansion_ended", ""):
        context.ledger.put_meta(expansion_ended=reason)
        if reason:
            context.listener(Note(f"expansion ends: {reason}"))
    return reason


def _so_far(context: ProductionContext, hop: int) -> int:
    """Return how many people the population had when ``hop`` was complete."""
    return sum(persona.hop <= hop for persona in context.population.personas)


def _sample(context: ProductionContext, people: list[Persona], hop: int) -> list[Persona]:
    most = context.scenario.expand.max_per_hop
    if most is None or len(people) <= most:
        return people
    chooser = random.Random(derive_seed(context.scenario.seed, STAGE, "frontier", hop))
    chosen = set(chooser.sample(range(len(people)), most))
    return [persona for place, persona in enumerate(people) if place in chosen]


def _units(context: ProductionContext, hop: int) -> Iterator[Unit]:
    stage = f"{STAGE}-{hop + 1}"
    people = {persona.id: persona for persona in frontier(context, hop)}
    for id_, asked in planned(context.ledger, stage, questions(context, hop, people.values())).items():
        for question in asked:
            inputs = {"persona": people[id_].text, **question, **asked_detail(context)}
            seed = derive_seed(context.scenario.seed, STAGE, inputs)
            yield Unit(stage=stage, role="relator", inputs=inputs, seed=seed)


@dataclass
class _Worth:
    """Decides, round by round, whether a hop goes on.

    Attributes:
        section: What the scenario says.
        before: Personas of the hops before.
        reason: Why it does not; empty while it does.
    """

    section: Expand
    hop: int
    before: int
    reason: str = ""

    def __call__(self, made: Counts, last: Counts) -> int:
        """Return how many relations to ask for next (see :data:`graphs.stage.Pace`)."""
        room = _ALL if self.section.max_personas is None else self.section.max_personas - self.before - made.admitted
        total = self.before + made.admitted
        self.reason = self._poor("its last round", last) or ("" if room > 0 else _full(self.section, self.hop, total))
        if self.reason:
            return 0
        return min(room, _ROUND) if self.section.min_yield else room

    def ending(self, made: Counts) -> str:
        """Return why the hop that ended having ``made`` this is the last; empty if it need not be."""
        return self.reason or (self._poor("it", made) if self.hop < self.section.hops else "")

    def _poor(self, what: str, counts: Counts) -> str:
        if not counts.units or counts.admitted / counts.units >= self.section.min_yield:
            return ""
        found = f"hop {self.hop} no longer pays: {what} found {counts.admitted} new people in {counts.units} questions"
        return f"{found} ({counts.admitted / counts.units:.0%}; expand.min_yield is {self.section.min_yield:.0%})"


def _full(section: Expand, hop: int, total: int) -> str:
    return f"the population is {total} people at hop {hop}: expand.max_personas is {section.max_personas}"
