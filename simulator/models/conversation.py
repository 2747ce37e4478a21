"""Conversations between a persona and an assistant, or between two personas."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Conversation", "Label", "StopReason", "Turn"]

StopReason = Literal["goal", "gave_up", "left", "max_turns", "assistant_ended", "loop", "budget", "error"]


class Label(Record):
    """What a detector found in a turn that was kept."""

    detector: str
    evidence: str
    severity: Literal["note", "warning", "error"] = "warning"


class Turn(Record):
    """One message of a conversation. ``speaker`` is the persona's id, or ``assistant``."""

    role: Literal["user", "assistant"]
    speaker: str
    content: str = Field(min_length=1)
    labels: tuple[Label, ...] = ()


class Conversation(Record):
    """One whole conversation.

    Attributes:
        id: Content hash of the unit.
        persona: Id of the persona in the user's place.
        partner: Id of the other persona, or ``None`` when the other side is an assistant.
        instruction: Id of the instruction that opened it, if one did.
        turns: In order; the first is the user's.
        stop: Why it ended.
    """

    id: str
    persona: str
    partner: str | None = None
    instruction: str | None = None
    turns: tuple[Turn, ...]
    stop: StopReason
