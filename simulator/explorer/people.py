"""The people of a run: lists by words, hop and number of relations, and one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.explorer import asked
from simulator.explorer.reader import Look
from simulator.models.persona import Persona
from simulator.population.graph.lookup import look_up
from simulator.population.graph.relationship_graph import RelationshipGraph
from simulator.runs.part import Part

__all__ = ["PAGE", "listed", "person", "relations_of", "row_of"]

PAGE = 50
"""People, or relations of one, on a page."""


def listed(look: Look, wanted: asked.People) -> dict[str, Any]:
    """Return a page of the people who fit."""
    graph = look.graph
    rows = look_up(graph, wanted.q, wanted.hop)
    if wanted.cast:
        known = [graph.arrays.rows[id] for id in look.run.cast if id in graph]
        rows = rows[np.isin(rows, np.asarray(known, dtype=np.int32))]
    if wanted.order == "relations":
        rows = rows[np.argsort(-graph.arrays.degrees[rows], kind="stable")]
    start = (wanted.page - 1) * PAGE
    ids = [graph.arrays.ids[row] for row in rows[start : start + PAGE].tolist()]
    return {"total": len(rows), "page": wanted.page, "size": PAGE, "people": [row_of(graph, id) for id in ids]}


def person(look: Look, reference: str) -> dict[str, Any]:
    """Return one persona: where it comes from, how many records there are of it, the first page of its relations."""
    one = look.persona(reference)
    return {
        "persona": one.model_dump(mode="json"),
        "in_cast": one.id in look.run.cast,
        "source": _source(look, one),
        "unit": _unit(look, one.unit),
        "relations": relations_of(look, one.id, asked.Page()),
        "duplicates": look.run.ledger.count("decisions", Part("NOT admitted AND survivor = ?", (one.id,))),
        "products": dict(
            look.run.ledger.rows("SELECT kind, COUNT(*) FROM products WHERE persona = ? GROUP BY kind", (one.id,))
        ),
    }


def relations_of(look: Look, reference: str, wanted: asked.Page) -> dict[str, Any]:
    """Return a page of a persona's relations in both directions, those that lead away from it first."""
    graph = look.graph
    found = graph.neighbours(look.persona(reference).id)
    start = (wanted.page - 1) * PAGE
    told = [
        {**row_of(graph, one.id), "relation": one.relation, "kind": one.kind, "outward": one.outward}
        for one in found[start : start + PAGE]
    ]
    return {"total": len(found), "page": wanted.page, "size": PAGE, "relations": told}


def row_of(graph: RelationshipGraph, id: str) -> dict[str, Any]:
    """Return what a list tells of a persona."""
    row = graph.row(id)
    arrays = graph.arrays
    return {"id": id, "text": arrays.texts[row], "hop": int(arrays.hops[row]), "relations": int(arrays.degrees[row])}


def _source(look: Look, one: Persona) -> dict[str, Any]:
    """Return what the persona came from: the text, the person, or the row of a file."""
    if one.origin == "persona":
        return {"kind": "persona", "id": one.source, "text": look.texts([one.source]).get(one.source, "")}
    if one.origin == "text":
        found = look.run.ledger.inputs("text", Part("id = ?", (one.source,)))
        body = found[0][1] if found else {}
        return {"kind": "text", "id": one.source, "name": body.get("source", ""), "text": body.get("text", "")}
    return {"kind": "import", "id": one.source}


def _unit(look: Look, id: str) -> dict[str, Any] | None:
    """Return the unit that made the persona, with the drafts that its checks turned down."""
    found = next(look.run.ledger.results(None, Part("id = ?", (id,))), None)
    if found is None:
        return None
    unit, result = found
    return {
        "id": id,
        "stage": unit.stage,
        "role": unit.role,
        "seed": unit.seed,
        "inputs": unit.inputs,
        "score": result.score,
        "rejected": [attempt.model_dump() for attempt in result.rejected],
    }
