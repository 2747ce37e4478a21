"""What tools are put together from where a small model chooses: a need, and an operation that goes with it.

An operation knows its arguments with their constraints, its result, how it fails and what it takes. A small model that
chooses one of them designs a tool that somebody could build; one that is asked for all of that apart designs parts that
do not go with each other. Capable models see nothing of this: their prompt is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, derive_seed
from simulator.models.strict_yaml import read_yaml
from simulator.models.tool import Tool, ToolError, ToolField
from simulator.prompts.data_file import DataFile
from simulator.prompts.variables import fill, names_in
from simulator.roles.checks import sentence
from simulator.roles.fair_share import FairShare
from simulator.roles.tool_draft import FieldDraft, ToolDraft, fields_in

__all__ = [
    "CHOSEN",
    "PARTS",
    "Ask",
    "Operation",
    "Terms",
    "chosen_operation",
    "needs_for",
    "offered",
    "query_of",
    "with_operation",
]

PARTS = DataFile("simulator.prompts", "tool_parts.yaml")

CHOSEN = ("need", "description", "parameters", "returns")
"""The fields of a tool that are put together from parts."""

_OFFERED = 3
"""Needs, and operations, that one unit chooses from: others are left for the next one."""

Terms = Mapping[str, str]
"""What the variables of operations stand for: the need, and in a world its places, times and rewards."""


class Ask(Record):
    """Arguments of an operation, as a line, and a request that has them all."""

    ask: str
    query: str


class Operation(Record):
    """One thing that a tool can do with what somebody needs.

    Attributes:
        says: The tool's description.
        asks: Its arguments, in one way or another.
        returns: What comes back, in a sentence; ``result`` the same as fields, ``many`` if several rows of them do.
        errors: How it fails: code and when.
        depends: What it takes.
        changes: What is different afterwards; empty where it only reads.
    """

    says: str
    asks: tuple[Ask, ...] = Field(min_length=1)
    returns: str
    result: str
    many: bool = False
    errors: dict[str, str]
    depends: tuple[str, ...]
    changes: str = ""


class _Parts(Record):
    """The file: operations by kind of need, and the needs of each kind with the lives that they belong to."""

    operations: dict[str, tuple[Operation, ...]]
    needs: dict[str, dict[str, str]]


@cache
def _parts() -> _Parts:
    return _Parts.model_validate(read_yaml(PARTS.text))


@cache
def _kinds() -> dict[str, str]:
    """Return the kind of each need."""
    return {need: kind for kind, needs in _parts().needs.items() for need in needs}


async def needs_for(personas: Sequence[str], turns: int, embedder: Embedder) -> list[tuple[tuple[str, ...], ...]]:
    """Return for each persona what each of its ``turns`` tools may be for: what is near to it, and seldom given yet.

    Raises:
        EndpointError: A remote embedder failed.
    """
    if not personas:
        return []
    told = {need: f"{need}, {like}" for needs in _parts().needs.values() for need, like in needs.items()}
    needs = list(told)
    people, lives = await embedder.embed(list(personas)), await embedder.embed(list(told.values()))
    share = FairShare(people @ lives.T)
    found = [[needs[one] for one in share.several(row, _OFFERED * turns)] for row in range(len(personas))]
    return [tuple(tuple(mine[_OFFERED * turn :][:_OFFERED]) for turn in range(turns)) for mine in found]


def offered(field: str, done: Mapping[str, Any], terms: Terms, kind: str = "", seed: object = "") -> tuple[str, ...]:
    """Return what there is to choose from for a field that follows the need.

    Args:
        field: ``description``, ``parameters`` or ``returns``.
        done: The fields before it.
        terms: What the variables stand for, but for the need.
        kind: Of the need, where it is not a built-in one.
        seed: What decides which operations are offered.
    """
    need = str(done.get("need", ""))
    values = {**terms, "need": need}
    kind = kind or _kinds().get(need, "")
    if field == "description":
        able = sorted(_parts().operations.get(kind, ()), key=lambda one: derive_seed("operation", seed, one.says))
        return tuple(sentence(fill(one.says, values)) for one in able[:_OFFERED])
    found = chosen_operation(str(done.get("description", "")), need, terms, kind)
    if found is None:
        return ()
    texts = [one.ask for one in found.asks] if field == "parameters" else [found.returns] if field == "returns" else []
    return tuple(fill(text, values) for text in texts)


def chosen_operation(description: str, need: str, terms: Terms, kind: str = "") -> Operation | None:
    """Return the operation that a description says, if it was chosen and not written."""
    values = {**terms, "need": need}
    able = _parts().operations.get(kind or _kinds().get(need, ""), ())
    return next((one for one in able if sentence(fill(one.says, values)) == description), None)


def with_operation(tool: Tool, draft: ToolDraft, operation: Operation, terms: Terms) -> Tool:
    """Return the tool with what its operation knows, named in ``derived``: no model was asked for it."""
    values = {**terms, "need": draft.need}
    made: dict[str, Any] = {
        "result": tuple(ToolField(**_field(one)) for one in fields_in(fill(operation.result, values))),
        "errors": tuple(ToolError(code=code, when=when) for code, when in operation.errors.items()),
        "dependencies": operation.depends,
    }
    if operation.changes:
        made["changes"] = operation.changes
    return tool.model_copy(update={**made, "many": operation.many, "derived": (*tool.derived, *made)})


def query_of(operation: Operation, need: str, arguments: Mapping[str, Any]) -> str | None:
    """Return a request with all of ``arguments``; ``None`` where the operation has none for them."""
    for one in operation.asks:
        if names_in(one.query) - {"need"} == set(arguments):
            said = {name: _said(value) for name, value in arguments.items()}
            return fill(one.query, {**said, "need": need})
    return None


def _said(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _field(said: Mapping[str, Any]) -> dict[str, Any]:
    return FieldDraft.model_validate(said).model_dump()
