"""When a conversation ends. The reasons are tried in order, and only when the last question has its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from simulator.models.conversation import ConversationInputs, StopReason, Turn
from simulator.roles.guards.repetition import LOOPS, is_farewell, is_thanks

__all__ = ["STOPS", "ending", "lost_reason"]

_GIVES_UP = re.compile(
    r"\b(?:never mind|forget (?:it|about it)|i give up|this (?:is|was) (?:no use|useless|pointless|hopeless)|"
    r"(?:i'?ll|i will|i'?m going to) (?:ask|try|find|go to) (?:someone|somebody|something|somewhere) else|"
    r"you (?:can'?t|cannot|could not|couldn'?t) help me|this is getting (?:me )?nowhere)\b",
    re.IGNORECASE,
)
_CLOSES = re.compile(
    r"\b(?:i (?:can(?:not|'t)|am unable to|won't) continue (?:this|with this) (?:conversation|chat|discussion)|"
    r"i(?:'m| am) (?:ending|closing) (?:this|the|our) (?:conversation|chat|session)|"
    r"this (?:conversation|chat|session) (?:is|has been) (?:over|closed|ended))\b",
    re.IGNORECASE,
)

Ending = Callable[[ConversationInputs, Sequence[Turn]], str | None]
"""Looks at whole exchanges; returns the evidence for its reason, or ``None``."""


def _gave_up(_inputs: ConversationInputs, turns: Sequence[Turn]) -> str | None:
    found = _GIVES_UP.search(turns[-2].content)
    return found.group() if found else None


def _left(_inputs: ConversationInputs, turns: Sequence[Turn]) -> str | None:
    last = turns[-2].content
    return last if is_farewell(last) or is_thanks(last) else None


def _assistant_ended(_inputs: ConversationInputs, turns: Sequence[Turn]) -> str | None:
    found = _CLOSES.search(turns[-1].content)
    if found:
        return found.group()
    return turns[-1].content if is_farewell(turns[-1].content) else None


def _loop(_inputs: ConversationInputs, turns: Sequence[Turn]) -> str | None:
    found = [label for turn in turns[-2:] for label in turn.labels if label.detector in LOOPS]
    return f"{found[0].detector}: {found[0].evidence}" if found else None


def _max_turns(inputs: ConversationInputs, turns: Sequence[Turn]) -> str | None:
    return "" if len(turns) >= 2 * inputs.exchanges else None


STOPS: tuple[tuple[StopReason, Ending], ...] = (
    ("gave_up", _gave_up),
    ("left", _left),
    ("assistant_ended", _assistant_ended),
    ("loop", _loop),
    ("max_turns", _max_turns),
)
"""The reasons in their order: the first that holds is recorded."""


def ending(inputs: ConversationInputs, turns: Sequence[Turn]) -> tuple[StopReason, str] | None:
    """Return why the conversation ends now, with the evidence, or ``None`` when it goes on.

    A conversation whose last turn has no answer yet never ends here.
    """
    if not turns or turns[-1].role != "assistant" or len(turns) < 2:
        return None
    for reason, holds in STOPS:
        evidence = holds(inputs, turns)
        if evidence is not None:
            return reason, evidence
    return None


def lost_reason(flaws: Sequence[str]) -> StopReason:
    """Return why a conversation ends whose next turn had only these flaws: a loop when most of them were repetition."""
    repeats = sum(flaw in LOOPS for flaw in flaws)
    return "loop" if flaws and 2 * repeats >= len(flaws) else "error"
