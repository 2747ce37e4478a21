"""The nodes around the speakers: the opening, the guard and the outcome. Each returns what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from graphs.talk.goal import goal_by_rule
from graphs.talk.kept import kept, said_in
from graphs.talk.look import SECOND_LOOK
from graphs.talk.manner import manner_by_rule
from graphs.talk.speakers import given_line, looked_by
from graphs.talk.state import (
    ConversationContext,
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
from simulator.models.unit import Attempt
from simulator.roles.guards.scene import inspect
from simulator.roles.talk import mend

__all__ = ["guard", "open_talk", "settle"]


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


async def guard(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Take the turn that was made, or decide what becomes of the conversation without it; then see whether it ends."""
    inputs, side, draft = inputs_of(state), next_side(state), state["draft"]
    assert draft is not None  # noqa: S101 -- for the type checker: every edge into this node comes from a speaker
    rejected = (*state.get("rejected", ()), *draft.rejected)
    seen: dict[str, Any] = {"draft": None, "known": None, "rejected": rejected}
    content = draft.value["message"] if draft.value else kept(inputs, draft)
    if content is None:
        assert draft.failure is not None  # noqa: S101 -- a result has a value or a failure
        own = (len(state["messages"]) - state["first"]) // 2 + 1  # the user begins
        reason = f"turn {own} of the {side}: {draft.failure.message}"
        stop = lost_reason([attempt.flaw for attempt in draft.rejected])
        return {**seen, "lost": draft.failure, "stop": stop, "reason": reason}
    made = draft.value or {}
    labelled = _labelled(state, side, content, made.get("steps", ()), runtime.context)
    turn = _with_second_look(labelled, draft.rejected)
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


def _labelled(
    state: ConversationState, side: Side, content: str, steps: Sequence[Any], context: ConversationContext
) -> Turn:
    inputs = inputs_of(state)
    role: Literal["user", "assistant"] = "user" if side == "user" else "assistant"
    if side == "user" and given_line(state) is not None:
        return Turn(role="user", speaker=persona_id(inputs.persona), content=content)
    scene, detectors = looked_by(context, state, side)
    labels = inspect(content, scene, detectors)
    return Turn(role=role, speaker=_who(inputs, side), content=content, labels=labels, steps=tuple(steps))


def _who(inputs: ConversationInputs, side: Side) -> str:
    if side == "npc" and inputs.counterpart is not None:
        return inputs.counterpart.npc
    if side == "partner" and inputs.partner is not None:
        return persona_id(inputs.partner)
    return persona_id(inputs.persona) if side == "user" else "assistant"


def _with_second_look(turn: Turn, rejected: Sequence[Attempt]) -> Turn:
    """Return a turn that is kept although the second look found something, with what it found."""
    known = {label.detector for label in turn.labels}
    found = {a.flaw: a.message for a in rejected if a.flaw in SECOND_LOOK and mend(said_in(a.raw)) == turn.content}
    labels = [Label(detector=name, evidence=why, severity="error") for name, why in found.items() if name not in known]
    return turn.model_copy(update={"labels": (*turn.labels, *labels)}) if labels else turn


async def settle(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Make the outcome: the conversation, or the failure that keeps what there is of it."""
    inputs, lost = inputs_of(state), state.get("lost")
    turns = turns_here(state)
    complete, reason = whole(turns), state.get("reason", "")
    if len(complete) < len(turns):
        reason = f"{reason}; left without an answer: {turns[-1].content!r}"
    fault = fault_of(lost)
    talk = _conversation(state, inputs, complete, reason)
    talk = talk.model_copy(update={"fault": fault, "state": state.get("carried"), **_company(inputs, runtime.context)})
    if lost is None or fault or (inputs.flawed != "drop" and len(complete) >= 2 * min(inputs.least, inputs.exchanges)):
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
        system=None if inputs.counterpart else inputs.system,  # an NPC is told its card
    )


def _company(inputs: ConversationInputs, context: ConversationContext) -> dict[str, Any]:
    """Return which NPC the conversation is with, and the tools that it could call."""
    if inputs.counterpart is None or context.company is None:
        return {}
    tools = context.company.offered(inputs.counterpart)
    return {"npc": inputs.counterpart.npc, "offered": tuple(tool.name for tool in tools)}
