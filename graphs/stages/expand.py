"""Persona-to-Persona, one hop at a time: each frontier persona is asked for people in close relations with it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from graphs.admission import admit_personas
from graphs.context import ProductionContext
from graphs.plan import kept_plan, planned
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from simulator.models.base import derive_seed
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation, RelationKind
from simulator.models.unit import Unit
from simulator.population.candidate import Candidate
from simulator.runs.pool import Ended

__all__ = ["expand", "frontier"]

STAGE = "expand"
_AVOIDED = 4  # relation names that are already the most frequent of their kind, and are not asked for again


async def expand(context: ProductionContext, hop: int) -> Counts:
    """Expand the personas of ``hop`` and admit the people around them, in order, as hop + 1."""

    def candidate(ended: Ended) -> Candidate:
        inputs, value = ended.unit.inputs, ended.result.value or {}
        return Candidate(
            text=value["persona"],
            origin="persona",
            source=persona_id(inputs["persona"]),
            hop=hop + 1,
            relation=value["relation"],
            kind=inputs["kind"],
            unit=ended.unit.id,
        )

    role = context.roles["relator"]
    return await run_stage(
        context,
        f"{STAGE}-{hop + 1}",
        _units(context, hop),
        lambda unit: perform_unit(unit, role),
        lambda batch: admit_personas(context, batch, candidate),
        hop=hop + 1,
    )


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
    earlier = sum(persona.hop <= hop for persona in context.population.personas)
    if section.max_personas is not None and earlier >= section.max_personas:
        return []
    return _sample(context, list(people.values()), hop)


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
    for id_, asked in planned(context.ledger, stage, _questions(context, hop, people.values())).items():
        for kind, avoid in asked:
            inputs = {"persona": people[id_].text, "kind": kind, "avoid": avoid}
            seed = derive_seed(context.scenario.seed, STAGE, inputs)
            yield Unit(stage=stage, role="relator", inputs=inputs, seed=seed)


def _questions(context: ProductionContext, hop: int, people: Iterable[Persona]) -> dict[str, list[list[Any]]]:
    """Return the kinds of relation to ask each persona for, each with the relations' names to avoid."""
    known = [relation for relation in context.population.relations if relation.hop <= hop]
    used = Counter(relation.kind for relation in known)
    avoid = {kind: _frequent(known, kind) for kind in context.scenario.expand.kinds}
    asked = {}
    for persona in people:
        kinds = _kinds(context, persona, used)
        used.update(kinds)
        asked[persona.id] = [[kind, avoid[kind]] for kind in kinds]
    return asked


def _kinds(context: ProductionContext, persona: Persona, used: Counter[RelationKind]) -> list[RelationKind]:
    """Return the kinds to ask ``persona`` for: those that the graph has least of, in an order of the persona's own."""
    section = context.scenario.expand
    kinds = list(section.kinds)
    random.Random(derive_seed(context.scenario.seed, STAGE, "kinds", persona.id)).shuffle(kinds)
    return sorted(kinds, key=lambda kind: used[kind])[: section.per_persona]


def _frequent(relations: list[Relation], kind: RelationKind) -> list[str]:
    names = Counter(relation.name for relation in relations if relation.kind == kind)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))[:_AVOIDED]]
