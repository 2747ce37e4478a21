"""From what an assistant returned to an :class:`~simulator.subjects.protocol.Answer`, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from simulator.llm.called import read_call
from simulator.models.base import canonical_json
from simulator.models.message import Usage
from simulator.models.step import Step, ToolCall, spoken
from simulator.subjects.protocol import Answer, Cause
from simulator.transport.body import clean, scrub, shorten

__all__ = ["failed", "jsonable", "read_answer", "read_steps", "result_text"]

_ASSISTANT = frozenset({"assistant", "ai"})
_SHOWN = 200  # characters of what was returned that a message quotes


def failed(cause: Cause, problem: str, steps: Sequence[Step] = ()) -> Answer:
    """Return the answer of an assistant that failed, with what it had said and done before."""
    return Answer(steps=tuple(steps), cause=cause, problem=clean(problem))


def read_answer(value: Any) -> Answer:
    """Return what a function returned as an answer; nonsense is an answer with a cause.

    Args:
        value: A text; a message (``{"role", "content", "tool_calls"}`` or LangChain's); a list of texts and messages;
            or ``{"messages": [...], "state": {...}, "ended": bool}``, where ``"content"`` may stand for one message.
    """
    state: Any = None
    ended = False
    if isinstance(value, Mapping) and ("messages" in value or "state" in value or "ended" in value):
        state, ended = value.get("state"), bool(value.get("ended"))
        value = value["messages"] if "messages" in value else value.get("content", "")
    many = value if isinstance(value, list | tuple) else [value]
    try:
        steps = read_steps(many)
        kept = None if state is None else _state(state)
    except ValueError as error:
        return failed("nonsense", f"{error} (it returned {_quoted(value)})")
    if not spoken(steps):
        return failed("nonsense", f"it says nothing (it returned {_quoted(value)})", steps)
    return Answer(steps=steps, state=kept, ended=ended, usage=usage_of(many))


def read_steps(messages: Iterable[Any]) -> tuple[Step, ...]:
    """Return messages as steps.

    Raises:
        ValueError: One of them is no message of an assistant or a tool.
    """
    return tuple(_step(message) for message in messages)


def usage_of(messages: Iterable[Any]) -> Usage:
    """Return the tokens that LangChain's messages tell of."""
    total = Usage()
    for message in messages:
        told = getattr(message, "usage_metadata", None) or {}
        total += Usage(prompt=told.get("input_tokens", 0), completion=told.get("output_tokens", 0))
    return total


def jsonable(value: Any) -> Any:
    """Return ``value`` as data that JSON can hold.

    Raises:
        ValueError: It holds something that JSON cannot, by name.
    """
    try:
        data = scrub(to_jsonable_python(value))
        canonical_json(data)
    except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON-able: {error}") from error
    return data


def result_text(value: Any) -> str:
    """Return what a tool returned as the text that the assistant gets.

    Raises:
        ValueError: It is not JSON-able.
    """
    return clean(value) if isinstance(value, str) else canonical_json(jsonable(value))


def _state(state: Any) -> dict[str, Any]:
    data = jsonable(state)
    if not isinstance(data, dict):
        raise ValueError(f"its state is a {type(state).__name__} and not an object")  # noqa: TRY004 - of data
    return data


def _step(message: Any) -> Step:
    if isinstance(message, str):
        return Step(content=clean(message))
    if isinstance(message, Mapping):
        return _from_mapping(message)
    kind = getattr(message, "type", None)
    if kind == "ai":
        return Step(content=_text(message.content), calls=tuple(_langchain_calls(message)))
    if kind == "tool":
        problem = "error" if getattr(message, "status", "") == "error" else ""
        said = _text(message.content)
        return Step(role="tool", content=said, call=message.tool_call_id, name=message.name or "", problem=problem)
    raise ValueError(f"a {type(message).__name__} is no message of an assistant")


def _from_mapping(message: Mapping[str, Any]) -> Step:
    role = message.get("role", "assistant")
    content = _text(message.get("content"))
    if role == "tool":
        return Step(
            role="tool", content=content, call=str(message.get("tool_call_id", "")), name=str(message.get("name", ""))
        )
    if role not in _ASSISTANT:
        raise ValueError(f"a message has the role {role!r}; allowed is 'assistant' or 'tool'")
    if "content" not in message and not message.get("tool_calls"):
        raise ValueError("a message has neither 'content' nor 'tool_calls'")
    return Step(content=content, calls=tuple(read_call(jsonable(call)) for call in message.get("tool_calls") or ()))


def _langchain_calls(message: Any) -> Iterable[ToolCall]:
    for call in message.tool_calls:
        yield ToolCall(id=call["id"] or "", name=clean(call["name"]), arguments=scrub(call["args"]))
    for call in getattr(message, "invalid_tool_calls", ()):
        yield ToolCall(id=call["id"] or "", name=clean(call["name"] or ""), arguments=clean(call["args"] or ""))


def _text(content: Any) -> str:
    """Return a message's text; some come in parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return clean(content)
    if isinstance(content, Sequence):
        parts = [part if isinstance(part, str) else _part(part) for part in content]
        return clean("".join(parts))
    raise ValueError(f"a message's content is a {type(content).__name__} and not a text")


def _part(part: Any) -> str:
    return str(part.get("text") or "") if isinstance(part, Mapping) else ""


def _quoted(value: Any) -> str:
    return clean(shorten(repr(value), _SHOWN))
