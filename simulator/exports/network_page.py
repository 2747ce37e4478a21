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
from simulator.exports.network_rows import printable
from simulator.population.adjacency import Rows, distances_from
from simulator.population.graph import RelationshipGraph
from simulator.population.graph_arrays import UNKNOWN
from simulator.population.graph_stats import central

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


def export_page(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    """Write ``graph.html`` into ``folder``, and return how many personas and relations it shows.

    Raises:
        ExportError: The run has no personas, or the file cannot be written.
    """
    with ledger.snapshot():
        graph = RelationshipGraph.of_table(
            ledger.rows("SELECT id, text, hop FROM personas ORDER BY seq"),
            ledger.rows("SELECT source, target, name, kind, hop FROM relations ORDER BY seq"),
        )
    if not len(graph):
        raise ExportError(f"the run of {str(ledger.path)!r} has no personas yet: there is no graph to write")
    part = _part(graph)
    with atomic_file(folder / "graph.html") as file:
        file.write(_filled(graph, part, ledger.path.absolute().parent.name).encode())
    return {"personas": len(part.rows), "relations": len(part.edges)}


def page(graph: RelationshipGraph, title: str) -> str:
    """Return the page of ``graph``; of a graph of more than 1,500 personas, of a part that the page states.

    Args:
        graph: With at least one persona.
        title: Stands above; any text.
    """
    return _filled(graph, _part(graph), title)


def _part(graph: RelationshipGraph) -> _Part:
    arrays = graph.arrays
    people = np.flatnonzero(arrays.hops != UNKNOWN).astype(np.int32)
    note = ""
    if len(people) > MAX_PERSONAS:
        centre, _ = central(graph, 1)[0]
        people, steps = _nearest(graph, centre, people)
        note = (
            f"A part of the graph, so that a browser stays quick: {len(people):,} of {len(graph):,} personas, those "
            f"nearest to the most connected one (up to {steps} steps; of the farthest, an even sample)."
        )
    shown = np.zeros(len(arrays.ids), dtype=bool)
    shown[people] = True
    edges = np.flatnonzero(shown[arrays.sources] & shown[arrays.targets]).astype(np.int32)
    if len(edges) > MAX_RELATIONS:
        note += f" Of the {len(edges):,} relations between them, the first {MAX_RELATIONS:,}."
        edges = edges[:MAX_RELATIONS]
    return _Part(people, edges, note.strip())


def _nearest(graph: RelationshipGraph, centre: str, people: Rows) -> tuple[Rows, int]:
    """Return the rows of the personas nearest to ``centre``, in order of admission, and the distance of the last."""
    arrays = graph.arrays
    start = np.asarray([arrays.rows[centre]], dtype=np.int32)
    distances = distances_from(start, (arrays.outward, arrays.inward))[people]
    joined, distances = people[distances >= 0], distances[distances >= 0]
    steps = 0
    while steps < distances.max(initial=0) and int((distances <= steps + 1).sum()) <= MAX_PERSONAS:
        steps += 1
    whole, farther = joined[distances <= steps], joined[distances == steps + 1]
    room = min(MAX_PERSONAS - len(whole), len(farther))
    some = farther[np.linspace(0, len(farther), room, endpoint=False, dtype=np.int64)]
    return np.sort(np.concatenate([whole, some])), steps + bool(len(some))


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
