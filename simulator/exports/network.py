"""The relationship graph for other programs: GraphML, GEXF, node-link JSON, two CSV tables. Written row by row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from simulator.exports.atomic import atomic_file
from simulator.exports.network_rows import EDGE_FIELDS, NODE_FIELDS, Around, NetworkRows, Value
from simulator.exports.network_xml import gexf, graphml

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["NetworkFormat", "export_network"]

NetworkFormat = Literal["graphml", "gexf", "node-link", "csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, also behind the space that it trims."""

_PART = 1 << 16
"""Characters written at once."""


def export_network(ledger: Ledger, folder: Path, to: NetworkFormat, around: Around | None = None) -> dict[str, int]:
    """Write the personas and relations of a run into ``folder``, and return how many of each.

    The files are ``graph.graphml``, ``graph.gexf``, ``graph.json``, or ``nodes.csv`` and ``edges.csv``. Rows go
    through one by one: memory does not grow with the run, unless a part of it is asked for.

    Args:
        ledger: The record of the run.
        folder: Made if it is not there.
        to: The format.
        around: Whose surroundings to write; everybody by default.

    Raises:
        ExportError: The run has no personas, or a file cannot be written.
        InputError: No persona has the id of ``around``, or its hops are out of range.
    """
    with ledger.snapshot():
        rows = NetworkRows.of(ledger, around)
        rows.check()
        for name, lines in _FILES[to].items():
            _write(folder / name, lines(rows))
        return rows.counts()


def _write(path: Path, lines: Iterable[str]) -> None:
    with atomic_file(path) as file:
        part: list[str] = []
        held = 0
        for line in lines:
            part.append(line)
            held += len(line)
            if held > _PART:
                file.write("\n".join([*part, ""]).encode())
                part, held = [], 0
        file.write("\n".join([*part, ""]).encode())


def _node_link(rows: NetworkRows) -> Iterator[str]:
    """Yield what NetworkX's ``node_link_graph`` reads; an edge's key is the relation's name."""
    yield '{"directed": true, "multigraph": true, "graph": {}, "nodes": ['
    yield from _listed({"id": id, **_node(values)} for id, values in rows.nodes())
    yield '], "edges": ['
    yield from _listed(
        {"source": source, "target": target, "key": values[0], **dict(zip(EDGE_FIELDS, values, strict=True))}
        for source, target, values in rows.edges()
    )
    yield "]}"


def _node(values: tuple[Value, ...]) -> dict[str, Any]:
    told: dict[str, Any] = dict(zip(NODE_FIELDS, values, strict=True))
    told["attributes"] = json.loads(told["attributes"])  # JSON needs no scalars
    return {name: value for name, value in told.items() if value not in ("", {})}


def _listed(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = ""
    for one in objects:
        yield before + orjson.dumps(one).decode()
        before = ","


def _nodes_csv(rows: NetworkRows) -> Iterator[str]:
    yield from _table(["id", "label", *list(NODE_FIELDS)[1:]], ([id, *values] for id, values in rows.nodes()))


def _edges_csv(rows: NetworkRows) -> Iterator[str]:
    head: list[Value] = ["source", "target", "label", *list(EDGE_FIELDS)[1:]]
    yield from _table(head, ([source, target, *values] for source, target, values in rows.edges()))


def _table(head: list[Value], rows: Iterable[list[Value]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")  # what ends lines is quoted within cells
    for row in chain([head], rows):
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue()[:-2]
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Value) -> Value:
    """Return ``value`` as text that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


_FILES: Mapping[NetworkFormat, Mapping[str, Callable[[NetworkRows], Iterator[str]]]] = {
    "graphml": {"graph.graphml": graphml},
    "gexf": {"graph.gexf": gexf},
    "node-link": {"graph.json": _node_link},
    "csv": {"nodes.csv": _nodes_csv, "edges.csv": _edges_csv},
}
