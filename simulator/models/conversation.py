"""Conversations between a persona and an assistant, or between two personas."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Conversation", "ConversationInputs", "Flawed", "Label", "StopReason", "Turn"]

StopReason = Literal["goal", "gave_up", "left", "max_turns", "assistant_ended", "loop", "budget", "error"]

Flawed = Literal["keep", "end", "drop"]
"""What becomes of a turn that no draft was good enough for: keep it with its labels, end before it, drop all."""


class ConversationInputs(Record):
    """What a conversation is made from: the inputs of its unit.

    Attributes:
        persona: Who speaks in the user's place.
        opener: Their first turn, word for word; without it they begin by themselves.
        instruction: Id of the instruction that the opener is, if it is one.
        situation: What the persona is in; told to the user's side only.
        exchanges: Most pairs of a turn and its answer.
        partner: Who is on the other side, when it is a person and not an assistant.
        relation: What the partner is to the persona, such as ``"younger sister"``.
        system: The assistant's system prompt, if it is to have one of its own.
        flawed: What becomes of a turn that no draft was good enough for.
        least: Whole exchanges that a conversation needs to be a product when it ends before a flawed turn.
    """

    persona: str = Field(min_length=1)
    opener: str = ""
    instruction: str | None = None
    situation: str = ""
    exchanges: int = Field(3, ge=1, le=64)
    partner: str | None = Field(None, min_length=1)
    relation: str = ""
    system: str = ""
    flawed: Flawed = "end"
    least: int = Field(2, ge=1, le=64)


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
        reason: The same for people, with the evidence, when there is more to say than the one word.
    """

    id: str
    persona: str
    partner: str | None = None
    instruction: str | None = None
    turns: tuple[Turn, ...]
    stop: StopReason
    reason: str = ""
