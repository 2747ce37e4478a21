"""Checks of a conversation's outcome that need no model: on its transcript, its tool calls and its final state."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from simulator.models.base import canonical_json
from simulator.models.conversation import Conversation
from simulator.models.outcome import CheckResult
from simulator.models.step import Step, ToolCall
from simulator.scenario.subject import CheckSpec
from simulator.subjects.function import frames
from simulator.subjects.workshop import HungError, Workshop
from simulator.tools.schema import value_flaw
from simulator.transport.body import clean, shorten

__all__ = ["Examine", "answered", "check_names", "examine", "python_check"]

log = logging.getLogger(__name__)

Examine = Callable[[CheckSpec, str, Conversation], Awaitable[CheckResult]]
"""Decides one check, given its name, of a conversation."""

_MISSING = object()


def check_names(checks: tuple[CheckSpec, ...]) -> list[str]:
    """Return a name for each check: its own, or its kind, numbered where it stands twice."""
    kinds = [check.kind for check in checks]
    names = []
    for place, check in enumerate(checks):
        number = kinds[: place + 1].count(check.kind)
        names.append(check.name or (check.kind if kinds.count(check.kind) == 1 else f"{check.kind}-{number}"))
    return names


def answered(talk: Conversation) -> CheckResult:
    """Return whether the assistant answered to the end."""
    return CheckResult(
        name="answered", kind="answered", passed=not talk.fault, evidence=talk.reason if talk.fault else ""
    )


def examine(check: CheckSpec, name: str, talk: Conversation) -> CheckResult:
    """Decide a check of one of the kinds ``goal``, ``regex``, ``json_path`` and ``tool``."""
    passed, evidence = _KINDS[check.kind](check, talk)
    undecided = check.kind == "goal" and talk.goal is not None and talk.goal.holds is None
    return CheckResult(name=name, kind=check.kind, passed=passed, evidence=clean(evidence), broken=undecided)


def python_check(function: Callable[..., Any], workshop: Workshop, timeout_s: float) -> Examine:
    """Return a check by a function of the user's.

    It gets the conversation and the final state as plain data, and returns whether they pass, or ``(passed, why)``.
    """

    async def decide(check: CheckSpec, name: str, talk: Conversation) -> CheckResult:
        body = talk.model_dump(mode="json", exclude={"state"})
        try:
            said = await workshop.run(function, body, talk.state, timeout_s=timeout_s)
        except HungError as error:
            return CheckResult(name=name, kind="python", passed=False, evidence=str(error), broken=True)
        except Exception as error:  # the check is the user's; that it fails is recorded
            log.warning("the check %s raised %s", name, type(error).__name__, exc_info=error)
            why = f"{type(error).__name__}: {shorten(str(error))}{frames(error)}"
            return CheckResult(name=name, kind="python", passed=False, evidence=why, broken=True)
        passed, why = said if isinstance(said, tuple) and len(said) == 2 else (said, "")
        if not isinstance(passed, bool):
            why = f"it returned {shorten(repr(said), 120)}; allowed is True, False, or one of them with a reason"
            return CheckResult(name=name, kind="python", passed=False, evidence=why, broken=True)
        return CheckResult(name=name, kind="python", passed=passed, evidence=clean(str(why)))

    return decide


def _goal(_check: CheckSpec, talk: Conversation) -> tuple[bool, str]:
    if talk.goal is None:
        return False, "the situation says no way to check its goal ('success')"
    return bool(talk.goal.holds), talk.goal.evidence


def _regex(check: CheckSpec, talk: Conversation) -> tuple[bool, str]:
    assert check.regex is not None  # noqa: S101 - for the type checker: that is the kind
    texts = list(_texts(check.where, talk))
    found = next((match for text in texts if (match := re.search(check.regex, text, re.IGNORECASE))), None)
    if found is None:
        return check.absent, f"not found in {len(texts)} messages"
    return not check.absent, f"found {shorten(found.group(), 120)!r}"


def _texts(where: str, talk: Conversation) -> Iterator[str]:
    if where == "tools":
        yield from (step.content for step in _steps(talk) if step.role == "tool")
        return
    turns = [turn for turn in talk.turns if where == "all" or turn.role == ("user" if where == "user" else "assistant")]
    yield from (turn.content for turn in (turns[-1:] if where == "last" else turns))


def _json_path(check: CheckSpec, talk: Conversation) -> tuple[bool, str]:
    value = _at(talk.state, check.json_path or "")
    if value is _MISSING:
        return False, f"the final state has no {check.json_path!r}: {shorten(canonical_json(talk.state), 160)}"
    if check.fits is not None:
        flaw = value_flaw(check.fits, value)
        return flaw is None, "fits the schema" if flaw is None else shorten(flaw)
    return bool(value == check.equals), f"it is {shorten(canonical_json(value), 160)}"


_PLACE = re.compile("-?[0-9]{1,9}")


def _at(value: Any, path: str) -> Any:
    """Return what stands at ``a.0.b``; the empty path is the whole."""
    for part in filter(None, path.split(".")):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and _PLACE.fullmatch(part) and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value


def _tool(check: CheckSpec, talk: Conversation) -> tuple[bool, str]:
    made = [call for step in _steps(talk) for call in step.calls if call.name == check.tool]
    fitting = [call for call in made if _has(call, check.arguments)]
    evidence = "; ".join(shorten(canonical_json(call.arguments), 80) for call in made) or "never called"
    return bool(fitting) != check.absent, evidence


def _has(call: ToolCall, wanted: Mapping[str, Any]) -> bool:
    given = call.arguments
    return not wanted or (isinstance(given, dict) and all(given.get(key) == value for key, value in wanted.items()))


def _steps(talk: Conversation) -> Iterator[Step]:
    for turn in talk.turns:
        yield from turn.steps


_KINDS: dict[str, Callable[[CheckSpec, Conversation], tuple[bool, str]]] = {
    "goal": _goal,
    "regex": _regex,
    "json_path": _json_path,
    "tool": _tool,
}
