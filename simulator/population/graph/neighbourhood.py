"""The part of a relationship graph around one persona that a picture has room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.population.graph.adjacency import Rows, distances_from
from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["Neighbourhood", "Ring", "neighbourhood", "relations_between"]


@dataclass(frozen=True)
class Ring:
    """Everybody at one distance: how many there are, and how many of them are in the part."""

    distance: int
    personas: int
    shown: int


@dataclass(frozen=True)
class Neighbourhood:
    """The personas nearest to one.

    Attributes:
        rows: Rows of the personas that are shown, in order of admission; shape (shown,).
        distances: Number of relations between each of them and the centre; shape (shown,).
        rings: By distance, from 0; rings of which nobody is shown are among them.
    """

    rows: Rows
    distances: Rows
    rings: tuple[Ring, ...]


def neighbourhood(graph: RelationshipGraph, centre: str, most: int, hops: int | None = None) -> Neighbourhood:
    """Return at most ``most`` personas around ``centre``: whole rings, then a sample of the next.

    The sample is even over the order of admission. Whoever is shown has a chain of shown people to the centre.

    Args:
        graph: Any graph.
        centre: A persona's id; it is always in.
        most: At least 1.
        hops: The greatest distance; ``None`` for any.

    Raises:
        InputError: No persona has this id.
    """
    arrays = graph.arrays
    start = np.asarray([graph.row(centre)], dtype=np.int32)
    distances = distances_from(start, (arrays.outward, arrays.inward), hops)
    joined = np.flatnonzero(distances >= 0).astype(np.int32)
    sizes = np.bincount(distances[joined]).tolist()
    parts, rings, room = [], [], most
    for distance, size in enumerate(sizes):
        ring = joined[distances[joined] == distance]
        if size > room:
            ring = ring[np.linspace(0, size, room, endpoint=False, dtype=np.int64)]
        parts.append(ring)
        rings.append(Ring(distance, size, len(ring)))
        room = room - size if size <= room else 0
    rows = np.sort(np.concatenate(parts))
    return Neighbourhood(rows, distances[rows].astype(np.int32), tuple(rings))


def relations_between(graph: RelationshipGraph, rows: Rows) -> Rows:
    """Return the numbers of the relations between the personas in ``rows``, in order of admission."""
    shown = np.zeros(len(graph.arrays.ids), dtype=bool)
    shown[rows] = True
    return np.flatnonzero(shown[graph.arrays.sources] & shown[graph.arrays.targets]).astype(np.int32)
