"""The nodes that speak: each asks the role machine for its side's next turn."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from graphs.talk.look import looked_at
from graphs.talk.npc import company_of, npc_input, npc_turn
from graphs.talk.state import (
    ConversationContext,
    ConversationState,
    Side,
    history_of,
    inputs_of,
    situation_of,
    turns_here,
)
from graphs.talk.subject import answered
from simulator.errors import InputError
from simulator.models.base import derive_seed
from simulator.models.conversation import ConversationInputs
from simulator.models.unit import Unit, UnitResult
from simulator.roles.assistant import AssistantInput
from simulator.roles.guards.panel import ASSISTANT, NPC, USER, VISITOR
from simulator.roles.guards.scene import Detector, Scene
from simulator.roles.user import UserInput

__all__ = ["STAGE", "assistant", "given_line", "looked_by", "npc", "partner", "speaker_inputs", "user"]

STAGE = "converse"


async def user(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Let the persona say what comes next: what is given word for word, and then what it makes up."""
    line = given_line(state)
    if line is not None:
        return {"draft": UnitResult(value={"message": line})}
    return await _perform(runtime.context, state, "user")


async def partner(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Let the other person answer."""
    return await _perform(runtime.context, state, "partner")


async def npc(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Let the NPC answer."""
    return {"draft": await npc_turn(runtime.context, state)}


async def assistant(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Let the assistant answer.

    Raises:
        InputError: There is none: the conversation should have had a partner.
    """
    if runtime.context.subject is not None:
        return await answered(state, runtime.context.subject)
    if runtime.context.assistant is None:
        raise InputError("this conversation has no 'partner' and its context no assistant; give it one of them")
    return await _perform(runtime.context, state, "assistant")


def given_line(state: ConversationState) -> str | None:
    """Return the persona's next turn if it is given word for word; ``None`` when it is theirs to make up."""
    lines, said = inputs_of(state).lines, sum(turn.role == "user" for turn in turns_here(state))
    return lines[said] if said < len(lines) else None


async def _perform(context: ConversationContext, state: ConversationState, side: Side) -> dict[str, Any]:
    given, place = speaker_inputs(state, side, context), len(state.get("messages", ()))
    role = "assistant" if isinstance(given, AssistantInput) else "user"
    inputs, seed = given.model_dump(mode="json"), state.get("seed", 0)
    seeds = [derive_seed(seed, side, place), derive_seed(seed, side, place, "again")]
    units = [Unit(stage=STAGE, role=role, inputs=inputs, seed=one) for one in seeds]
    return {"draft": await looked_at(context, state, side, given, units), "known": given}


def looked_by(context: ConversationContext, state: ConversationState, side: Side) -> tuple[Scene, tuple[Detector, ...]]:
    """Return what the detectors see of the turn of ``side``, and which they are."""
    if side == "npc":
        return npc_input(state, company_of(context)).scene, NPC
    given = speaker_inputs(state, side, context)
    if isinstance(given, AssistantInput):
        return given.scene, ASSISTANT
    return given.scene, USER if inputs_of(state).counterpart is None else VISITOR


def speaker_inputs(state: ConversationState, side: Side, context: ConversationContext) -> UserInput | AssistantInput:
    """Return what ``side`` knows when it is its turn, or knew when it made the turn that is looked at."""
    known = state.get("known")
    if known is not None:
        return known
    inputs, history = inputs_of(state), history_of(state, side)
    if side == "assistant":
        return AssistantInput(history=history, system=inputs.system)
    return UserInput(
        persona=inputs.partner if side == "partner" and inputs.partner else inputs.persona,
        situation=situation_of(inputs, side),
        behaviours=() if side == "partner" else inputs.behaviours,
        history=history,
        turn=1 + sum(message.role == "user" for message in history),
        companion="person" if inputs.partner or inputs.counterpart else "assistant",
        **_met(inputs, context),
    )


def _met(inputs: ConversationInputs, context: ConversationContext) -> dict[str, Any]:
    """Return what a visitor sees and hears before the talk begins."""
    if inputs.counterpart is None:
        return {}
    company = company_of(context)
    npc = company.npc(inputs.counterpart)
    return {"greeting": npc.greeting, "place": npc.place, "known": company.known}
