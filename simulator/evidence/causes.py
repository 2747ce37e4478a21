"""Why conversations of a test did not pass, and whose doing it was, as far as that can be told from the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from simulator.models.base import Record
from simulator.models.conversation import Conversation
from simulator.models.outcome import CheckResult, Outcome
from simulator.models.situation import Situation
from simulator.population.tokens import word_list
from simulator.transport.body import shorten

__all__ = ["Cause", "Whose", "causes_of", "whose_text"]

Whose = Literal["assistant", "user", "perhaps user", "check"]
"""Whose doing a failure is. ``user`` is the simulated one: then the failure says nothing about the assistant."""

_TEXTS: dict[Whose, str] = {
    "assistant": "the assistant's",
    "user": "the simulated user's",
    "perhaps user": "perhaps the simulated user's",
    "check": "the check's own",
}

_OUT_OF_PART = frozenset(
    {
        "role_flip",
        "fourth_wall",
        "leaked_reasoning",
        "persona_contradicted",
        "goal_contradicted",
        "revealed_early",
        "wrong_language",
        "instructions_quoted",
    }
)
"""Faults of a simulated user after which an assistant cannot be blamed."""

_AROUND_FAULT = re.compile(r"^turn \d+ of the \w+: |; left without an answer: .*", re.DOTALL)
_EVIDENCE = 100
_FAULT = 200  # an exception is told with the places in the assistant's code
_LEAST = 4  # letters of a word that can carry a matter


class Cause(Record):
    """One reason why conversations did not pass.

    Attributes:
        whose: Whose doing it is.
        what: The reason.
        conversations: Their ids, in the order of the run.
    """

    whose: Whose
    what: str
    conversations: tuple[str, ...]


def whose_text(whose: Whose) -> str:
    """Return ``whose`` in words, as "whose failure is it?" is answered."""
    return _TEXTS[whose]


def causes_of(failed: Iterable[tuple[Outcome, Conversation, Situation]]) -> tuple[Cause, ...]:
    """Group conversations that did not pass by why, the most frequent reason first.

    Args:
        failed: Each with its conversation and the situation that it was held in.
    """
    groups: dict[tuple[Whose, str, str], list[Conversation]] = {}
    for outcome, talk, situation in failed:
        groups.setdefault((*_cause(outcome, talk, situation), _exception(talk)), []).append(talk)
    found = [
        Cause(whose=whose, what=what + _exemplified(talks), conversations=tuple(talk.id for talk in talks))
        for (whose, what, _), talks in groups.items()
    ]
    return tuple(sorted(found, key=lambda cause: -len(cause.conversations)))


def _cause(outcome: Outcome, talk: Conversation, situation: Situation) -> tuple[Whose, str]:
    held = [check for check in outcome.checks if not check.passed]
    what = "; ".join(map(_told, held))
    if all(check.broken for check in held):
        return "check", what
    if talk.fault:
        return "assistant", f"it failed ({talk.fault})"
    labels = (label.detector for turn in talk.turns if turn.role == "user" for label in turn.labels)
    if fault := next((name for name in labels if name in _OUT_OF_PART), ""):
        return "user", f"it fell out of its part: {fault}"
    unasked = _never_named(talk, situation) if any(check.kind == "goal" for check in held) else ""
    if unasked:
        return "perhaps user", f"it never spoke of {unasked!r}, which its goal is about"
    return "assistant", what


def _fault_told(talk: Conversation) -> str:
    """Return what the record says of an assistant that failed, without the turn and the question: they differ."""
    return _AROUND_FAULT.sub("", talk.reason) if talk.fault else ""


def _exception(talk: Conversation) -> str:
    """Return the name of what was raised, so that two errors of one bot are two causes."""
    match = re.match(r"\w+(?=:|$| \(at )", _fault_told(talk)) if talk.fault == "raised" else None
    return match.group() if match else ""


def _exemplified(talks: list[Conversation]) -> str:
    """Return what an assistant's failure was, in its own words: those of all conversations, or the first one's."""
    told = list(dict.fromkeys(filter(None, map(_fault_told, talks))))
    if not told:
        return ""
    return f"{', for example' if len(told) > 1 else ''}: {shorten(told[0], _FAULT)}"


def _told(check: CheckResult) -> str:
    return f"{check.name}: {check.evidence[:_EVIDENCE]}" if check.evidence else check.name


def _never_named(talk: Conversation, situation: Situation) -> str:
    """Return a word of the goal that success asks for and that the user never said: they did not ask for it."""
    wanted = _words(" ".join(re.findall(r"[^\W\d_]+", " ".join(situation.success.said))))
    said = _words(" ".join(turn.content for turn in talk.turns if turn.role == "user"))
    return next(iter(sorted(_words(situation.goal) & wanted - said)), "")


def _words(text: str) -> frozenset[str]:
    """Return the words that can carry a matter, plural and singular as one."""
    return frozenset(word.removesuffix("s") for word in word_list(text) if len(word) >= _LEAST)
