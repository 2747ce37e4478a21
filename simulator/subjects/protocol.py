"""What an assistant under test is to the rest of Sixhop."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from pydantic import Field

from simulator.models.base import Record
from simulator.models.conversation import Spent
from simulator.models.message import Usage
from simulator.models.step import Step

__all__ = ["Answer", "Cause", "Subject", "Task"]

Cause = Literal["raised", "timeout", "nonsense", "cut", "refused"]
"""How an assistant fails: it raised, it did not answer in time, or what it answered is no answer."""


class Task(Record):
    """What an assistant under test gets when it is its turn.

    Attributes:
        messages: The talk so far as a chat completion request has it: its system prompt, if it has one, the user's
            turns, its own earlier messages with their tool calls, and the tools' answers.
        state: What it returned as its state the last time; ``None`` at its first turn.
        seed: For its own randomness.
    """

    messages: tuple[dict[str, Any], ...]
    state: dict[str, Any] | None = None
    seed: int = 0


class Answer(Record):
    """What came back. An assistant that fails is an answer too: it is recorded, stored and reused like any other.

    Attributes:
        steps: What it said and did, in order.
        state: Its state after the turn, as JSON-able data; checks see the last one.
        ended: Whether it closed the conversation.
        cause: How it failed; ``None`` when it did not.
        problem: The same for people.
        usage: Tokens, where it told them.
        spent: What the answer took, by role.
    """

    steps: tuple[Step, ...] = ()
    state: dict[str, Any] | None = None
    ended: bool = False
    cause: Cause | None = None
    problem: str = ""
    usage: Usage = Usage()
    spent: dict[str, Spent] = Field(default_factory=dict)


class Subject(Protocol):
    """An assistant under test."""

    @property
    def name(self) -> str:
        """Its identity: the same name means that a stored answer to the same task still counts."""
        ...

    async def answer(self, task: Task) -> Answer:
        """Return its answer, or how it failed.

        Raises:
            EndpointError: A model's endpoint could not be reached: nobody knows what it would have said.
        """
        ...
