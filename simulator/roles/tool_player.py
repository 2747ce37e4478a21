"""The tool player: stands in for a tool of the assistant under test, and answers a call as its schema wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from simulator.models.base import Record, canonical_json
from simulator.models.step import ToolCall
from simulator.roles.role import Check, Role
from simulator.tools.schema import value_flaw

__all__ = ["PlayedCall", "PlayerInput", "PlayerOutput", "tool_player"]


class PlayedCall(Record):
    """A call that was made before, and its result."""

    call: ToolCall
    result: str


class PlayerInput(Record):
    """What the tool player knows.

    Attributes:
        name: The tool's.
        description: What it does.
        returns: JSON Schema of its results.
        arguments: Of the call that is to be answered.
        earlier: The calls of the conversation before this one.
        world: The story world that the tool is of, in a line; empty for one of the real world.
    """

    name: str
    description: str = ""
    returns: dict[str, Any]
    arguments: dict[str, Any]
    earlier: tuple[PlayedCall, ...] = ()
    world: str = ""


class PlayerOutput(Record):
    """The result, as a JSON text."""

    result: str = Field(min_length=1, max_length=20_000)


def tool_player() -> Role[PlayerInput, PlayerOutput]:
    """Return the tool player role."""
    return Role(
        name="tool_player",
        inputs=PlayerInput,
        output=PlayerOutput,
        values=_values,
        checks=(Check("fits_schema", _fits),),
        tidy=_tidy,
    )


def _values(inputs: PlayerInput) -> Mapping[str, str]:
    tool = {"name": inputs.name, "description": inputs.description, "result": inputs.returns}
    if inputs.world:
        tool["world"] = inputs.world
    earlier = [f"{one.call.name} {canonical_json(one.call.arguments)} -> {one.result}" for one in inputs.earlier]
    return {
        "tool": canonical_json(tool),
        "earlier": "\n".join(earlier) or "none",
        "call": canonical_json(inputs.arguments),
    }


def _fits(inputs: PlayerInput, output: PlayerOutput) -> str | None:
    try:
        value = json.loads(output.result)
    except ValueError as error:
        return f"the result is no JSON: {error}"
    flaw = value_flaw(inputs.returns, value)
    return None if flaw is None else f"the result does not fit the schema: {flaw[:240]}"


def _tidy(output: PlayerOutput) -> PlayerOutput:
    """Return the output without a code fence around it."""
    text = output.result.strip()
    if text.startswith("```"):
        text = text.strip("`").removeprefix("json").strip()
    return PlayerOutput(result=text or output.result)
