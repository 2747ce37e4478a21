"""The relationship graph as GraphML (yEd, igraph, NetworkX) and as GEXF 1.3 (Gephi), written element by element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from simulator.exports.network_rows import EDGE_FIELDS, NODE_FIELDS, NetworkRows, Value

__all__ = ["gexf", "graphml"]

_MARKUP = re.compile("[&<>\"'\t\n\r]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
"""Space that is not a blank is written as a reference: readers would turn it into blanks within an attribute."""

_GRAPHML_TYPES = {str: "string", int: "int"}
_GEXF_TYPES = {str: "string", int: "integer"}


def graphml(rows: NetworkRows) -> Iterator[str]:
    """Yield the lines of a GraphML document; an edge's relation and kind are data of it, nodes keep their ids."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns '
        'http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">'
    )
    for about, fields in (("node", NODE_FIELDS), ("edge", EDGE_FIELDS)):
        for name, type_ in fields.items():
            key = f'id="{about}-{name}" for="{about}" attr.name="{name}" attr.type="{_GRAPHML_TYPES[type_]}"'
            yield f"<key {key}/>"
    yield '<graph id="population" edgedefault="directed">'
    for id, values in rows.nodes():
        yield f'<node id="{_escaped(id)}">{_data("node", NODE_FIELDS, values)}</node>'
    for number, (source, target, values) in enumerate(rows.edges()):
        ends = f'source="{_escaped(source)}" target="{_escaped(target)}"'
        yield f'<edge id="e{number}" {ends}>{_data("edge", EDGE_FIELDS, values)}</edge>'
    yield "</graph>"
    yield "</graphml>"


def gexf(rows: NetworkRows) -> Iterator[str]:
    """Yield the lines of a GEXF document; a persona's text is its node's label, a relation's name its edge's."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<gexf xmlns="http://gexf.net/1.3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://gexf.net/1.3 http://gexf.net/1.3/gexf.xsd" version="1.3">'
    )
    yield "<meta><creator>Sixhop</creator><description>personas and their relations</description></meta>"
    yield '<graph mode="static" defaultedgetype="directed" idtype="string">'
    nodes, edges = _without(NODE_FIELDS, "text"), _without(EDGE_FIELDS, "relation")
    for about, fields in (("node", nodes), ("edge", edges)):
        yield f'<attributes class="{about}" mode="static">'
        for number, name in enumerate(fields):
            yield f'<attribute id="{number}" title="{name}" type="{_GEXF_TYPES[fields[name]]}"/>'
        yield "</attributes>"
    yield "<nodes>"
    for id, (text, *values) in rows.nodes():
        yield f'<node id="{_escaped(id)}" label="{_escaped(text)}">{_attvalues(values)}</node>'
    yield "</nodes>"
    yield "<edges>"
    for number, (source, target, (relation, *values)) in enumerate(rows.edges()):
        ends = f'source="{_escaped(source)}" target="{_escaped(target)}" label="{_escaped(relation)}"'
        yield f'<edge id="{number}" {ends}>{_attvalues(values)}</edge>'
    yield "</edges>"
    yield "</graph>"
    yield "</gexf>"


def _without(fields: dict[str, type], name: str) -> dict[str, type]:
    return {field: type_ for field, type_ in fields.items() if field != name}


def _data(about: str, fields: Iterable[str], values: Iterable[Value]) -> str:
    told = zip(fields, values, strict=True)
    return "".join(f'<data key="{about}-{name}">{_escaped(value)}</data>' for name, value in told if value != "")


def _attvalues(values: Iterable[Value]) -> str:
    told = [f'<attvalue for="{n}" value="{_escaped(value)}"/>' for n, value in enumerate(values) if value != ""]
    return f"<attvalues>{''.join(told)}</attvalues>"


def _escaped(value: Value) -> str:
    return str(value) if isinstance(value, int) else _MARKUP.sub(_escape, value)


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    return _ESCAPES.get(found) or f"&#{ord(found)};"
