"""What must hold of every relationship graph, and what does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.models.persona import MAX_HOP
from simulator.population.graph.arrays import UNKNOWN
from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["inconsistencies"]


def inconsistencies(graph: RelationshipGraph) -> list[str]:
    """Return one sentence for each way in which ``graph`` contradicts itself; an empty list if it does not.

    A persona's hop is its shortest distance from a seed along the relations and at most 6; a relation's hop is its
    source's plus one; both ends of a relation are admitted personas; nobody is related to oneself.
    """
    return [*_wrong_hops(graph), *_wrong_edges(graph)]


def _wrong_hops(graph: RelationshipGraph) -> Iterator[str]:
    distances = graph.hops_from_seeds()
    for id, hop in zip(graph.arrays.ids, graph.arrays.hops.tolist(), strict=True):
        if hop == UNKNOWN:
            continue  # no persona at all: reported with its relations
        distance = distances.get(id)
        if distance is None:
            yield f"{id} has hop {hop}, but no relations lead to it from a seed."
        elif hop != distance:
            yield f"{id} has hop {hop}, but is {distance} steps from the nearest seed."
        if hop > MAX_HOP:
            yield f"{id} has hop {hop}: the limit is {MAX_HOP}."


def _wrong_edges(graph: RelationshipGraph) -> Iterator[str]:
    arrays = graph.arrays
    source_hops, target_hops = arrays.hops[arrays.sources], arrays.hops[arrays.targets]
    unknown = (source_hops == UNKNOWN) | (target_hops == UNKNOWN)
    wrong = unknown | (arrays.sources == arrays.targets) | (arrays.edge_hops != source_hops + 1)
    if not wrong.any():
        return
    suspects = set(np.flatnonzero(wrong).tolist())
    for number, edge in enumerate(arrays.edges()):
        if number not in suspects:
            continue
        told = f"The relation {edge.name!r} from {edge.source} to {edge.target}"
        if edge.source == edge.target:
            yield f"{told} joins a persona with itself."
        if unknown[number]:
            strangers = [id for id in (edge.source, edge.target) if id not in graph]
            yield f"{told} names {' and '.join(strangers)}, which was not admitted."
        elif edge.hop != source_hops[number] + 1:
            yield f"{told} has hop {edge.hop}, but its source has hop {source_hops[number]}."
