"""What must hold of every relationship graph, and what does not."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.models.persona import MAX_HOP
from simulator.population.graph import RelationshipGraph

__all__ = ["inconsistencies"]


def inconsistencies(graph: RelationshipGraph) -> list[str]:
    """Return one sentence for each way in which ``graph`` contradicts itself; an empty list if it does not.

    A persona's hop is its shortest distance from a seed along the relations and at most 6; a relation's hop is its
    source's plus one; both ends of a relation are admitted personas; nobody is related to oneself.
    """
    return [*_wrong_hops(graph), *_wrong_edges(graph)]


def _wrong_hops(graph: RelationshipGraph) -> Iterator[str]:
    distances = graph.hops_from_seeds()
    for id, node in graph.network.nodes(data=True):
        hop = node.get("hop")
        if hop is None:
            continue  # no persona at all: reported with its edges
        distance = distances.get(id)
        if distance is None:
            yield f"{id} has hop {hop}, but no relations lead to it from a seed."
        elif hop != distance:
            yield f"{id} has hop {hop}, but is {distance} steps from the nearest seed."
        if hop > MAX_HOP:
            yield f"{id} has hop {hop}: the limit is {MAX_HOP}."


def _wrong_edges(graph: RelationshipGraph) -> Iterator[str]:
    nodes = graph.network.nodes
    for source, target, name, edge in graph.network.edges(keys=True, data=True):
        told = f"The relation {name!r} from {source} to {target}"
        if source == target:
            yield f"{told} joins a persona with itself."
        unknown = [id for id in (source, target) if "hop" not in nodes[id]]
        if unknown:
            yield f"{told} names {' and '.join(unknown)}, which was not admitted."
        elif edge["hop"] != nodes[source]["hop"] + 1:
            yield f"{told} has hop {edge['hop']}, but its source has hop {nodes[source]['hop']}."
