"""The assistant role: answers the user. It sees the conversation and its own system prompt, never the persona."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Self

from pydantic import Field, model_validator

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record
from simulator.models.message import Message
from simulator.prompts.shipped import shipped_prompts
from simulator.roles.guards.panel import ASSISTANT, checks
from simulator.roles.guards.scene import Scene
from simulator.roles.role import Role
from simulator.roles.talk import mend, rate

__all__ = ["AssistantInput", "AssistantTurn", "assistant"]

_PLAIN_SYSTEM = (
    "You are a helpful assistant. Answer what was asked, correctly and completely, at the length that it needs: a few "
    "sentences for most questions, a list or a longer text where one is asked for. Say so when you do not know, and "
    "ask back when the answer depends on something that you were not told."
)
"""The system prompt of an assistant that the scenario gives none."""

_BRIEF_SYSTEM = "You are a helpful assistant. Answer in two or three complete sentences, with practical advice."
"""The same as a small model can keep it."""


class AssistantInput(Record):
    """What the assistant knows.

    Attributes:
        history: The conversation so far; it begins and ends with the user.
        system: The system prompt of the assistant under test; without one, a plain helpful assistant.
    """

    history: tuple[Message, ...] = Field(min_length=1)
    system: str = ""

    @model_validator(mode="after")
    def _users_turn(self) -> Self:
        if self.history[0].role != "user" or self.history[-1].role != "user":
            raise ValueError("the history must begin and end with a turn of the user")
        return self

    @cached_property
    def scene(self) -> Scene:
        """What the detectors see.

        A system prompt of the assistant under test is no rule that must not be quoted: it may hold the facts to tell.
        """
        rules = "" if self.system else f"{_PLAIN_SYSTEM}\n{_BRIEF_SYSTEM}"
        return Scene.of("assistant", self.history, rules=rules, examples=_shown())


class AssistantTurn(Record):
    """What the assistant answers."""

    message: str = Field(min_length=1, max_length=8000)


def assistant() -> Role[AssistantInput, AssistantTurn]:
    """Return the assistant role."""
    return Role(
        name="assistant",
        inputs=AssistantInput,
        output=AssistantTurn,
        values=_values,
        checks=checks(ASSISTANT, lambda inputs: inputs.scene, _text),
        score=_score,
        history=_rest,
        tidy=_tidy,
    )


def _values(inputs: AssistantInput) -> Mapping[str, str]:
    return {
        "system": inputs.system or _PLAIN_SYSTEM,
        "brief": inputs.system or _BRIEF_SYSTEM,
        "message": inputs.history[0].content,
    }


def _rest(inputs: AssistantInput) -> Sequence[Message]:
    return inputs.history[1:]


@cache
def _shown() -> tuple[str, ...]:
    prompts = shipped_prompts("assistant")
    return tuple(str(text) for prompt in prompts for example in prompt.examples for text in example.reply.values())


def _text(output: AssistantTurn) -> str:
    return output.message


def _tidy(output: AssistantTurn) -> AssistantTurn:
    return AssistantTurn(message=mend(output.message) or output.message)


async def _score(inputs: AssistantInput, outputs: Sequence[AssistantTurn], embedder: Embedder) -> Sequence[float]:
    own = [turn.content for turn in inputs.history if turn.role == "assistant"]
    asked = [turn.content for turn in inputs.history if turn.role == "user"]
    texts = [output.message for output in outputs]
    return await rate(texts, embedder, last=asked[-1:], topic=asked[0], own=own, words=(20, 90))
