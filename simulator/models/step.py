"""The messages within one turn of an assistant: what it said, which tools it called, and what they answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from simulator.models.base import Record, canonical_json

__all__ = ["Step", "ToolCall", "chat_message", "spoken"]


class ToolCall(Record):
    """A tool that an assistant called.

    Attributes:
        id: Names the call within its turn; the tool's answer bears it too.
        name: The tool's.
        arguments: As an object; a text when the assistant's arguments were no JSON object.
    """

    id: str
    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)


class Step(Record):
    """One message within a turn.

    Attributes:
        role: Who says it: the ``assistant``, or a ``tool`` that answers a call.
        content: The text; empty when the assistant only calls.
        calls: What the assistant calls.
        call: For a tool: the id of the call that it answers.
        name: For a tool: its name.
        problem: For a tool: why the answer is an error, such as arguments that its schema does not allow.
    """

    role: Literal["assistant", "tool"] = "assistant"
    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    call: str = ""
    name: str = ""
    problem: str = ""


def spoken(steps: Iterable[Step]) -> str:
    """Return what the user gets to read: the assistant's messages, one paragraph each."""
    return "\n\n".join(step.content.strip() for step in steps if step.role == "assistant" and step.content.strip())


def chat_message(step: Step, *, arguments: Literal["string", "object"] = "string") -> dict[str, Any]:
    """Return ``step`` as a message of a chat completion request.

    Args:
        step: The step.
        arguments: OpenAI's API wants the arguments of a call as a JSON ``string``, TRL as an ``object``.
    """
    if step.role == "tool":
        return {"role": "tool", "tool_call_id": step.call, "name": step.name, "content": step.content}
    message: dict[str, Any] = {"role": "assistant", "content": step.content}
    if step.calls:
        message["tool_calls"] = [_call(call, arguments) for call in step.calls]
    return message


def _call(call: ToolCall, arguments: str) -> dict[str, Any]:
    given: Any = call.arguments
    if arguments == "string" and not isinstance(given, str):
        given = canonical_json(given)
    elif arguments == "object" and isinstance(given, str):
        given = {"input": given}  # what was no object has to stand somewhere
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": given}}
