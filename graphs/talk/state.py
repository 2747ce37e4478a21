"""The state of a conversation, and the way between its messages and our turns.

The transcript is ``messages`` (so that LangGraph Studio's chat mode shows it) and nothing else: a turn's speaker is the
message's name, its labels are in ``additional_kwargs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.graph import MessagesState
from pydantic import ValidationError

from graphs.talk.company import Company
from simulator.errors import InputError
from simulator.models.conversation import ConversationInputs, Label, Turn
from simulator.models.message import REMEMBERED, Message, spoken
from simulator.models.persona import persona_id
from simulator.models.situation import Situation
from simulator.models.step import Step
from simulator.models.unit import Attempt, Failure, UnitResult
from simulator.roles.assistant import AssistantInput
from simulator.roles.role import RoleContext
from simulator.roles.user import UserInput
from simulator.subjects.protocol import Subject

__all__ = [
    "ConversationContext",
    "ConversationState",
    "Side",
    "TalkInput",
    "TalkOutput",
    "checked_inputs",
    "history_of",
    "inputs_of",
    "message_of",
    "next_side",
    "situation_of",
    "turns_here",
    "turns_of",
    "whole",
]

Side = Literal["user", "assistant", "partner", "npc"]


@dataclass(frozen=True)
class ConversationContext:
    """Who performs the two sides.

    Attributes:
        user: The user role; it also speaks for the partner in a conversation between two people.
        assistant: The assistant role; not needed between two people.
        judge: The judge role; needed by conversations that want something judged.
        subject: The assistant under test, which then answers in the role's place.
        company: The NPCs of the run; needed by conversations with one of them.
    """

    user: RoleContext[Any, Any]
    assistant: RoleContext[Any, Any] | None = None
    judge: RoleContext[Any, Any] | None = None
    subject: Subject | None = None
    company: Company | None = None


class TalkInput(MessagesState, total=False):
    """What a client sends: the fields of :class:`ConversationInputs`, or a chat message, or both."""

    persona: str
    opener: str
    instruction: str | None
    situation: Any
    exchanges: int
    partner: str | None
    relation: str
    system: str
    behaviours: Sequence[Any]
    script: Sequence[str]
    transcript: Sequence[Any]
    flawed: str
    least: int
    redraws: int | None
    judge: Sequence[str]
    forked: Any
    counterpart: Any
    seed: int


class ConversationState(TalkInput, total=False):
    """What the machine knows.

    Attributes:
        given: The checked inputs.
        first: Index of the first message of this conversation; earlier ones are of an older one in the same thread.
        draft: The turn that a side has just made, not yet looked at.
        known: What that side knew, where a role made the turn.
        rejected: Attempts that were turned down, in order.
        carried: The state of the assistant under test after its last turn.
        scores: The best-of-k scores of the turns that were made.
        lost: The turn that could not be made.
        stop: Why the conversation ends, once it does.
        reason: The same for people.
        goal: What the judge said of the goal, as JSON-able data.
        verdicts: What the judge said of the behaviours, as JSON-able data.
        conversation: The outcome, as JSON-able data.
        failure: Why there is no outcome, as JSON-able data.
    """

    given: ConversationInputs | None
    first: int
    draft: UnitResult | None
    known: UserInput | AssistantInput | None
    rejected: tuple[Attempt, ...]
    carried: dict[str, Any] | None
    scores: tuple[float, ...]
    lost: Failure | None
    stop: str | None
    reason: str
    goal: dict[str, Any] | None
    verdicts: tuple[dict[str, Any], ...]
    conversation: dict[str, Any] | None
    failure: dict[str, Any] | None


class TalkOutput(MessagesState, total=False):
    """What a client gets."""

    conversation: dict[str, Any] | None
    failure: dict[str, Any] | None


def inputs_of(state: ConversationState) -> ConversationInputs:
    """Return what the conversation is made from, as it was checked when it began."""
    return state.get("given") or checked_inputs(state)


def checked_inputs(state: ConversationState) -> ConversationInputs:
    """Return what the conversation is made from.

    A chat message without a persona is somebody at the keyboard: one answer, and the next message goes on.

    Raises:
        InputError: A field is missing or not allowed.
    """
    given = {key: state[key] for key in ConversationInputs.model_fields if key in state}  # type: ignore[literal-required]
    if not given.get("persona"):
        given = {**given, "persona": "somebody at the keyboard", "exchanges": 1}
        if not any(isinstance(message, HumanMessage) for message in state.get("messages", ())):
            raise InputError("a conversation needs a 'persona' (who speaks), or a chat message to answer; got neither")
    try:
        return ConversationInputs.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"a conversation's {place!r} is {first['input']!r}: {first['msg']}") from error


def message_of(turn: Turn, number: int) -> BaseMessage:
    """Return ``turn`` as a LangChain message; its id says its place, so that equal runs have equal states."""
    kind = HumanMessage if turn.role == "user" else AIMessage
    kept = {
        name: [one.model_dump(mode="json") for one in many]
        for name, many in (("labels", turn.labels), ("steps", turn.steps))
        if many
    }
    return kind(content=turn.content, name=turn.speaker, id=f"turn-{number}", additional_kwargs=kept)


def turns_of(messages: Sequence[BaseMessage], speaker: str) -> tuple[Turn, ...]:
    """Return messages as turns; ``speaker`` is who a human message without a name is of."""
    return tuple(_turn(message, text, speaker) for message in messages if (text := _text(message)).strip())


def _text(message: BaseMessage) -> str:
    return message.content if isinstance(message.content, str) else str(message.text)


def _turn(message: BaseMessage, text: str, speaker: str) -> Turn:
    human = isinstance(message, HumanMessage)
    plain = _plain_turn("user" if human else "assistant", message.name or (speaker if human else "assistant"), text)
    kept = message.additional_kwargs
    if not kept:
        return plain
    labels = tuple(Label.model_validate(row) for row in kept.get("labels", ()))
    return plain.model_copy(
        update={"labels": labels, "steps": tuple(Step.model_validate(row) for row in kept.get("steps", ()))}
    )


@lru_cache(maxsize=REMEMBERED)
def _plain_turn(role: Literal["user", "assistant"], speaker: str, content: str) -> Turn:
    return Turn(role=role, speaker=speaker, content=content)


def turns_here(state: ConversationState) -> tuple[Turn, ...]:
    """Return the turns of this conversation, without those of an older one in the same thread."""
    return turns_of(state.get("messages", [])[state.get("first", 0) :], persona_id(inputs_of(state).persona))


def whole(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return ``turns`` without a last one that has no answer."""
    return tuple(turns[: len(turns) - (1 if turns and turns[-1].role == "user" else 0)])


def history_of(state: ConversationState, side: Side) -> tuple[Message, ...]:
    """Return the whole thread as ``side`` sees it: a partner's own turns are the ``user``'s, as the user role wants."""
    swapped: dict[str, Literal["user", "assistant"]] = {"user": "assistant", "assistant": "user"}
    turns = turns_of(state.get("messages", ()), "user")
    return tuple(spoken(swapped[turn.role] if side == "partner" else turn.role, turn.content) for turn in turns)


def next_side(state: ConversationState) -> Side:
    """Return whose turn it is."""
    messages = state.get("messages", ())
    if len(messages) > state.get("first", 0) and isinstance(messages[-1], HumanMessage):
        return "npc" if state.get("counterpart") else "partner" if state.get("partner") else "assistant"
    return "user"


def situation_of(inputs: ConversationInputs, side: Side) -> Situation:
    """Return the situation as ``side`` knows it; the persona's own is not told to the partner."""
    if inputs.partner is None:
        return inputs.situation
    whom = inputs.persona if side == "partner" else inputs.partner
    tie = f"your {inputs.relation}" if side == "user" else f"somebody whose {inputs.relation} you are"
    talk = f"You talk with {tie + ': ' if inputs.relation else ''}{whom.rstrip('.')}."
    if side == "partner":
        return Situation(about=talk)
    return inputs.situation.model_copy(update={"about": f"{inputs.situation.about} {talk}".strip()})
