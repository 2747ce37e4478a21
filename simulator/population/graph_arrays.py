"""Personas and relations in columns: what a graph of a million personas is held in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.population.adjacency import Adjacency
from simulator.population.collector import collector_off

__all__ = ["UNKNOWN", "Edge", "GraphArrays", "PersonaRow", "RelationRow"]

UNKNOWN = -1
"""The hop of an id that a relation names although no persona has it."""


class PersonaRow(Protocol):
    """What a graph needs of a persona: a :class:`~simulator.models.persona.Persona`, or a lighter row of a table."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def hop(self) -> int: ...


class RelationRow(Protocol):
    """What a graph needs of a relation: a :class:`~simulator.models.relation.Relation`, or a lighter row of a table."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def hop(self) -> int: ...


@dataclass(frozen=True)
class Edge:
    """One relation, as the graph holds it."""

    source: str
    target: str
    name: str
    kind: str
    hop: int


class GraphArrays:
    """The columns of a graph: one row a persona, one edge a relation, both in order of admission.

    Attributes:
        ids: Ids of the rows: the personas, then ids that only relations name, if any.
        texts: Texts of the rows.
        rows: Row by id.
        hops: Hops of the rows, or :data:`UNKNOWN`; shape (rows,).
        sources: Source row of each edge; shape (edges,), like all that follow.
        targets: Target row of each edge.
        names: The names of relations that ``edge_names`` counts through.
        edge_names: Number of each edge's name.
        kinds: The kinds of relation that ``edge_kinds`` counts through.
        edge_kinds: Number of each edge's kind.
        edge_hops: Hop of each edge.
    """

    def __init__(self, personas: Iterable[PersonaRow], relations: Iterable[RelationRow]) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.rows: dict[str, int] = {}
        names: dict[str, int] = {}
        kinds: dict[str, int] = {}
        hops: list[int] = []
        columns: tuple[list[int], ...] = ([], [], [], [], [])
        with collector_off():
            for persona in personas:
                self._add(persona.id, persona.text)
                hops.append(persona.hop)
            for relation in relations:
                columns[0].append(self._row(relation.source))
                columns[1].append(self._row(relation.target))
                columns[2].append(names.setdefault(relation.name, len(names)))
                columns[3].append(kinds.setdefault(relation.kind, len(kinds)))
                columns[4].append(relation.hop)
        self.hops = np.asarray(hops + [UNKNOWN] * (len(self.ids) - len(hops)), dtype=np.int8)
        self.names: Sequence[str] = list(names)
        self.kinds: Sequence[str] = list(kinds)
        self.sources, self.targets, self.edge_names, self.edge_kinds, self.edge_hops = map(_column, columns)

    @cached_property
    def outward(self) -> Adjacency:
        """Steps from the source of a relation to its target."""
        return Adjacency.of(len(self.ids), self.sources, self.targets)

    @cached_property
    def inward(self) -> Adjacency:
        """Steps from the target of a relation to its source."""
        return Adjacency.of(len(self.ids), self.targets, self.sources)

    def edges(self) -> Iterator[Edge]:
        """Yield the relations in order of admission."""
        columns = (self.sources, self.targets, self.edge_names, self.edge_kinds, self.edge_hops)
        for source, target, name, kind, hop in zip(*(column.tolist() for column in columns), strict=True):
            yield Edge(self.ids[source], self.ids[target], self.names[name], self.kinds[kind], hop)

    def _add(self, id: str, text: str = "") -> int:
        self.ids.append(id)
        self.texts.append(text)
        return self.rows.setdefault(id, len(self.ids) - 1)

    def _row(self, id: str) -> int:
        row = self.rows.get(id)
        return self._add(id) if row is None else row


def _column(values: list[int]) -> NDArray[np.int32]:
    return np.asarray(values, dtype=np.int32)
