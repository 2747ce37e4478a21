"""The tools of an assistant under test: who executes a call, and how call and result are checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simulator.errors import SixhopError
from simulator.models.base import canonical_json
from simulator.models.step import Step, ToolCall
from simulator.subjects.reading import result_text
from simulator.subjects.workshop import HungError, Workshop
from simulator.tools.schema import value_flaw
from simulator.transport.body import shorten

__all__ = ["Called", "Perform", "Tool", "Toolbox", "canned", "user_function"]


@dataclass(frozen=True)
class Called:
    """One call to be executed.

    Attributes:
        arguments: Checked against the tool's schema.
        seed: For a simulated result.
        earlier: The calls of the conversation before this one, each with its result.
    """

    arguments: dict[str, Any]
    seed: int = 0
    earlier: Sequence[tuple[ToolCall, str]] = ()


Perform = Callable[[Called], Awaitable[Any]]
"""Executes a call; raises whatever it likes."""


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        name: As the assistant calls it.
        description: As the assistant reads it.
        parameters: JSON Schema of the arguments (Draft 2020-12).
        perform: Who executes a call.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    perform: Perform

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The tool as a chat completion request has it."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


class Toolbox:
    """All tools of one assistant."""

    def __init__(self, tools: Sequence[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def __bool__(self) -> bool:
        return bool(self._tools)

    @property
    def definitions(self) -> tuple[dict[str, Any], ...]:
        """The tools as a chat completion request has them."""
        return tuple(tool.definition for tool in self._tools.values())

    async def execute(self, call: ToolCall, seed: int, earlier: Sequence[tuple[ToolCall, str]]) -> Step:
        """Return the tool's answer. A call that cannot be executed gets an error as its answer, as an API gives one."""
        tool = self._tools.get(call.name)
        if tool is None:
            return _error(call, f"there is no tool {call.name!r}; there are {', '.join(self._tools) or 'none'}")
        if isinstance(call.arguments, str):
            return _error(call, f"the arguments are no JSON object: {shorten(call.arguments, 120)}")
        flaw = value_flaw(tool.parameters, call.arguments)
        if flaw:
            return _error(call, f"the arguments do not fit the tool: {shorten(flaw)}")
        try:
            result = result_text(await tool.perform(Called(call.arguments, seed, earlier)))
        except SixhopError:
            raise
        except Exception as error:  # noqa: BLE001 - the user's tool: the assistant has to cope with it
            return _error(call, f"{type(error).__name__}: {shorten(str(error))}")
        return Step(role="tool", content=result, call=call.id, name=call.name)


def user_function(function: Callable[..., Any], workshop: Workshop, timeout_s: float) -> Perform:
    """Return a tool's execution by a function of the user's, which gets the arguments by name."""

    async def perform(called: Called) -> Any:
        try:
            return await workshop.run(lambda: function(**called.arguments), timeout_s=timeout_s)
        except HungError as error:
            raise TimeoutError(str(error)) from error

    return perform


def canned(answers: Sequence[tuple[Mapping[str, Any], Any]]) -> Perform:
    """Return a tool's execution by results that are written down: the first whose conditions the arguments meet."""

    async def perform(called: Called) -> Any:
        for when, result in answers:
            if all(called.arguments.get(key) == value for key, value in when.items()):
                return result
        raise LookupError(f"no canned result fits {canonical_json(called.arguments)}")

    return perform


def _error(call: ToolCall, problem: str) -> Step:
    return Step(role="tool", content=canonical_json({"error": problem}), call=call.id, name=call.name, problem=problem)
