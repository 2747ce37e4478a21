"""The relationship graph around a persona, and the way from one persona to another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from simulator.explorer import asked
from simulator.explorer.people import row_of
from simulator.explorer.reader import Look
from simulator.population.graph.neighbourhood import neighbourhood, relations_between

__all__ = ["around", "path"]

_MOST_RELATIONS = 2_000


def around(look: Look, reference: str, wanted: asked.Around) -> dict[str, Any]:
    """Return who is near to a persona, ring by ring, with the relations between them; and how many had no room."""
    centre = look.persona(reference).id
    graph = look.graph
    part = neighbourhood(graph, centre, wanted.most, wanted.hops)
    places = np.full(len(graph.arrays.ids), -1, dtype=np.int32)
    places[part.rows] = np.arange(len(part.rows))
    edges = relations_between(graph, part.rows)
    arrays = graph.arrays
    people = [
        {**row_of(graph, arrays.ids[row]), "distance": distance}
        for row, distance in zip(part.rows.tolist(), part.distances.tolist(), strict=True)
    ]
    relations = [
        {
            "source": int(places[arrays.sources[edge]]),
            "target": int(places[arrays.targets[edge]]),
            "relation": arrays.names[arrays.edge_names[edge]],
            "kind": arrays.kinds[arrays.edge_kinds[edge]],
        }
        for edge in edges[:_MOST_RELATIONS].tolist()
    ]
    rings = [asdict(ring) for ring in part.rings]
    return {
        "centre": int(places[graph.row(centre)]),
        "hops": wanted.hops,
        "people": people,
        "relations": relations,
        "relations_left": max(0, len(edges) - _MOST_RELATIONS),
        "rings": rings,
    }


def path(look: Look, wanted: asked.Path) -> dict[str, Any]:
    """Return a shortest chain of relations from one persona to another; its steps are ``None`` if there is none."""
    start, end = look.persona(wanted.a).id, look.persona(wanted.b).id
    graph = look.graph
    steps = graph.path(start, end)
    ids = dict.fromkeys([start, *(step.target for step in steps or ()), end])
    return {
        "from": start,
        "to": end,
        "steps": None if steps is None else [asdict(step) for step in steps],
        "people": {id: row_of(graph, id) for id in ids},
    }
