"""Conversations between a persona and an assistant, or between two personas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from simulator.models.base import Record
from simulator.models.message import Usage
from simulator.models.situation import Behaviour, Situation
from simulator.models.step import Step

__all__ = [
    "MOST_EXCHANGES",
    "STOPS",
    "Conversation",
    "ConversationInputs",
    "Counterpart",
    "Flawed",
    "Forked",
    "Goal",
    "Label",
    "Spent",
    "StopReason",
    "Turn",
    "Verdict",
]

StopReason = Literal["goal", "gave_up", "left", "max_turns", "assistant_ended", "loop", "budget", "error"]

STOPS: Mapping[StopReason, str] = {
    "goal": "the goal was reached",
    "gave_up": "the user gave up",
    "left": "the user left",
    "max_turns": "all turns were taken",
    "assistant_ended": "the assistant ended it",
    "loop": "it went in circles",
    "budget": "the budget was used up",
    "error": "an error",
}
"""Why a conversation ended, for people."""

Flawed = Literal["keep", "end", "drop"]
"""What becomes of a turn that no draft was good enough for: keep it with its labels, end before it, drop all."""


MOST_EXCHANGES = 64
"""Pairs of a turn and its answer that a conversation may have, those of a transcript included."""


class Label(Record):
    """What a detector found in a turn that was kept."""

    detector: str
    evidence: str
    severity: Literal["note", "warning", "error"] = "warning"


class Turn(Record):
    """One turn of a conversation.

    Attributes:
        role: Whose.
        speaker: The id of the persona or the NPC, or ``assistant``.
        content: What the other side gets to read.
        labels: What the detectors found.
        steps: The messages of an assistant that said several things or called tools; empty when the content is all.
    """

    role: Literal["user", "assistant"]
    speaker: str
    content: str = Field(min_length=1)
    labels: tuple[Label, ...] = ()
    steps: tuple[Step, ...] = ()


class Forked(Record):
    """Where a conversation left another one: its first ``at`` turns are that one's.

    ``assistant`` is the SPEC of another model that answered from there on.
    """

    conversation: str
    at: int = Field(ge=1)
    assistant: str | None = None


class Counterpart(Record):
    """An NPC of the run in the assistant's place, and what it may call.

    Attributes:
        npc: Its id.
        tools: Ids of the tools that it may call.
        results: Who makes what the tools answer: ``rules``, or a ``model`` in the role ``tool_player``.
        errors: How many of 100 calls fail as the tool says that it can.
        rounds: Most replies with calls in one turn.
    """

    npc: str
    tools: tuple[str, ...] = ()
    results: Literal["rules", "model"] = "rules"
    errors: int = Field(0, ge=0, le=100)
    rounds: int = Field(2, ge=1, le=16)


class ConversationInputs(Record):
    """What a conversation is made from: the inputs of its unit.

    Attributes:
        persona: Who speaks in the user's place.
        opener: Their first turn, word for word; without it they begin by themselves.
        instruction: Id of the instruction that the opener is, if it is one.
        situation: What the persona is in and wants; told to the user's side only. A text is what it is ``about``.
        behaviours: How the persona talks.
        script: The persona's first turns, word for word, after the opener.
        transcript: What was said before; it is taken as it is and nobody is asked for it again.
        exchanges: Most pairs of a turn and its answer.
        partner: Who is on the other side, when it is a person and not an assistant.
        relation: What the partner is to the persona, such as ``"younger sister"``.
        counterpart: The NPC on the other side, when it is one.
        system: The assistant's system prompt, if it is to have one of its own.
        flawed: What becomes of a turn that no draft was good enough for.
        least: Whole exchanges that a conversation needs to be a product when it ends before a flawed turn.
        redraws: How many drafts may be turned down before the conversation ends for its budget.
        judge: What the judge decides, if there is one.
        forked: Where it was forked from, if it was.
    """

    persona: str = Field(min_length=1)
    opener: str = ""
    instruction: str | None = None
    situation: Annotated[Situation, BeforeValidator(Situation.of)] = Situation()
    behaviours: tuple[Behaviour, ...] = ()
    script: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    transcript: tuple[Turn, ...] = ()
    exchanges: int = Field(3, ge=1, le=MOST_EXCHANGES)
    partner: str | None = Field(None, min_length=1)
    relation: str = ""
    system: str = ""
    flawed: Flawed = "end"
    least: int = Field(2, ge=1, le=64)
    redraws: int | None = Field(None, ge=0)
    judge: tuple[str, ...] = ()
    forked: Forked | None = None
    counterpart: Counterpart | None = None

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what most conversations have not, so that theirs are the units that they always were."""
        return {key: value for key, value in dump(self).items() if key != "counterpart" or value is not None}

    @model_validator(mode="after")
    def _in_turn(self) -> Self:
        for place, turn in enumerate(self.transcript):
            if turn.role != ("user", "assistant")[place % 2]:
                raise ValueError(f"turn {place + 1} of the transcript is the {turn.role}'s; the sides must take turns")
        return self

    @property
    def lines(self) -> tuple[str, ...]:
        """The persona's turns that are given word for word, from the first."""
        return (self.opener, *self.script) if self.opener.strip() else self.script


class Verdict(Record):
    """What a check of the whole conversation came to.

    Attributes:
        name: Of what was checked: ``goal``, or a behaviour's name.
        holds: Whether it holds; ``None`` when it could not be decided.
        by: Who decided: ``rule`` or ``judge``.
        evidence: The words of the conversation that decided it, or what was missing.
        statement: What was decided, where the name does not say it: a violation rubric.
    """

    name: str
    holds: bool | None
    by: Literal["rule", "judge"]
    evidence: str = ""
    statement: str = ""


class Goal(Verdict):
    """Whether the goal of the situation was reached. ``claimed`` says that the user said so, which decides nothing."""

    claimed: bool = False


class Spent(Record):
    """Calls and tokens, and what they cost in US dollars; ``None`` when the price of one of them is not known."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    usd: float | None = 0.0

    def plus(self, usage: Usage, usd: float | None) -> Spent:
        """Return this and one more call."""
        return self + Spent(calls=1, prompt=usage.prompt, completion=usage.completion, usd=usd)

    def __add__(self, other: Spent) -> Spent:
        """Return both together."""
        return Spent(
            calls=self.calls + other.calls,
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            usd=None if self.usd is None or other.usd is None else round(self.usd + other.usd, 9),
        )


class Conversation(Record):
    """One whole conversation.

    Attributes:
        id: Content hash of the unit.
        persona: Id of the persona in the user's place.
        partner: Id of the other persona, or ``None`` when the other side is an assistant or an NPC.
        npc: Id of the NPC on the other side, if it is one.
        offered: Names of the tools that the NPC could call.
        instruction: Id of the instruction that opened it, if one did.
        turns: In order; the first is the user's.
        stop: Why it ended.
        reason: The same for people, with the evidence, when there is more to say than the one word.
        situation: Name of the situation, if it has one.
        behaviours: Names of the persona's behaviours.
        goal: Whether the goal was reached; ``None`` when the situation says no way to check it.
        verdicts: What became of the behaviours, rule by rule.
        forked: Where it was forked from, if it was.
        system: The system prompt that the assistant was given; empty when it had none of its own, ``None`` in a
            ledger of before it was kept.
        fault: How the assistant under test failed (``raised``, ``timeout``, ...); empty when it did not.
        state: The final state of the assistant under test, if it has one.
        spent: What it took, by role, drafts that were turned down included.
    """

    id: str
    persona: str
    partner: str | None = None
    instruction: str | None = None
    turns: tuple[Turn, ...]
    stop: StopReason
    reason: str = ""
    situation: str | None = None
    behaviours: tuple[str, ...] = ()
    goal: Goal | None = None
    verdicts: tuple[Verdict, ...] = ()
    forked: Forked | None = None
    system: str | None = None
    fault: str = ""
    state: dict[str, Any] | None = None
    spent: dict[str, Spent] = Field(default_factory=dict)
    npc: str | None = None
    offered: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only conversations with NPCs have."""
        return {
            key: value for key, value in dump(self).items() if key not in ("npc", "offered") or self.npc is not None
        }
