"""From entries and replies to SQL statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from simulator.models.base import canonical_json
from simulator.models.decision import Decision
from simulator.models.message import Reply
from simulator.models.persona import Persona
from simulator.models.unit import Failure, UnitResult
from simulator.runs.entry import Entry, Product
from simulator.runs.writer import Statement

__all__ = ["REFERENCE", "entry_statements", "failure_statement", "input_statement", "meta_statement", "reply_statement"]

REFERENCE = "$product"
"""Stands for a unit's value that is its product: kind and id of that."""

_WHOLE = ("conversation", "outcome")
"""Kinds of product that are a unit's whole value and never change."""

_PUT_REPLY = (
    "INSERT OR IGNORE INTO replies (key,model,role,stage,finish,text,prompt_tokens,completion_tokens,cached_tokens,"
    "repaired,usd) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_PUT_UNIT = "INSERT INTO units (id,stage,role,state,inputs,seed,result) VALUES (?,?,?,?,?,?,?)"
_PUT_PERSONA = "INSERT INTO personas (id,text,hop,origin,source,question,unit,attributes) VALUES (?,?,?,?,?,?,?,?)"
_PUT_RELATION = "INSERT INTO relations (source,target,name,kind,hop,unit) VALUES (?,?,?,?,?,?)"
_PUT_DECISION = (
    "INSERT INTO decisions (subject,candidate,text,admitted,stage,survivor,score,reason,unit)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)
_PUT_FAILURE = "INSERT OR IGNORE INTO failures (unit,stage,role,cause,message,raw,attempts) VALUES (?,?,?,?,?,?,?)"


def reply_statement(key: str, reply: Reply, role: str, stage: str) -> Statement:
    """Return the statement that stores ``reply``; a key that is there already keeps its reply."""
    usage = reply.usage
    row = (key, reply.model, role, stage, reply.finish, reply.text, usage.prompt, usage.completion, usage.cached)
    return Statement(_PUT_REPLY, [(*row, int(reply.repaired), reply.usd)])


def failure_statement(failures: Sequence[Failure]) -> Statement:
    """Return the statement that stores ``failures``."""
    rows = [(f.unit, f.stage, f.role, f.cause, f.message, f.raw, f.attempts) for f in failures]
    return Statement(_PUT_FAILURE, rows)


def input_statement(kind: str, rows: Iterable[tuple[str, Any]]) -> Statement:
    """Return the statement that stores inputs of ``kind``; an id that is there already stays as it is."""
    sql = "INSERT OR IGNORE INTO inputs (kind,id,body) VALUES (?,?,?)"
    return Statement(sql, [(kind, id_, canonical_json(body)) for id_, body in rows])


def meta_statement(values: Mapping[str, Any]) -> Statement:
    """Return the statement that stores JSON-able values under their names."""
    rows = [(key, canonical_json(value)) for key, value in values.items()]
    return Statement("INSERT OR REPLACE INTO meta VALUES (?,?)", rows)


def entry_statements(entry: Entry) -> Iterator[Statement]:
    """Yield the statements that write ``entry``, in order."""
    yield from _unit_statements(entry)
    if entry.personas:
        yield Statement(_PUT_PERSONA, [_persona_row(persona) for persona in entry.personas])
    if entry.nearer:
        yield Statement("UPDATE personas SET hop = ? WHERE id = ?", [(p.hop, p.id) for p in entry.nearer])
    if entry.changed:
        sql = "UPDATE relations SET hop = ? WHERE source = ? AND target = ? AND name = ?"
        yield Statement(sql, [(r.hop, r.source, r.target, r.name) for r in entry.changed])
    if entry.relations:
        yield Statement(_PUT_RELATION, [(r.source, r.target, r.name, r.kind, r.hop, r.unit) for r in entry.relations])
    if entry.decisions:
        yield Statement(_PUT_DECISION, [_decision_row(decision) for decision in entry.decisions])
    unit = entry.unit.id if entry.unit else ""
    for product in entry.products:
        row = (product.kind, product.id, product.persona, unit, canonical_json(product.body))
        yield _product_statement(row, product.replace)


def _unit_statements(entry: Entry) -> Iterator[Statement]:
    unit, result = entry.unit, entry.result
    if unit is None or result is None:
        return
    failure = result.failure
    state = "failed" if failure else "done"
    inputs, body = canonical_json(unit.inputs), canonical_json(_once(result, entry.products))
    yield Statement(_PUT_UNIT, [(unit.id, unit.stage, unit.role, state, inputs, unit.seed, body)])
    if failure:
        yield failure_statement([failure])


def _once(result: UnitResult, products: Sequence[Product]) -> Any:
    """Return ``result``, with a reference where its value is the unit's product: a long conversation is stored once."""
    body = products[0].body if len(products) == 1 and products[0].kind in _WHOLE else None
    if body is None or result.value != body.model_dump(mode="json"):
        return result
    return {
        **result.model_dump(mode="json", exclude={"value"}),
        "value": {REFERENCE: [products[0].kind, products[0].id]},
    }


def _product_statement(row: tuple[str, ...], replace: bool) -> Statement:
    insert = "INSERT INTO products (kind,id,persona,unit,body) VALUES (?,?,?,?,?)"
    return Statement(insert + (" ON CONFLICT (kind,id) DO UPDATE SET body = excluded.body" if replace else ""), [row])


def _persona_row(persona: Persona) -> tuple[Any, ...]:
    p = persona
    return (p.id, p.text, p.hop, p.origin, p.source, p.question, p.unit, canonical_json(p.attributes))


def _decision_row(d: Decision) -> tuple[Any, ...]:
    return (d.subject, d.candidate, d.text, int(d.admitted), d.stage, d.survivor, d.score, d.reason, d.unit)
