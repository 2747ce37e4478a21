"""The nodes around the speakers: the opening, the guard and the outcome. Each returns what it changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, cast

from langchain_core.messages import HumanMessage

from graphs.talk.goal import goal_by_rule
from graphs.talk.look import SECOND_LOOK
from graphs.talk.manner import manner_by_rule
from graphs.talk.speakers import given_line, speaker_inputs
from graphs.talk.state import (
    ConversationState,
    Side,
    checked_inputs,
    inputs_of,
    message_of,
    next_side,
    turns_here,
    whole,
)
from graphs.talk.stop import ending, lost_reason
from graphs.talk.subject import fault_of
from simulator.models.base import canonical_json, content_id
from simulator.models.conversation import Conversation, ConversationInputs, Goal, Label, StopReason, Turn, Verdict
from simulator.models.persona import persona_id
from simulator.models.unit import Attempt, UnitResult
from simulator.roles.assistant import AssistantInput
from simulator.roles.guards.panel import ASSISTANT, USER
from simulator.roles.guards.scene import inspect
from simulator.roles.talk import mend

__all__ = ["guard", "open_talk", "settle"]

_UNUSABLE = frozenset({"cut", "invalid", "refused", "empty_turn"})
"""Flaws of a draft that is no turn at all and cannot be kept."""


async def open_talk(state: ConversationState) -> dict[str, Any]:
    """Check the inputs, and let a transcript, or the opener, stand as what was said first, word for word.

    A human message at the end of the thread is the opener of somebody in a chat.
    """
    inputs, messages = checked_inputs(state), state.get("messages", [])
    fresh: dict[str, Any] = {
        "given": inputs,
        "rejected": (),
        "scores": (),
        "lost": None,
        "stop": None,
        "reason": "",
        "draft": None,
    }
    fresh |= {"known": None, "conversation": None, "failure": None, "goal": None, "verdicts": (), "carried": None}
    if messages and isinstance(messages[-1], HumanMessage):
        return {**fresh, "first": len(messages) - 1}
    begun = inputs.transcript
    if not begun and inputs.lines:
        begun = (Turn(role="user", speaker=persona_id(inputs.persona), content=inputs.lines[0]),)
    said = [message_of(turn, len(messages) + place) for place, turn in enumerate(begun)]
    return {**fresh, "first": len(messages), "messages": said}


async def guard(state: ConversationState) -> dict[str, Any]:
    """Take the turn that was made, or decide what becomes of the conversation without it; then see whether it ends."""
    inputs, side, draft = inputs_of(state), next_side(state), state["draft"]
    assert draft is not None  # noqa: S101 -- for the type checker: every edge into this node comes from a speaker
    rejected = (*state.get("rejected", ()), *draft.rejected)
    seen: dict[str, Any] = {"draft": None, "known": None, "rejected": rejected}
    content = draft.value["message"] if draft.value else _kept(inputs, draft)
    if content is None:
        assert draft.failure is not None  # noqa: S101 -- a result has a value or a failure
        reason = f"{side} turn {len(state['messages']) - state['first'] + 1}: {draft.failure.message}"
        stop = lost_reason([attempt.flaw for attempt in draft.rejected])
        return {**seen, "lost": draft.failure, "stop": stop, "reason": reason}
    made = draft.value or {}
    turn = _with_second_look(_labelled(state, side, content, made.get("steps", ())), draft.rejected)
    message = message_of(turn, len(state["messages"]))
    end = ending(inputs, (*turns_here(state), turn), len(rejected), bool(made.get("ended")))
    scores = (*state.get("scores", ()), *(() if draft.score is None else (draft.score,)))
    return {
        **seen,
        "messages": [message],
        "scores": scores,
        "stop": end[0] if end else None,
        "reason": end[1] if end else "",
    }


def _labelled(state: ConversationState, side: Side, content: str, steps: Sequence[Any]) -> Turn:
    given = speaker_inputs(state, side)
    if side == "user" and given_line(state) is not None:
        return Turn(role="user", speaker=persona_id(inputs_of(state).persona), content=content)
    if isinstance(given, AssistantInput):
        labels = inspect(content, given.scene, ASSISTANT)
        return Turn(role="assistant", speaker="assistant", content=content, labels=labels, steps=tuple(steps))
    labels = inspect(content, given.scene, USER)
    role: Literal["user", "assistant"] = "assistant" if side == "partner" else "user"
    return Turn(role=role, speaker=persona_id(given.persona), content=content, labels=labels)


def _with_second_look(turn: Turn, rejected: Sequence[Attempt]) -> Turn:
    """Return a turn that is kept although the second look found something, with what it found."""
    known = {label.detector for label in turn.labels}
    found = {a.flaw: a.message for a in rejected if a.flaw in SECOND_LOOK and mend(_said(a.raw)) == turn.content}
    labels = [Label(detector=name, evidence=why, severity="error") for name, why in found.items() if name not in known]
    return turn.model_copy(update={"labels": (*turn.labels, *labels)}) if labels else turn


def _kept(inputs: ConversationInputs, draft: UnitResult) -> str | None:
    """Return the text of the latest flawed draft that is a turn at all, if the conversation keeps such turns."""
    if inputs.flawed != "keep" or fault_of(draft.failure):
        return None
    texts = (mend(_said(attempt.raw)) for attempt in reversed(draft.rejected) if attempt.flaw not in _UNUSABLE)
    return next((text for text in texts if text), None)


def _said(raw: str) -> str:
    """Return what a raw reply says, be it plain or a JSON object with a message."""
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    return str(value["message"]) if isinstance(value, dict) and "message" in value else raw


async def settle(state: ConversationState) -> dict[str, Any]:
    """Make the outcome: the conversation, or the failure that keeps what there is of it."""
    inputs, lost = inputs_of(state), state.get("lost")
    turns = turns_here(state)
    kept, reason = whole(turns), state.get("reason", "")
    if len(kept) < len(turns):
        reason = f"{reason}; left without an answer: {turns[-1].content!r}"
    fault = fault_of(lost)
    talk = _conversation(state, inputs, kept, reason).model_copy(update={"fault": fault, "state": state.get("carried")})
    if lost is None or fault or (inputs.flawed != "drop" and len(kept) >= 2 * min(inputs.least, inputs.exchanges)):
        return {"conversation": talk.model_dump(mode="json")}
    raw = canonical_json({"conversation": talk.model_dump(mode="json"), "reply": lost.raw})
    return {"failure": lost.model_copy(update={"raw": raw, "message": reason}).model_dump(mode="json"), "lost": None}


def _conversation(
    state: ConversationState, inputs: ConversationInputs, turns: Sequence[Turn], reason: str
) -> Conversation:
    judged = state.get("goal")
    goal = Goal.model_validate(judged) if judged else goal_by_rule(inputs.situation.success, turns)
    verdicts = [*manner_by_rule(inputs, turns), *map(Verdict.model_validate, state.get("verdicts", ()))]
    return Conversation(
        id=content_id("c", inputs.model_dump(mode="json"), [turn.content for turn in turns]),
        persona=persona_id(inputs.persona),
        partner=persona_id(inputs.partner) if inputs.partner else None,
        instruction=inputs.instruction,
        turns=tuple(turns),
        stop=cast(StopReason, state.get("stop") or "error"),
        reason=reason,
        situation=inputs.situation.name or None,
        behaviours=tuple(one.name for one in inputs.behaviours),
        goal=goal,
        verdicts=tuple(verdicts),
        forked=inputs.forked,
        system=inputs.system,
    )
