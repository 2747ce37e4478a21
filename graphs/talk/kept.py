"""Which flawed draft a conversation keeps when no draft was good enough, if it keeps any."""

from __future__ import annotations

import json

from graphs.talk.subject import fault_of
from simulator.models.conversation import ConversationInputs
from simulator.models.unit import UnitResult
from simulator.roles.talk import mend

__all__ = ["kept", "said_in"]

_UNUSABLE = frozenset({"cut", "invalid", "refused", "empty_turn", "choice", "tool_call", "value"})
"""Flaws of a draft that is no turn at all and cannot be kept."""


def kept(inputs: ConversationInputs, draft: UnitResult) -> str | None:
    """Return the text of the latest flawed draft that is a turn at all, if the conversation keeps such turns."""
    if inputs.flawed != "keep" or fault_of(draft.failure):
        return None
    texts = (mend(said_in(attempt.raw)) for attempt in reversed(draft.rejected) if attempt.flaw not in _UNUSABLE)
    return next((text for text in texts if text), None)


def said_in(raw: str) -> str:
    """Return what a raw reply says, be it plain or a JSON object with a message."""
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    if isinstance(value, dict) and {"message", "content"} & value.keys():
        return str(value.get("message") or value.get("content") or "")
    return raw
