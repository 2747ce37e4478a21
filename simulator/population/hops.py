"""Personas and relations in order of admission, with every hop the shortest distance from a seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from simulator.models.persona import Persona
from simulator.models.relation import Relation

__all__ = ["Registry", "RelationKey"]

RelationKey = tuple[str, str, str]
"""Source, target, name: two relations with the same key are one."""


class Registry:
    """Holds the personas and relations of a population and keeps hops shortest.

    A persona's hop is 0 if a text or an import led to it, else one more than the smallest hop among those it is a
    relation of. When a new way makes a hop smaller, everything behind follows.
    """

    def __init__(self) -> None:
        self.personas: dict[str, Persona] = {}
        self.relations: dict[RelationKey, Relation] = {}
        self._outward: dict[str, list[RelationKey]] = {}

    def add_persona(self, persona: Persona) -> None:
        """Add a persona with the hop that it was reached at."""
        self.personas[persona.id] = persona

    def add_relation(self, relation: Relation) -> bool:
        """Add a relation between two personas.

        Returns:
            Whether it was added: a relation with oneself, and a second one with the same key, are not.
        """
        key = (relation.source, relation.target, relation.name)
        if relation.source == relation.target or key in self.relations:
            return False
        self.relations[key] = relation
        self._outward.setdefault(relation.source, []).append(key)
        return True

    def outward(self, id: str) -> Iterator[Relation]:
        """Yield the relations that start at ``id``, in order of admission."""
        for key in self._outward.get(id, ()):
            yield self.relations[key]

    def shorten(self, id: str, hop: int) -> tuple[list[Persona], list[Relation]]:
        """Let ``id`` be reached at ``hop``, and bring everything behind it nearer if that is a shorter way.

        Returns:
            The personas and the relations that changed, as they are now.
        """
        personas: list[Persona] = []
        relations: list[Relation] = []
        queue = deque([(id, hop)])
        while queue:
            id, hop = queue.popleft()
            if hop >= self.personas[id].hop:
                continue
            self.personas[id] = self.personas[id].model_copy(update={"hop": hop})
            personas.append(self.personas[id])
            for key in self._outward.get(id, ()):
                self.relations[key] = self.relations[key].model_copy(update={"hop": hop + 1})
                relations.append(self.relations[key])
                queue.append((key[1], hop + 1))
        return personas, relations
