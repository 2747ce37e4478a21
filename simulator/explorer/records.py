"""What a run made besides people, and what it turned down: pages of records, and records one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.assembly.digest import REJECTED
from simulator.assembly.run import Run
from simulator.errors import InputError, UsageError
from simulator.explorer.asked import RecordPage, RecordsKind
from simulator.explorer.reader import Look
from simulator.models.base import Record
from simulator.models.conversation import STOPS, Conversation
from simulator.models.instruction import Instruction
from simulator.models.npc import Npc
from simulator.models.outcome import Outcome
from simulator.models.problem import Problem, Solution, WrittenText
from simulator.models.tool import Tool
from simulator.runs.entry import ProductKind
from simulator.runs.part import Part

__all__ = ["failure_groups", "record", "records", "rejection_groups"]

_PAGE = 25

_OF_PERSONA = (
    "persona = ? OR (kind = 'tool' AND EXISTS (SELECT 1 FROM json_each(body, '$.personas') WHERE value = ?))"
    # to look for the words is many times faster than to read every conversation as JSON
    " OR (kind = 'conversation' AND instr(body, ?) AND json_extract(body, '$.partner') = ?)"
)
_PASSED = (
    "id IN (SELECT json_extract(body, '$.conversation') FROM products WHERE kind = 'outcome'"
    " AND json_extract(body, '$.passed') = ?)"
)


@dataclass(frozen=True)
class _Kind:
    """A kind of product.

    Attributes:
        product: Its name in the ledger.
        model: Its type.
        filters: What a list of it may be narrowed by, besides a persona.
        people: The personas that one of them speaks of.
        brief: What a list tells of one.
    """

    product: ProductKind
    model: type[Record]
    filters: frozenset[str] = frozenset()
    people: Callable[[Any], Iterable[str | None]] = lambda one: (one.persona,)
    brief: Callable[[Any], dict[str, Any]] = lambda one: dict(one.model_dump(mode="json"))


def _conversation(one: Conversation) -> dict[str, Any]:
    told = one.model_dump(mode="json", include={"id", "persona", "partner", "situation", "behaviours", "stop", "fault"})
    labels = [label.detector for turn in one.turns for label in turn.labels]
    opens = one.turns[0].content[:400] if one.turns else ""
    ended = STOPS[one.stop]
    goal = one.goal.holds if one.goal else None
    return {**told, "ended": ended, "turns": len(one.turns), "opens": opens, "labels": labels, "goal": goal}


def _tool(one: Tool) -> dict[str, Any]:
    return {**one.model_dump(mode="json"), "schema": one.input_schema()}


_KINDS: Mapping[RecordsKind, _Kind] = {
    "instructions": _Kind("instruction", Instruction),
    "conversations": _Kind(
        "conversation",
        Conversation,
        frozenset({"stop", "passed"}),
        people=lambda one: (one.persona, one.partner),
        brief=_conversation,
    ),
    "npcs": _Kind("npc", Npc),
    "tools": _Kind("tool", Tool, people=lambda one: one.personas, brief=_tool),
    "problems": _Kind("problem", Problem),
    "texts": _Kind("text", WrittenText),
}


def records(look: Look, kind: RecordsKind, wanted: RecordPage) -> dict[str, Any]:
    """Return a page of the records of ``kind``, with the texts of the people they speak of.

    Raises:
        UsageError: The kind cannot be narrowed by what was asked.
    """
    if kind == "rejections":
        return _rejections(look, wanted)
    if kind == "failures":
        return _failures(look, wanted)
    return _products(look, kind, _KINDS[kind], wanted)


def record(look: Look, kind: RecordsKind, id: str) -> dict[str, Any]:
    """Return the record with ``id``, whole, with the texts of the people it speaks of.

    Raises:
        InputError: There is none.
    """
    chosen = _KINDS.get(kind)
    if chosen is None:
        raise UsageError(f"{kind} are read as a list; allowed here: {', '.join(_KINDS)}")
    body = next(look.run.ledger.products(chosen.product, Part("id = ?", (id,))), None)
    if body is None:
        raise InputError(f"None of the {kind} has the id {id!r}.")
    one = chosen.model.model_validate(body)
    people = look.texts(chosen.people(one))
    if isinstance(one, Conversation):
        return {"record": _talk(look, one), "people": people}
    if isinstance(one, Tool):
        return {"record": _tool(one), "people": people}
    return {"record": one.model_dump(mode="json"), "people": people}


def _talk(look: Look, one: Conversation) -> dict[str, Any]:
    """Return a conversation with its outcome, if it tests an assistant."""
    told = one.model_dump(mode="json")
    outcome = _answering(look, Outcome, "outcome", "conversation", [told]).get(one.id)
    return {**told, "ended": STOPS[one.stop], "outcome": outcome}


def _products(look: Look, name: str, kind: _Kind, wanted: RecordPage) -> dict[str, Any]:
    _refuse(wanted, name, {"persona", *kind.filters})
    part = Part("kind = ?", (kind.product,))
    if wanted.persona is not None:
        id = look.persona(wanted.persona).id
        part = part.of(_OF_PERSONA, id, id, id, id)
    if wanted.stop is not None:
        part = part.of("json_extract(body, '$.stop') = ?", wanted.stop)
    if wanted.passed is not None:
        part = part.of(_PASSED, wanted.passed)
    found = [kind.model.model_validate(body) for body in look.run.ledger.products(kind.product, _paged(part, wanted))]
    people = look.texts(id for one in found for id in kind.people(one))
    told = [kind.brief(one) for one in found]
    if name == "problems":
        solutions = _answering(look, Solution, "solution", "problem", told)
        told = [{**one, "solution": solutions.get(one["id"])} for one in told]
    if name == "conversations":
        outcomes = _answering(look, Outcome, "outcome", "conversation", told)
        told = [{**one, "passed": outcomes.get(one["id"], {}).get("passed")} for one in told]
    return _told(told, look.run.ledger.count("products", part), wanted, people)


def _answering(
    look: Look, model: type[Record], kind: ProductKind, key: str, told: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the products of ``kind`` that name one of ``told`` by ``key``, by its id."""
    ids = tuple(one["id"] for one in told)
    part = Part(f"json_extract(body, '$.{key}') IN ({','.join('?' * len(ids))})", ids)
    found = [model.model_validate(body).model_dump(mode="json") for body in look.run.ledger.products(kind, part)]
    return {one[key]: one for one in found}


def _rejections(look: Look, wanted: RecordPage) -> dict[str, Any]:
    _refuse(wanted, "rejections", {"persona", "subject", "stage"})
    part = REJECTED
    if wanted.persona is not None:
        part = part.of("survivor = ?", look.persona(wanted.persona).id)
    if wanted.subject is not None:
        part = part.of("subject = ?", wanted.subject)
    if wanted.stage is not None:
        part = part.of("COALESCE(stage, 'other') = ?", wanted.stage)
    found = list(look.run.ledger.decisions(_paged(part, wanted)))
    survivors = look.texts(one.survivor for one in found)
    survivors |= _product_texts(look, {one.survivor for one in found if one.survivor} - survivors.keys())
    told = [one.model_dump(mode="json") for one in found]
    groups = {"groups": look.once("rejections", lambda: rejection_groups(look.run))}
    return _told(told, look.run.ledger.count("decisions", part), wanted, survivors) | groups


def _failures(look: Look, wanted: RecordPage) -> dict[str, Any]:
    _refuse(wanted, "failures", {"role", "cause", "stage"})
    part = Part()
    for column in ("role", "cause", "stage"):
        value = getattr(wanted, column)
        if value is not None:
            part = part.of(f"{column} = ?", value)
    found = [one.model_dump(mode="json") for one in look.run.ledger.failures(_paged(part, wanted))]
    groups = {"groups": look.once("failures", lambda: failure_groups(look.run))}
    return _told(found, look.run.ledger.count("failures", part), wanted, {}) | groups


def rejection_groups(run: Run) -> list[dict[str, Any]]:
    """Return how many decisions reject, by what was to be admitted and by stage."""
    return _grouped(run, "SELECT subject, stage, COUNT(*) FROM decisions WHERE NOT admitted GROUP BY 1, 2")


def failure_groups(run: Run) -> list[dict[str, Any]]:
    """Return how many failures there are, by role and cause."""
    return _grouped(run, "SELECT role, cause, COUNT(*) FROM failures GROUP BY 1, 2")


def _grouped(run: Run, sql: str) -> list[dict[str, Any]]:
    rows = run.ledger.rows(f"{sql} ORDER BY 3 DESC, 1, 2")
    return [{"of": of, "why": why or "other", "count": count} for of, why, count in rows]


def _product_texts(look: Look, ids: Iterable[str]) -> dict[str, str]:
    """Return what the products with ``ids`` say, so that a duplicate can be read beside its survivor."""
    texts = {}
    for id in ids:
        for (raw,) in look.run.ledger.rows("SELECT body FROM products WHERE id = ?", (id,)):
            body = json.loads(raw)
            texts[id] = next((str(body[key]) for key in ("text", "description", "name") if body.get(key)), "")
    return texts


def _refuse(wanted: RecordPage, kind: str, allowed: Iterable[str]) -> None:
    unknown = sorted(wanted.model_fields_set - {"page", *allowed})
    if unknown:
        raise UsageError(f"{kind} cannot be narrowed by {unknown[0]!r}; allowed: {', '.join(sorted(allowed))}")


def _paged(part: Part, wanted: RecordPage) -> Part:
    return part.page(_PAGE, (wanted.page - 1) * _PAGE)


def _told(found: list[dict[str, Any]], total: int, wanted: RecordPage, people: Mapping[str, str]) -> dict[str, Any]:
    return {"total": total, "page": wanted.page, "size": _PAGE, "records": found, "people": people}
