"""Which relations to ask a persona for: kinds and names in variety, and first those that lead to the seldom seen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

from graphs.context import ProductionContext
from simulator.models.base import derive_seed
from simulator.models.persona import Persona
from simulator.models.relation import Relation, RelationKind
from simulator.population.quality.presence import presence
from simulator.roles.relation_names import SELDOM

__all__ = ["questions"]

_AVOIDED = 4
"""Names of relations that are the most frequent of their kind already, and are not asked for again."""

_SOUGHT = 2
"""Groups of seldom seen people that a kind of relation is to lead to: of those that it can, the ones with fewest."""


def questions(context: ProductionContext, hop: int, people: Iterable[Persona]) -> dict[str, list[dict[str, Any]]]:
    """Return what to ask each persona of ``hop`` for: kinds, each with names to prefer and names to avoid.

    It depends on hops that are complete, and on nothing else.
    """
    known = [relation for relation in context.population.relations if relation.hop <= hop]
    used = Counter(relation.kind for relation in known)
    avoid = {kind: _frequent(known, kind) for kind in context.scenario.expand.kinds}
    counts = presence(persona.text for persona in context.population.personas if persona.hop <= hop)
    fewest = sorted(counts, key=lambda group: (counts[group], group))
    asked = {}
    for persona in people:
        kinds = _kinds(context, persona, used)
        used.update(kinds)
        asked[persona.id] = [
            {"kind": kind, "avoid": avoid[kind], "prefer": _leading(kind, fewest, avoid[kind])} for kind in kinds
        ]
    return asked


def _kinds(context: ProductionContext, persona: Persona, used: Counter[RelationKind]) -> list[RelationKind]:
    """Return the kinds to ask ``persona`` for: those that the graph has least of, in an order of the persona's own."""
    section = context.scenario.expand
    kinds = list(section.kinds)
    random.Random(derive_seed(context.scenario.seed, "expand", "kinds", persona.id)).shuffle(kinds)
    return sorted(kinds, key=lambda kind: used[kind])[: section.per_persona]


def _frequent(relations: list[Relation], kind: RelationKind) -> list[str]:
    names = Counter(relation.name for relation in relations if relation.kind == kind)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))[:_AVOIDED]]


def _leading(kind: RelationKind, groups: list[str], avoid: list[str]) -> list[str]:
    """Return names of ``kind`` that lead to people of the first of ``groups`` that it has names for."""
    used = {name.lower() for name in avoid}
    found = [[name for name in SELDOM[group].get(kind, ()) if name not in used] for group in groups]
    return [name for names in [names for names in found if names][:_SOUGHT] for name in names]
