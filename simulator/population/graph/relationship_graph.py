"""The relationship graph: who was reached from whom, by which relation, in how many steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulator.errors import InputError
from simulator.models.persona import MAX_HOP
from simulator.population.collector import collector_off
from simulator.population.graph.adjacency import Adjacency, components, distances_from, shortest_chain
from simulator.population.graph.arrays import (
    UNKNOWN,
    GraphArrays,
    PersonaRow,
    PersonaTuple,
    RelationRow,
    RelationTuple,
)
from simulator.population.graph.reference import resolve

if TYPE_CHECKING:
    import networkx

__all__ = ["Neighbour", "RelationshipGraph", "Step", "checked_hops"]


@dataclass(frozen=True)
class Neighbour:
    """A persona one relation away.

    Attributes:
        id: The neighbour.
        relation: The relation's name.
        kind: The relation's kind.
        outward: Whether the neighbour is the ``relation`` of the persona asked for (else the reverse).
    """

    id: str
    relation: str
    kind: str
    outward: bool


@dataclass(frozen=True)
class Step:
    """One step of a path, from ``source`` to ``target``; ``outward`` as in :class:`Neighbour`."""

    source: str
    target: str
    relation: str
    kind: str
    outward: bool

    def sentence(self) -> str:
        """Return the step in words: ``A's patient is B``, or ``A is the patient of B``."""
        if self.outward:
            return f"{self.source}'s {self.relation} is {self.target}"
        return f"{self.source} is the {self.relation} of {self.target}"


class RelationshipGraph:
    """Personas and relations, and the questions that Sixhop asks of them.

    Questions are answered from arrays (:mod:`simulator.population.graph.arrays`), never from a copy of them;
    :meth:`to_networkx` gives the same graph to everything that works with NetworkX.

    Args:
        personas: The admitted personas, as records or as rows of a table.
        relations: The relations between them. One that names an unknown id is kept and reported by
            :func:`simulator.population.graph.consistency.inconsistencies`.
    """

    def __init__(self, personas: Iterable[PersonaRow], relations: Iterable[RelationRow]) -> None:
        people = ((persona.id, persona.text, persona.hop) for persona in personas)
        self.arrays = GraphArrays(people, ((r.source, r.target, r.name, r.kind, r.hop) for r in relations))

    @classmethod
    def of_table(cls, personas: Iterable[PersonaTuple], relations: Iterable[RelationTuple]) -> RelationshipGraph:
        """Return the graph of rows as a database gives them: no object is made for any of them.

        Args:
            personas: Id, text, hop.
            relations: Source, target, name, kind, hop.
        """
        graph = cls.__new__(cls)
        graph.arrays = GraphArrays(personas, relations)
        return graph

    def __len__(self) -> int:
        """Return the number of personas."""
        return int((self.arrays.hops != UNKNOWN).sum())

    def __contains__(self, id: str) -> bool:
        row = self.arrays.rows.get(id)
        return row is not None and self.arrays.hops[row] != UNKNOWN

    def row(self, id: str) -> int:
        """Return the row of a persona in :attr:`arrays`.

        Raises:
            InputError: No persona has this id.
        """
        if id not in self:
            raise InputError(f"No persona has the id {id!r} among the {len(self)} of this graph.")
        return self.arrays.rows[id]

    def text(self, id: str) -> str:
        """Return the text of a persona."""
        return self.arrays.texts[self.row(id)]

    def hop(self, id: str) -> int:
        """Return the hop of a persona."""
        return int(self.arrays.hops[self.row(id)])

    def resolve(self, reference: str) -> str:
        """Return the id of the one persona that ``reference`` names (see :mod:`simulator.population.graph.reference`).

        Raises:
            InputError: No persona fits, or several do; then the error's notes list them.
        """
        people = zip(self.arrays.ids, self.arrays.texts, self.arrays.hops.tolist(), strict=True)
        return resolve(reference, ((id, text) for id, text, hop in people if hop != UNKNOWN))

    def neighbours(self, id: str) -> list[Neighbour]:
        """Return all personas one relation away, in either direction, outward ones first.

        Raises:
            InputError: No persona has this id.
        """
        row = self.row(id)
        return [*self._neighbours(row, self.arrays.outward, True), *self._neighbours(row, self.arrays.inward, False)]

    def within(self, id: str, hops: int) -> dict[str, int]:
        """Return every persona at most ``hops`` relations away, followed in either direction, with its distance.

        Args:
            id: Where to start; itself in the result, at 0.
            hops: 0 to 6.

        Returns:
            Nearest first, of equals in order of admission.

        Raises:
            InputError: No persona has this id, or ``hops`` is out of range.
        """
        start = np.asarray([self.row(id)], dtype=np.int32)
        distances = distances_from(start, (self.arrays.outward, self.arrays.inward), checked_hops(hops))
        reached = np.flatnonzero(distances >= 0)
        reached = reached[np.argsort(distances[reached], kind="stable")]
        return {self.arrays.ids[row]: int(distances[row]) for row in reached.tolist()}

    def path(self, start: str, end: str) -> list[Step] | None:
        """Return a shortest chain of relations, followed in either direction; of several, always the same one.

        Returns:
            The steps; an empty list from a persona to itself; ``None`` if no chain joins them.

        Raises:
            InputError: One of the ids is no persona.
        """
        chain = shortest_chain(self.row(start), self.row(end), (self.arrays.outward, self.arrays.inward))
        return None if chain is None else [self._step(source, target) for source, target in pairwise(chain)]

    def components(self) -> list[list[str]]:
        """Return the groups of personas that relations join, in either direction: largest first, then oldest first."""
        labels = components(len(self.arrays.ids), self.arrays.sources, self.arrays.targets)
        order = np.argsort(labels, kind="stable")
        bounds = np.flatnonzero(np.diff(labels[order], prepend=-1, append=-1)).tolist()
        groups = [order[start:stop].tolist() for start, stop in pairwise(bounds)]
        groups.sort(key=lambda group: (-len(group), group[0]))
        return [[self.arrays.ids[row] for row in group] for group in groups]

    def hops_from_seeds(self) -> dict[str, int]:
        """Return each persona's number of Persona-to-Persona steps from the nearest seed (a persona of hop 0).

        Personas that no seed leads to are not in the result.
        """
        distances = distances_from(np.flatnonzero(self.arrays.hops == 0).astype(np.int32), (self.arrays.outward,))
        return {self.arrays.ids[row]: int(distances[row]) for row in np.flatnonzero(distances >= 0).tolist()}

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return the graph as NetworkX holds it: nodes with ``text`` and ``hop``; edges with ``kind`` and ``hop``.

        The key of an edge is the relation's name.
        """
        import networkx

        network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        with collector_off():
            for id, text, hop in zip(self.arrays.ids, self.arrays.texts, self.arrays.hops.tolist(), strict=True):
                if hop != UNKNOWN:
                    network.add_node(id, text=text, hop=hop)
            for edge in self.arrays.edges():
                network.add_edge(edge.source, edge.target, edge.name, kind=edge.kind, hop=edge.hop)
        return network

    def _neighbours(self, row: int, side: Adjacency, outward: bool) -> Iterator[Neighbour]:
        for other, edge in zip(*(part.tolist() for part in side.steps(row)), strict=True):
            yield Neighbour(self.arrays.ids[other], *self._labels(edge), outward=outward)

    def _labels(self, edge: int) -> tuple[str, str]:
        arrays = self.arrays
        return arrays.names[arrays.edge_names[edge]], arrays.kinds[arrays.edge_kinds[edge]]

    def _step(self, source: int, target: int) -> Step:
        outward, edge = True, self._edge(self.arrays.outward, source, target)
        if edge is None:
            outward, edge = False, self._edge(self.arrays.inward, source, target)
        if edge is None:
            raise AssertionError("a chain was found along a relation that is not there")
        return Step(self.arrays.ids[source], self.arrays.ids[target], *self._labels(edge), outward=outward)

    def _edge(self, side: Adjacency, source: int, target: int) -> int | None:
        targets, edges = side.steps(source)
        found = np.flatnonzero(targets == target)
        return int(edges[found[0]]) if len(found) else None


def checked_hops(hops: int) -> int:
    """Return ``hops`` if it is 0 to 6.

    Raises:
        InputError: It is not.
    """
    if not 0 <= hops <= MAX_HOP:
        raise InputError(
            f"{hops} hops were asked for and 0 to {MAX_HOP} are allowed: by the six degrees of separation, everybody "
            "is within six steps of everybody, so a seventh step reaches nobody new."
        )
    return hops
