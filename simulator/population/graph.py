"""The relationship graph: who was reached from whom, by which relation, in how many steps."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simulator.errors import InputError
from simulator.models.persona import MAX_HOP, Persona
from simulator.models.relation import Relation
from simulator.population.walks import distances, shortest_chain

if TYPE_CHECKING:
    import networkx

__all__ = ["Neighbour", "RelationshipGraph", "Step", "checked_hops", "collector_off"]


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
    """Personas and relations as a NetworkX graph, with the questions that Sixhop asks of it.

    ``network`` is a ``networkx.MultiDiGraph``: nodes carry ``text`` and ``hop``; an edge runs from the source of a
    Persona-to-Persona step to its target, has the relation's name as key, and carries ``kind`` and ``hop``. Nothing
    here copies it.

    Args:
        personas: The admitted personas.
        relations: The relations between them. An edge to an id that is no persona is kept and reported by
            :func:`simulator.population.consistency.inconsistencies`.
    """

    def __init__(self, personas: Iterable[Persona], relations: Iterable[Relation]) -> None:
        import networkx

        self.network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        with collector_off():
            self.network.add_nodes_from((p.id, {"text": p.text, "hop": p.hop}) for p in personas)
            self.network.add_edges_from((r.source, r.target, r.name, {"kind": r.kind, "hop": r.hop}) for r in relations)

    def __len__(self) -> int:
        """Return the number of personas."""
        return int(self.network.number_of_nodes())

    def __contains__(self, id: str) -> bool:
        return id in self.network

    def text(self, id: str) -> str:
        """Return the text of a persona."""
        return str(self._node(id).get("text", ""))

    def hop(self, id: str) -> int:
        """Return the hop of a persona."""
        return int(self._node(id)["hop"])

    def neighbours(self, id: str) -> list[Neighbour]:
        """Return all personas one relation away, in either direction, outward ones first.

        Raises:
            InputError: No persona has this id.
        """
        self._node(id)
        return list(self._adjacent(id))

    def within(self, id: str, hops: int) -> dict[str, int]:
        """Return every persona at most ``hops`` relations away, followed in either direction, with its distance.

        Args:
            id: Where to start; itself in the result, at 0.
            hops: 0 to 6.

        Raises:
            InputError: No persona has this id, or ``hops`` is out of range.
        """
        self._node(id)
        checked_hops(hops)
        return dict(distances(id, hops, self._around))

    def path(self, start: str, end: str) -> list[Step] | None:
        """Return a shortest chain of relations, followed in either direction.

        Of several shortest chains it is always the same one.

        Returns:
            The steps; an empty list from a persona to itself; ``None`` if no chain joins them.

        Raises:
            InputError: One of the ids is no persona.
        """
        self._node(start)
        self._node(end)
        chain = shortest_chain(start, end, self._around)
        if chain is None:
            return None
        return [self._step(source, target) for source, target in pairwise(chain)]

    def components(self) -> list[set[str]]:
        """Return the sets of personas that relations join, in either direction, largest first."""
        import networkx

        return sorted(networkx.weakly_connected_components(self.network), key=lambda part: (-len(part), min(part)))

    def hops_from_seeds(self) -> dict[str, int]:
        """Return each persona's number of Persona-to-Persona steps from the nearest seed (a persona of hop 0).

        Personas that no seed leads to are not in the result.
        """
        seeds = [id for id, node in self.network.nodes(data=True) if node.get("hop") == 0]
        hops = dict.fromkeys(seeds, 0)
        queue = deque(seeds)
        while queue:
            id = queue.popleft()
            for target in self.network.succ[id]:
                if target not in hops:
                    hops[target] = hops[id] + 1
                    queue.append(target)
        return hops

    def _node(self, id: str) -> dict[str, Any]:
        try:
            node: dict[str, Any] = self.network.nodes[id]
        except KeyError:
            raise InputError(f"No persona has the id {id!r} among the {len(self)} of this graph.") from None
        return node

    def _adjacent(self, id: str) -> Iterator[Neighbour]:
        for target, edges in self.network.succ[id].items():
            for name, edge in edges.items():
                yield Neighbour(target, name, edge["kind"], outward=True)
        for source, edges in self.network.pred[id].items():
            for name, edge in edges.items():
                yield Neighbour(source, name, edge["kind"], outward=False)

    def _around(self, id: str) -> Iterator[str]:
        yield from self.network.succ[id]
        yield from self.network.pred[id]

    def _step(self, source: str, target: str) -> Step:
        outward = target in self.network.succ[source]
        edges = self.network.succ[source][target] if outward else self.network.pred[source][target]
        name, edge = next(iter(edges.items()))
        return Step(source, target, name, edge["kind"], outward)


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


@contextmanager
def collector_off() -> Iterator[None]:
    """Switch cyclic garbage collection off while millions of small objects are made, none of them garbage.

    The collector would walk all of them again and again: it takes half of the time of a large build.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
