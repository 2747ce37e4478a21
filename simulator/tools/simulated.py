"""Calls of tools that do not exist yet: checked against the schema, answered as the tool would, with a memory.

What a call wrote is read back by later ones: results and arguments are kept under every identifier that stands in them
(an order's number, a ship's name), and a tool of the set that is asked about the identifier answers with what is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simulator.models.base import canonical_json, derive_seed
from simulator.models.tool import Tool, ToolField
from simulator.population.tokens import word_list
from simulator.tools.schema import argument_flaw, result_flaw, value_flaw
from simulator.tools.values import is_identifier, value_of
from simulator.tools.vocabulary import EVERYDAY, Vocabulary

__all__ = ["Answer", "Play", "PlayedCall", "SimulatedTools"]

_MANY = 3  # rows of a list, at most, beside those that were added
_PERCENT = 100
_ABSENT = frozenset({"found", "unknown", "missing", "invalid", "no", "not", "nonexistent"})


@dataclass(frozen=True)
class Answer:
    """What a call got.

    Attributes:
        result: It satisfies the tool's output schema; ``None`` when the call failed.
        error: The code of the error: one of the tool's own, ``unknown_tool``, ``invalid_arguments`` or ``not_found``.
        message: What went wrong.
        by: Who made the result.
    """

    result: dict[str, Any] | None = None
    error: str = ""
    message: str = ""
    by: Literal["rule", "model"] = "rule"


@dataclass(frozen=True)
class PlayedCall:
    """One call that was answered."""

    tool: str
    arguments: Mapping[str, Any]
    answer: Answer


Play = Callable[[Tool, dict[str, Any], Sequence[PlayedCall]], Awaitable[dict[str, Any] | None]]
"""Makes a result for a call, given the calls before it; ``None`` when it cannot."""


class SimulatedTools:
    """A set of tools that answer, and remember what they answered.

    Args:
        tools: Each name once.
        seed: Of all made-up values; the same calls in the same order get the same answers.
        error_percent: How many of 100 calls fail with one of the tool's own errors, 0 to 100.
        play: Makes results instead of rules; what does not satisfy the schema is not taken, and rules step in.
        words: The names that made-up values have.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        *,
        seed: int = 0,
        error_percent: int = 0,
        play: Play | None = None,
        words: Vocabulary = EVERYDAY,
    ) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.calls: list[PlayedCall] = []
        self._seed = seed
        self._error_percent = error_percent
        self._play = play
        self._words = words
        self._facts: dict[tuple[str, str], dict[str, Any]] = {}
        self._removed: set[tuple[str, str]] = set()
        self._added: list[dict[str, Any]] = []

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Answer one call and remember it."""
        given = dict(arguments)
        tool = self.tools.get(name)
        answer = self._refusal(tool, name, given)
        if answer is None and tool is not None:
            result = await self._play(tool, given, self.calls) if self._play is not None else None
            if result is not None and result_flaw(tool, result) is None:
                answer = Answer(result, by="model")
            else:
                answer = Answer(self._result(tool, given))
            self._remember(tool, given, answer.result or {})
        assert answer is not None  # noqa: S101 - for the type checker: without a tool there is a refusal
        self.calls.append(PlayedCall(name, given, answer))
        return answer

    def recall(self, name: str, arguments: Mapping[str, Any], answer: Answer) -> None:
        """Take a call that was answered before as made, with what it was answered; nothing is asked again."""
        given, tool = dict(arguments), self.tools.get(name)
        if tool is not None and answer.result is not None:
            self._remember(tool, given, answer.result)
        self.calls.append(PlayedCall(name, given, answer))

    def _refusal(self, tool: Tool | None, name: str, given: dict[str, Any]) -> Answer | None:
        if tool is None:
            return Answer(error="unknown_tool", message=f"there is no tool {name!r}")
        if (flaw := argument_flaw(tool, given)) is not None:
            return Answer(error="invalid_arguments", message=flaw)
        gone = next((key for key in _identities(given) if key in self._removed), None)
        if gone is not None and tool.effect != "adds":
            code = next((one for one in tool.errors if _ABSENT & set(word_list(one.code.replace("_", " ")))), None)
            message = f"{gone[0]} {gone[1]} was removed"
            return Answer(error=code.code, message=code.when) if code else Answer(error="not_found", message=message)
        return self._accident(tool, given)

    def _accident(self, tool: Tool, given: dict[str, Any]) -> Answer | None:
        number = derive_seed(self._seed, "accident", tool.name, given, len(self.calls))
        if not tool.errors or number % _PERCENT >= self._error_percent:
            return None
        error = tool.errors[number // _PERCENT % len(tool.errors)]
        return Answer(error=error.code, message=error.when)

    def _result(self, tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
        seed = [self._seed, tool.name, canonical_json(given)]
        if tool.effect != "reads":
            seed.append(len(self.calls))  # two orders are two, with a number each
        known = self._known(given)
        if not tool.result:
            return {"status": "done"}  # nobody said what comes back
        if not tool.many:
            return {field.name: self._value(tool, field, known, seed) for field in tool.result}
        rows = [row for one in self._added if (row := self._listed(tool, one, given, seed)) is not None]
        count = derive_seed(*seed, "rows") % (_MANY + 1) or 1
        made = [
            {field.name: self._value(tool, field, given, [*seed, place]) for field in tool.result}
            for place in range(count)
        ]
        return {"rows": [*rows, *made]}

    def _known(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what is known of what a call is about: its own arguments first."""
        facts: dict[str, Any] = {}
        for key in _identities(given):
            facts |= self._facts.get(key, {})
        return facts | given

    def _listed(
        self, tool: Tool, added: dict[str, Any], given: dict[str, Any], seed: Sequence[object]
    ) -> dict[str, Any] | None:
        """Return what was added as a row of a list, if it is of that kind and of what the call asks for."""
        names = {field.name for field in tool.result}
        if 2 * len(names & set(added)) < len(names) or any(key in self._removed for key in _identities(added)):
            return None
        if any(added.get(name, value) != value for name, value in given.items()):
            return None
        return {field.name: self._value(tool, field, added, [*seed, canonical_json(added)]) for field in tool.result}

    def _value(self, tool: Tool, field: ToolField, known: Mapping[str, Any], seed: Sequence[object]) -> Any:
        """Return what is known of the field, or a made-up value; for a pattern, what a worked example shows."""
        schema = field.json_schema()
        if field.name in known and value_flaw(schema, known[field.name]) is None:
            return known[field.name]
        if field.pattern is None:
            return value_of(field, *seed, words=self._words)
        shown = [row[field.name] for row in _example_rows(tool) if field.name in row]
        return shown[derive_seed(*seed) % len(shown)] if shown else ""

    def _remember(self, tool: Tool, given: dict[str, Any], result: dict[str, Any]) -> None:
        said = {**result, **given} if not tool.many else dict(given)
        if tool.effect == "removes":
            self._removed.update(_identities(given))
            return
        if tool.effect == "adds":
            self._added.append(said)
            self._removed.difference_update(_identities(said))
        for key in _identities(said):
            # What a reading tool made up stays true too, but never replaces what was written.
            before = self._facts.get(key, {})
            self._facts[key] = {**said, **before} if tool.effect == "reads" else {**before, **said}


def _identities(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, str(value)) for name, value in values.items() if is_identifier(name) and isinstance(value, str | int)
    ]


def _example_rows(tool: Tool) -> list[dict[str, Any]]:
    results = [example.result for example in tool.examples]
    return [row for result in results for row in result.get("rows", ())] if tool.many else results
