"""The sections ``conversations.assistant``, ``.tools`` and ``.checks``: who answers with what, and what has to hold."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Literal

from pydantic import Field, model_validator

from simulator.scenario.section import Section

__all__ = ["CannedResult", "CheckSpec", "SubjectSpec", "ToolSpec", "ToolUse"]

_TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"


class CannedResult(Section):
    """A result that is written down.

    Attributes:
        when: Arguments and the values that they must have; empty fits every call.
        result: What the tool answers: a text, or anything that JSON can hold.
    """

    when: dict[str, Any] = Field(default_factory=dict)
    result: Any


class ToolSpec(Section):
    """A tool of the assistant under test. Exactly one of ``python``, ``canned`` and ``returns`` says who answers.

    Attributes:
        name: As the assistant calls it.
        description: As the assistant reads it.
        parameters: JSON Schema of the arguments; a call that does not fit gets an error.
        python: ``module:function`` or ``path.py:function``; it gets the arguments by name.
        canned: Results that are written down; the first one that fits.
        returns: JSON Schema of the result: a model (the role ``tool_player``) invents one that fits.
    """

    name: str = Field(pattern=_TOOL_NAME)
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    python: str | None = None
    canned: tuple[CannedResult, ...] = ()
    returns: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ToolSpec:
        ways = [self.python is not None, bool(self.canned), self.returns is not None]
        if sum(ways) != 1:
            raise ValueError(f"the tool {self.name!r} needs exactly one of 'python', 'canned' and 'returns'")
        return self


class ToolUse(Section):
    """Tools that the NPCs of conversations may call. Nothing is executed: results are simulated and fit the schema.

    Attributes:
        use: ``designed``: the tools that the run designed. An NPC has its own, and then those that are nearest to it.
        results: Who makes results: ``rules``, or a ``model`` in the role ``tool_player``.
        most: Tools that one NPC is offered.
        errors: How many of 100 calls fail as the tool says that it can.
        rounds: Most replies with calls in one turn.
    """

    use: Literal["designed"] = "designed"
    results: Literal["rules", "model"] = "rules"
    most: int = Field(4, ge=1, le=128)
    errors: int = Field(0, ge=0, le=100)
    rounds: int = Field(2, ge=1, le=16)


class SubjectSpec(Section):
    """The assistant under test. Its replies are taken as they are: nothing is drawn again.

    Attributes:
        use: A model SPEC, ``module:function``, or ``path.py:name`` of a function or a LangGraph graph, the path
            relative to the scenario. Without it, the model of the role ``assistant``.
        version: Part of the identity of a function or graph, and of tools that are functions, instead of the hash of
            its file: stored answers count until it is changed.
        timeout_s: Seconds that a function, a graph or a tool may take.
        tools: Tools of a model.
        tool_rounds: Most replies with tool calls in one turn of a model.
        temperature: Of a model; without it, the endpoint's own.
        max_tokens: Of one reply of a model.
    """

    use: str | None = Field(None, min_length=1)
    version: str = ""
    timeout_s: float = Field(60.0, gt=0)
    tools: tuple[ToolSpec, ...] = ()
    tool_rounds: int = Field(8, ge=1, le=64)
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _tools_by_name(self) -> SubjectSpec:
        twice = [name for name, count in Counter(tool.name for tool in self.tools).items() if count > 1]
        if twice:
            raise ValueError(f"two tools are named {twice[0]!r}")
        return self


class CheckSpec(Section):
    """Something that has to hold of every conversation. Exactly one of the kinds is given.

    Attributes:
        name: Its name in reports; by default its kind and number.
        situations: Names of the situations that it is for; empty is all.
        goal: The goal of the situation was reached.
        rubric: A statement about the conversation; the role ``judge`` says whether it is true.
        regex: A regular expression that is found in what ``where`` names; case is ignored.
        json_path: A path in the final state, such as ``refunds.0.amount``; which ``equals`` a value or
            ``fits`` a schema; the empty path is the whole state.
        python: ``module:function`` or ``path.py:function`` that gets the conversation and the final state as plain
            data, and returns whether they pass, or ``(passed, why)``.
        tool: A tool that was called (with ``arguments``, if they are given).
        absent: For ``rubric``, ``regex`` and ``tool``: it must *not* be so.
        where: What ``regex`` looks at: everything the ``assistant`` said, its ``last`` message, the ``user``'s
            messages, ``all``, or the ``tools``' results.
        equals: What stands at ``json_path``.
        fits: JSON Schema of what stands at ``json_path``.
        arguments: Arguments that the call of ``tool`` has.
    """

    name: str = ""
    situations: tuple[str, ...] = ()
    goal: Literal[True] | None = None
    rubric: str | None = Field(None, min_length=1)
    regex: str | None = Field(None, min_length=1)
    json_path: str | None = None
    python: str | None = Field(None, min_length=1)
    tool: str | None = Field(None, pattern=_TOOL_NAME)
    absent: bool = False
    where: Literal["assistant", "last", "user", "all", "tools"] = "assistant"
    equals: Any = None
    fits: dict[str, Any] | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        kinds = ("goal", "rubric", "regex", "json_path", "python", "tool")
        return next(kind for kind in kinds if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> CheckSpec:
        kinds = ("goal", "rubric", "regex", "json_path", "python", "tool")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"a check needs exactly one of {', '.join(kinds)}; got {', '.join(given) or 'none'}")
        if self.regex is not None:
            try:
                re.compile(self.regex)
            except re.error as error:
                raise ValueError(f"{self.regex!r} is not a regular expression: {error}") from error
        if self.absent and self.kind not in ("rubric", "regex", "tool"):
            raise ValueError(f"'absent' goes with rubric, regex and tool, not with {self.kind}")
        return self
