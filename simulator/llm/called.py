"""A reply of a model that may call tools, as the message that it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator.models.step import Step, ToolCall
from simulator.transport.body import clean, scrub

__all__ = ["read_call", "read_reply", "with_ids"]


def read_reply(text: str) -> Step:
    """Return the text of a reply to a request with tools as a message: what is said, and what is called.

    A scripted model may say plain text; then nothing is called.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # nested beyond all measure: a text, whatever it means
        return Step(content=clean(text))
    if not isinstance(value, dict) or not value or not {"content", "tool_calls"} >= value.keys():
        return Step(content=clean(text))
    content, calls = value.get("content") or "", value.get("tool_calls") or ()
    try:
        return Step(content=clean(str(content)), calls=tuple(read_call(call) for call in calls))
    except ValueError:
        return Step(content=clean(text))


def read_call(call: Any) -> ToolCall:
    """Return a call of OpenAI's form, or of the flat one that replies with tools have.

    Raises:
        ValueError: It has no name.
    """
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise ValueError("a tool call has no function name")  # noqa: TRY004 - of data
    given = function.get("arguments")
    return ToolCall(id=str(call.get("id") or ""), name=clean(function["name"]), arguments=_arguments(given))


def with_ids(step: Step, prefix: str) -> Step:
    """Return ``step`` with an id for each call that has none, or one that another call has."""
    calls, seen = [], set[str]()
    for place, call in enumerate(step.calls):
        id_ = call.id if call.id and call.id not in seen else f"{prefix}-{place}"
        seen.add(id_)
        calls.append(call.model_copy(update={"id": id_}))
    return step.model_copy(update={"calls": tuple(calls)})


def _arguments(given: Any) -> dict[str, Any] | str:
    if isinstance(given, Mapping):
        return dict(scrub(dict(given)))
    try:
        value = json.loads(given or "{}")
    except (TypeError, ValueError, RecursionError):
        return clean(str(given))
    return scrub(value) if isinstance(value, dict) else clean(str(given))
