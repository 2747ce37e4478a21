"""The relationship graph as one HTML page that needs nothing else: no server, no network, no installation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file
from simulator.exports.network_rows import Around, printable, read_graph
from simulator.population.graph.adjacency import Rows
from simulator.population.graph.arrays import UNKNOWN
from simulator.population.graph.neighbourhood import Neighbourhood, neighbourhood, relations_between
from simulator.population.graph.relationship_graph import RelationshipGraph
from simulator.population.graph.stats import central
from simulator.transport.body import shorten

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["MAX_PERSONAS", "MAX_RELATIONS", "export_page", "page"]

MAX_PERSONAS = 1_500
"""People on a page: the browser lays them out while one looks, in a second or two, and more would be a grey ball."""

MAX_RELATIONS = 6_000
"""Relations on a page."""

_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""JSON that stands in a script element must not be able to end it, nor begin a comment."""


@dataclass(frozen=True)
class _Part:
    """What of a graph is shown, and why not all.

    Attributes:
        rows: Rows of the personas, in order of admission.
        edges: Numbers of the relations between them.
        note: The reason, in words; empty if everything is shown.
    """

    rows: Rows
    edges: Rows
    note: str


def export_page(ledger: Ledger, folder: Path, around: Around | None = None) -> Mapping[str, int]:
    """Write ``graph.html`` into ``folder``, and return how many personas and relations it shows.

    Args:
        ledger: The record of the run.
        folder: Made if it is not there.
        around: Whose surroundings to show; everybody by default, of a large graph those around the most connected one.

    Raises:
        ExportError: The run has no personas, or the file cannot be written.
        InputError: No persona has the id of ``around``.
    """
    graph = read_graph(ledger)
    if not len(graph):
        raise ExportError(f"the run of {str(ledger.path)!r} has no personas yet: there is no graph to write")
    part = _part(graph, around)
    with atomic_file(folder / "graph.html") as file:
        file.write(_filled(graph, part, ledger.path.absolute().parent.name).encode())
    return {"personas": len(part.rows), "relations": len(part.edges)}


def page(graph: RelationshipGraph, title: str, around: Around | None = None) -> str:
    """Return the page of ``graph``; of a graph of more than 1,500 personas, of a part that the page states.

    Args:
        graph: With at least one persona.
        title: Stands above; any text.
        around: As for :func:`export_page`.
    """
    return _filled(graph, _part(graph, around), title)


def _part(graph: RelationshipGraph, around: Around | None) -> _Part:
    people = np.flatnonzero(graph.arrays.hops != UNKNOWN).astype(np.int32)
    note = ""
    if around is not None or len(people) > MAX_PERSONAS:
        near = neighbourhood(
            graph,
            around.persona if around else central(graph, 1)[0][0],
            MAX_PERSONAS,
            around.hops if around else None,
        )
        people, note = near.rows, _note(graph, near, around)
    edges = relations_between(graph, people)
    if len(edges) > MAX_RELATIONS:
        note += f" Of the {len(edges):,} relations between them, the first {MAX_RELATIONS:,}."
        edges = edges[:MAX_RELATIONS]
    return _Part(people, edges, note.strip())


def _note(graph: RelationshipGraph, near: Neighbourhood, around: Around | None) -> str:
    """Return who is shown and who is not, in words."""
    shown, steps = len(near.rows), int(near.distances.max())
    whom = f"“{shorten(graph.text(around.persona), 80)}”" if around else "the most connected one"
    said = f"A part of the graph: {shown:,} of {len(graph):,} personas, those at most {steps} steps from {whom}."
    left = sum(ring.personas - ring.shown for ring in near.rings)
    if left:
        said += f" {left:,} more are left out, so that a browser stays quick; of the farthest, an even sample is shown."
    return said


def _filled(graph: RelationshipGraph, part: _Part, title: str) -> str:
    template, style, script = (_asset(name) for name in ("graph.html", "graph.css", "graph.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    filling = {
        "STYLE": style,
        "SCRIPT": script,
        "HASH": digest,  # the browser runs this script and no other, whatever a text tries
        "DATA": _json(_data(graph, part, title)),
    }
    pieces = template.split("@@")
    return "".join(piece if place % 2 == 0 else filling[piece] for place, piece in enumerate(pieces))


def _asset(name: str) -> str:
    return (resources.files("simulator.exports") / "page" / name).read_text(encoding="utf-8")


def _data(graph: RelationshipGraph, part: _Part, title: str) -> dict[str, Any]:
    arrays = graph.arrays
    places = np.zeros(len(arrays.ids), dtype=np.int32)
    places[part.rows] = np.arange(len(part.rows))
    edges = part.edges
    columns = (places[arrays.sources[edges]], places[arrays.targets[edges]], arrays.edge_names[edges])
    return {
        "title": printable(title),
        "note": part.note,
        "personas": [
            [arrays.ids[row], printable(arrays.texts[row]), int(arrays.hops[row])] for row in part.rows.tolist()
        ],
        "relations": np.stack([*columns, arrays.edge_kinds[edges]], axis=1).tolist(),
        "names": [printable(name) for name in arrays.names],
        "kinds": list(arrays.kinds),
    }


def _json(value: Any) -> str:
    text = orjson.dumps(value).decode()
    for letter, escape in _IN_SCRIPT.items():
        text = text.replace(letter, escape)
    return text
