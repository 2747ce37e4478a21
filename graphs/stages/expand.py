"""Persona-to-Persona, one hop at a time: each frontier persona is asked for people in close relations with it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from graphs.admission import admit_personas
from graphs.context import ProductionContext
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
    """
    section = context.scenario.expand
    people = [persona for persona in context.population.personas if persona.hop == hop]
    earlier = sum(persona.hop <= hop for persona in context.population.personas)
    if section.max_personas is not None and earlier >= section.max_personas:
        return []
    if section.max_per_hop is not None and len(people) > section.max_per_hop:
        chooser = random.Random(derive_seed(context.scenario.seed, STAGE, "frontier", hop))
        chosen = set(chooser.sample(range(len(people)), section.max_per_hop))
        people = [persona for place, persona in enumerate(people) if place in chosen]
    return people


def _units(context: ProductionContext, hop: int) -> Iterator[Unit]:
    # What is asked for depends only on hops that are complete, so that a resumed run asks the same.
    known = [relation for relation in context.population.relations if relation.hop <= hop]
    used = Counter(relation.kind for relation in known)
    avoid = {kind: _frequent(known, kind) for kind in context.scenario.expand.kinds}
    for persona in frontier(context, hop):
        for kind in _kinds(context, persona, used):
            used[kind] += 1
            inputs = {"persona": persona.text, "kind": kind, "avoid": avoid[kind]}
            seed = derive_seed(context.scenario.seed, STAGE, inputs)
            yield Unit(stage=f"{STAGE}-{hop + 1}", role="relator", inputs=inputs, seed=seed)


def _kinds(context: ProductionContext, persona: Persona, used: Counter[RelationKind]) -> list[RelationKind]:
    """Return the kinds to ask ``persona`` for: those that the graph has least of, in an order of the persona's own."""
    section = context.scenario.expand
    kinds = list(section.kinds)
    random.Random(derive_seed(context.scenario.seed, STAGE, "kinds", persona.id)).shuffle(kinds)
    return sorted(kinds, key=lambda kind: used[kind])[: section.per_persona]


def _frequent(relations: list[Relation], kind: RelationKind) -> list[str]:
    names = Counter(relation.name for relation in relations if relation.kind == kind)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))[:_AVOIDED]]
