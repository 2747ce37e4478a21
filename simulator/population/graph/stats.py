"""Figures of a relationship graph: hops, kinds, yields, degrees, components, degrees of separation."""

from __future__ import annotations

from collections import Counter

import numpy as np

from simulator.models.base import Record, derive_seed
from simulator.models.persona import MAX_HOP
from simulator.population.graph.adjacency import components, distances_from
from simulator.population.graph.arrays import UNKNOWN
from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["GraphStats", "Separation", "central", "graph_stats", "separation"]


class Separation(Record):
    """How many steps lie between two personas, over sampled starts and everybody else.

    Attributes:
        starts: Number of personas that distances were measured from.
        steps: Number of pairs by distance; relations are followed in either direction.
        apart: Pairs that no chain of relations joins.
    """

    starts: int
    steps: dict[int, int]
    apart: int

    @property
    def mean(self) -> float | None:
        """Mean distance of the joined pairs; ``None`` if there is no such pair."""
        pairs = sum(self.steps.values())
        return sum(steps * count for steps, count in self.steps.items()) / pairs if pairs else None

    @property
    def within_six(self) -> float:
        """Share of all pairs, those that nothing joins included, that at most six steps lie between; 0 to 1."""
        pairs = sum(self.steps.values()) + self.apart
        near = sum(count for steps, count in self.steps.items() if steps <= MAX_HOP)
        return near / pairs if pairs else 0.0


class GraphStats(Record):
    """Figures of a graph.

    Attributes:
        personas: Number of personas.
        relations: Number of relations.
        by_hop: Personas by hop.
        relations_by_hop: Relations by hop (the number of steps when it is the last of a shortest path).
        yield_by_hop: New personas a relation, by hop: what is not new led to somebody who was known.
        by_kind: Relations by kind.
        by_name: The commonest names of relations, with how often each occurs.
        names: Number of different names.
        degree_mean: Relations a persona, in either direction.
        degree_max: Most relations of one persona.
        by_degree: Personas by their number of relations, in classes that double: ``0``, ``1``, ``2-3``, ``4-7``, ...
        alone: Personas without any relation.
        components: Number of groups that relations join, single personas included.
        largest: Personas in the largest group.
        separation: Steps between personas.
    """

    personas: int
    relations: int
    by_hop: dict[int, int]
    relations_by_hop: dict[int, int]
    yield_by_hop: dict[int, float]
    by_kind: dict[str, int]
    by_name: dict[str, int]
    names: int
    degree_mean: float
    degree_max: int
    by_degree: dict[str, int]
    alone: int
    components: int
    largest: int
    separation: Separation


def graph_stats(graph: RelationshipGraph, starts: int = 16, seed: int = 0, names: int = 12) -> GraphStats:
    """Return the figures of ``graph``.

    Args:
        graph: Any graph.
        starts: How many personas to measure distances from; a million personas take about half a second each.
        seed: Seed of their choice.
        names: How many of the commonest relation names to tell.
    """
    arrays = graph.arrays
    known = arrays.hops != UNKNOWN
    degrees = arrays.degrees[known]
    groups = (
        np.bincount(components(len(arrays.ids), arrays.sources, arrays.targets)) if len(known) else np.zeros(0, int)
    )
    by_hop = _counts(arrays.hops[known])
    relations_by_hop = _counts(arrays.edge_hops)
    commonest = Counter(dict(zip(arrays.names, np.bincount(arrays.edge_names).tolist(), strict=True)))
    return GraphStats(
        personas=len(graph),
        relations=len(arrays.sources),
        by_hop=by_hop,
        relations_by_hop=relations_by_hop,
        yield_by_hop={hop: by_hop.get(hop, 0) / count for hop, count in relations_by_hop.items()},
        by_kind=dict(zip(arrays.kinds, np.bincount(arrays.edge_kinds).tolist(), strict=True)),
        by_name=dict(commonest.most_common(names)),
        names=len(arrays.names),
        degree_mean=float(degrees.mean()) if len(degrees) else 0.0,
        degree_max=int(degrees.max(initial=0)),
        by_degree=_doubling(degrees),
        alone=int((degrees == 0).sum()),
        components=int((groups > 0).sum()),
        largest=int(groups.max(initial=0)),
        separation=separation(graph, starts, seed),
    )


def separation(graph: RelationshipGraph, starts: int = 16, seed: int = 0) -> Separation:
    """Return the distances from ``starts`` personas, chosen by ``seed``, to all others."""
    arrays = graph.arrays
    personas = np.flatnonzero(arrays.hops != UNKNOWN)
    generator = np.random.Generator(np.random.PCG64(derive_seed("separation", seed)))
    chosen = generator.choice(personas, min(starts, len(personas)), replace=False) if len(personas) else personas
    steps: Counter[int] = Counter()
    apart = 0
    for row in chosen.tolist():
        distances = distances_from(np.asarray([row], dtype=np.int32), (arrays.outward, arrays.inward))[personas]
        apart += int((distances < 0).sum())
        steps.update(_counts(distances[distances > 0]))
    return Separation(starts=len(chosen), steps=dict(sorted(steps.items())), apart=apart)


def central(graph: RelationshipGraph, count: int = 10) -> list[tuple[str, int]]:
    """Return the personas with the most relations in either direction, and how many; of equals the earlier first."""
    degrees = graph.arrays.degrees
    order = np.argsort(-degrees, kind="stable")[:count]
    return [(graph.arrays.ids[row], int(degrees[row])) for row in order.tolist()]


def _doubling(degrees: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, int]:
    classes = np.bincount(np.frexp(degrees)[1]) if len(degrees) else np.zeros(0, dtype=np.int64)
    names = ["0", "1", *(f"{2**power}-{2 ** (power + 1) - 1}" for power in range(1, len(classes)))]
    return {name: int(count) for name, count in zip(names, classes.tolist(), strict=False) if count}


def _counts(values: np.ndarray[tuple[int, ...], np.dtype[np.integer]]) -> dict[int, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
