"""The second look at a turn that passed every rule: is it near to an earlier one, and what does the judge say of it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphs.role import perform_unit
from graphs.talk.judging import ask_judge
from graphs.talk.state import ConversationContext, ConversationState, Side, inputs_of, turns_here
from simulator.models.conversation import ConversationInputs, Label, Turn
from simulator.models.persona import persona_id
from simulator.models.unit import Attempt, Failure, Unit, UnitResult
from simulator.roles.assistant import AssistantInput
from simulator.roles.guards.nearness import said_before
from simulator.roles.guards.repetition import LOOPS
from simulator.roles.guards.scene import Scene
from simulator.roles.npc import NpcInput
from simulator.roles.role import RoleContext
from simulator.roles.user import UserInput

__all__ = ["FAULTS", "SECOND_LOOK", "fault_question", "looked_at"]

_LOOKS = 2
"""How often a turn is made in all when the second look finds something: once more, and then the policy decides."""

FAULTS = {
    "role_flip": "it speaks in the other side's place: it serves, advises or answers instead of wanting something",
    "fourth_wall": "it speaks of roles, prompts, simulations or of being a machine",
    "persona_contradicted": "it contradicts who the person is",
    "goal_contradicted": "it says that the person does not want it, or agrees to what the person keeps from; to see "
    "that it cannot be had, to say so and to leave is no fault",
    "revealed_early": "it tells a thing that is told only when asked, and nobody asked",
    "repeats_self": "it says again what the user said before, in other words",
}
"""The faults that a judge is asked for, and how each is put to it."""

SECOND_LOOK = frozenset({*FAULTS, *LOOPS})
"""Names of what the second look finds."""

_QUESTION = (
    "Look at the last message, which is the user's, in the light of the person, the situation and the talk before it. "
    "Which of these faults does it have, if any? {faults}; none: it has none of them."
)


def fault_question(inputs: ConversationInputs) -> tuple[str, tuple[str, ...]]:
    """Return what the judge is asked of a turn, and the answers; between two people advice is no fault."""
    asked = {name: said for name, said in FAULTS.items() if name != "role_flip" or inputs.partner is None}
    return _QUESTION.format(faults="; ".join(f"{name}: {said}" for name, said in asked.items())), ("none", *asked)


async def looked_at(
    context: ConversationContext,
    state: ConversationState,
    side: Side,
    given: UserInput | AssistantInput | NpcInput,
    units: Sequence[Unit],
) -> UnitResult:
    """Return the first of ``units`` whose turn also stands the second look, or a failure that says what was found.

    Args:
        context: Who performs the sides, and the judge.
        state: The conversation.
        side: Whose turn it is.
        given: What that side knows.
        units: The turn, and the same with another seed.
    """
    speaker = _speaker(context, side)
    rejected: tuple[Attempt, ...] = ()
    for unit in units[:_LOOKS]:
        result = await perform_unit(unit, speaker, given)
        rejected = (*rejected, *result.rejected)
        if result.value is None:
            return result.model_copy(update={"rejected": rejected})
        text = str(result.value["message"] or result.value.get("report", ""))
        if result.value.get("calls"):
            return result.model_copy(update={"rejected": rejected})  # it says nothing yet
        label = await _second_look(context, speaker, state, side, given.scene, text)
        if label is None:
            return result.model_copy(update={"rejected": rejected})
        last = Attempt(flaw=label.detector, message=label.evidence, raw=text)
        rejected = (*rejected, last)
    failure = Failure(
        unit=unit.id,
        stage=unit.stage,
        role=unit.role,
        cause=last.flaw,
        message=f"{last.flaw}: {last.message}",
        raw=last.raw,
        attempts=len(rejected),
    )
    return UnitResult(failure=failure, rejected=rejected, prompt=speaker.prompt.sha256)


def _speaker(context: ConversationContext, side: Side) -> RoleContext[Any, Any]:
    if side == "npc" and context.company is not None:
        return context.company.role
    return context.assistant if side == "assistant" and context.assistant else context.user


async def _second_look(
    context: ConversationContext,
    speaker: RoleContext[Any, Any],
    state: ConversationState,
    side: Side,
    scene: Scene,
    text: str,
) -> Label | None:
    near = await said_before(text, scene, speaker.embedder)
    inputs = inputs_of(state)
    if near is not None or side != "user" or "turns" not in inputs.judge:
        return near
    turn = Turn(role="user", speaker=persona_id(inputs.persona), content=text)
    question, options = fault_question(inputs)
    turns = (*turns_here(state), turn)
    found = await ask_judge(context, inputs, turns, question, state.get("seed", 0), options, "last")
    if isinstance(found, str) or found.answer == "none":
        return None
    return Label(detector=found.answer, evidence=found.quote or found.reason, severity="error")
