"""Personas and relations in columns: what a graph of a million personas is held in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.population.collector import collector_off
from simulator.population.graph.adjacency import Adjacency

__all__ = ["UNKNOWN", "Edge", "GraphArrays", "PersonaRow", "PersonaTuple", "RelationRow", "RelationTuple"]

UNKNOWN = -1
"""The hop of an id that a relation names although no persona has it."""

PersonaTuple = tuple[str, str, int]
"""Id, text, hop."""

RelationTuple = tuple[str, str, str, str, int]
"""Source, target, name, kind, hop."""

_PART = 100_000
"""Relations read at once: enough for fast columns, and 3 million are never held as tuples together."""


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

    Args:
        personas: Id, text and hop of each persona.
        relations: Source, target, name, kind and hop of each relation.

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

    def __init__(self, personas: Iterable[PersonaTuple], relations: Iterable[RelationTuple]) -> None:
        with collector_off():
            people = list(personas)
            self.ids = [id for id, _, _ in people]
            self.texts = [text for _, text, _ in people]
            rows = _Numbers(zip(self.ids, range(len(people)), strict=True))
            hops = np.fromiter((hop for _, _, hop in people), dtype=np.int8, count=len(people))
            del people
            names, kinds = _Numbers(), _Numbers()
            columns = _columns(relations, (rows, rows, names, kinds, None))
        self.sources, self.targets, self.edge_names, self.edge_kinds, self.edge_hops = columns
        strangers = list(rows)[len(self.ids) :]
        self.rows: dict[str, int] = dict(rows)
        self.ids += strangers
        self.texts += [""] * len(strangers)
        self.hops = np.concatenate([hops, np.full(len(strangers), UNKNOWN, dtype=np.int8)])
        self.names: Sequence[str] = list(names)
        self.kinds: Sequence[str] = list(kinds)

    @cached_property
    def outward(self) -> Adjacency:
        """Steps from the source of a relation to its target."""
        return Adjacency.of(len(self.ids), self.sources, self.targets)

    @cached_property
    def inward(self) -> Adjacency:
        """Steps from the target of a relation to its source."""
        return Adjacency.of(len(self.ids), self.targets, self.sources)

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """How many relations each row has, in either direction; shape (rows,)."""
        rows = len(self.ids)
        counts: NDArray[np.int64] = np.bincount(self.sources, minlength=rows)
        return counts + np.bincount(self.targets, minlength=rows)

    def edges(self) -> Iterator[Edge]:
        """Yield the relations in order of admission."""
        columns = (self.sources, self.targets, self.edge_names, self.edge_kinds, self.edge_hops)
        for source, target, name, kind, hop in zip(*(column.tolist() for column in columns), strict=True):
            yield Edge(self.ids[source], self.ids[target], self.names[name], self.kinds[kind], hop)


class _Numbers(dict[str, int]):
    """Numbers words in the order in which they are first looked up."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _columns(rows: Iterable[RelationTuple], numbers: Sequence[_Numbers | None]) -> list[NDArray[np.int32]]:
    """Return the columns of ``rows`` as arrays, words as their numbers; a part of the rows at a time is held."""
    parts: list[list[NDArray[np.int32]]] = [[] for _ in numbers]
    remaining = iter(rows)
    while part := list(islice(remaining, _PART)):
        for column, known, values in zip(parts, numbers, zip(*part, strict=True), strict=True):
            numbered = values if known is None else map(known.__getitem__, values)
            column.append(np.fromiter(numbered, dtype=np.int32, count=len(part)))
    empty = np.empty(0, dtype=np.int32)
    return [np.concatenate(column) if column else empty for column in parts]
