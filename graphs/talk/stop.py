"""When a conversation ends. The reasons are tried in order, and only when the last question has its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphs.talk.goal import gives_up, goal_by_rule
from simulator.models.conversation import ConversationInputs, Label, StopReason, Turn
from simulator.roles.guards.repetition import LOOPS, is_farewell, is_thanks

__all__ = ["STOPS", "Talk", "ending", "lost_reason"]

_CLOSES = re.compile(
    r"\b(?:i (?:can(?:not|'t)|am unable to|won't) continue (?:this|with this) (?:conversation|chat|discussion)|"
    r"i(?:'m| am) (?:ending|closing) (?:this|the|our) (?:conversation|chat|session)|"
    r"this (?:conversation|chat|session) (?:is|has been) (?:over|closed|ended))\b",
    re.IGNORECASE,
)


_WISHES = re.compile(r"\b(?:have a (?:good|nice|great|lovely) \w+|take care)\b", re.IGNORECASE)
"""What a desk may end each answer with."""


@dataclass(frozen=True)
class Talk:
    """A conversation whose last question has its answer.

    Attributes:
        inputs: What it is made from.
        turns: Whole exchanges.
        redrawn: Drafts that were turned down so far.
        closed: Whether an assistant under test said apart from its words that it is at its end.
    """

    inputs: ConversationInputs
    turns: Sequence[Turn]
    redrawn: int = 0
    closed: bool = False

    @property
    def user(self) -> str:
        """The user's last turn."""
        return self.turns[-2].content

    @property
    def answer(self) -> str:
        """The answer to it."""
        return self.turns[-1].content


Ending = Callable[[Talk], str | None]
"""Looks at whole exchanges; returns the evidence for its reason, or ``None``."""


def _goal(talk: Talk) -> str | None:
    """Only the rules: what a judge has to say is asked apart."""
    success = talk.inputs.situation.success
    goal = goal_by_rule(success, talk.turns)
    if goal is None or not goal.holds or ("goal" in talk.inputs.judge and success.criterion):
        return None
    return goal.evidence


def _gave_up(talk: Talk) -> str | None:
    return gives_up(talk.user)


def _left(talk: Talk) -> str | None:
    return talk.user if is_farewell(talk.user) or is_thanks(talk.user) else None


def _assistant_ended(talk: Talk) -> str | None:
    found = _CLOSES.search(talk.answer)
    if found:
        return found.group()
    if talk.closed:
        return "it closed the conversation"
    person = talk.inputs.partner or talk.inputs.counterpart
    return talk.answer if is_farewell(talk.answer if person else _WISHES.sub("", talk.answer)) else None


def _loop(talk: Talk) -> str | None:
    """The user's repetition, or the second of the other side in a row: after the first the user may ask otherwise."""
    mine, before, now = (_repeats(talk, place) for place in (-2, -3, -1))
    found = mine or (now if before else None)
    return f"{found.detector}: {found.evidence}" if found else None


def _repeats(talk: Talk, place: int) -> Label | None:
    labels = talk.turns[place].labels if len(talk.turns) >= -place else ()
    return next((label for label in labels if label.detector in LOOPS), None)


def _budget(talk: Talk) -> str | None:
    most = talk.inputs.redraws
    return (
        f"{talk.redrawn} drafts were turned down, {most} are allowed"
        if most is not None and talk.redrawn > most
        else None
    )


def _max_turns(talk: Talk) -> str | None:
    return "" if len(talk.turns) >= 2 * talk.inputs.exchanges else None


STOPS: tuple[tuple[StopReason, Ending], ...] = (
    ("goal", _goal),
    ("gave_up", _gave_up),
    ("left", _left),
    ("assistant_ended", _assistant_ended),
    ("loop", _loop),
    ("budget", _budget),
    ("max_turns", _max_turns),
)
"""The reasons in their order: the first that holds is recorded."""


def ending(
    inputs: ConversationInputs, turns: Sequence[Turn], redrawn: int = 0, closed: bool = False
) -> tuple[StopReason, str] | None:
    """Return why the conversation ends now, with the evidence, or ``None`` when it goes on.

    A conversation whose last turn has no answer yet never ends here.
    """
    if not turns or turns[-1].role != "assistant" or len(turns) < 2:
        return None
    for reason, holds in STOPS:
        evidence = holds(Talk(inputs, turns, redrawn, closed))
        if evidence is not None:
            return reason, evidence
    return None


def lost_reason(flaws: Sequence[str]) -> StopReason:
    """Return why a conversation ends whose next turn had only these flaws: a loop when most of them were repetition."""
    repeats = sum(flaw in LOOPS for flaw in flaws)
    return "loop" if flaws and 2 * repeats >= len(flaws) else "error"
