"""The personas of a run as people to talk with: what ``sixhop chat`` and ``sixhop serve`` speak through."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphs.role import perform_unit
from simulator.assembly.choices import endpoint_spec
from simulator.assembly.search import open_embedder
from simulator.errors import InvalidReply
from simulator.llm.open import open_model
from simulator.models.base import derive_seed
from simulator.models.message import Message
from simulator.models.situation import Situation
from simulator.models.unit import Unit
from simulator.prompts.template import load_prompt
from simulator.roles.role import RoleContext
from simulator.roles.talk import mend
from simulator.roles.user import UserInput, user
from simulator.scenario.endpoints import ModelChoice
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Voices", "open_voices"]

_MOST_MESSAGES = 64
"""Of a talk that the persona remembers; what came before is forgotten, as a prompt has an end."""


@dataclass(frozen=True)
class Voices:
    """Lets personas speak. Nothing of it is written to the run.

    Attributes:
        context: The user role with its model.
    """

    context: RoleContext[Any, Any]

    @property
    def model(self) -> str:
        """The identity of the model that speaks."""
        return self.context.model.name

    async def say(self, persona: str, heard: Sequence[Message], situation: str = "", seed: int = 0) -> str:
        """Return what a persona says next.

        Args:
            persona: Its text.
            heard: The talk so far: ``assistant`` is the persona, ``user`` whoever talks with it.
            situation: What the persona is in, if more than an ordinary day.
            seed: The same talk with the same seed gets the same answer, as far as the model can do that.

        Raises:
            EndpointError: The model did not answer.
            InvalidReply: Nothing that it said was a turn.
        """
        swapped = {"user": "assistant", "assistant": "user"}
        kept = [message for message in heard if message.role in swapped][-_MOST_MESSAGES:]
        history = tuple(Message(role=swapped[one.role], content=one.content) for one in kept)
        inputs = UserInput(
            persona=persona,
            situation=Situation(about=situation),
            history=history,
            turn=1 + sum(message.role == "user" for message in history),
            companion="person",
        ).model_dump(mode="json")
        unit = Unit(stage="voice", role="user", inputs=inputs, seed=derive_seed(seed, "voice", inputs))
        result = await perform_unit(unit, self.context)
        if result.value is not None:
            return str(result.value["message"])
        # Somebody waits for an answer: the latest draft that says anything is better than none.
        said = next((text for one in reversed(result.rejected) if (text := mend(one.raw))), "")
        if not said:
            raise InvalidReply(f"{self.model!r} said nothing that a person could have said")
        return said


async def open_voices(
    scenario: Scenario,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    spec: str | None = None,
    model: ChatModel | None = None,
    embedder: Embedder | None = None,
) -> Voices:
    """Open the model of the scenario's user role.

    Args:
        scenario: Of the run.
        settings: Keys and the embedded server's size.
        stack: Closes the model.
        spec: A model SPEC instead of the scenario's.
        model: A model instead of both.
        embedder: Instead of the scenario's.

    Raises:
        ModelSpecError: A SPEC or key is wrong.
    """
    profile = "standard"
    if model is None:
        if spec is not None:
            models = scenario.models.model_copy(update={"default": ModelChoice(spec=spec), "roles": {}})
            scenario = scenario.model_copy(update={"models": models})
        there = endpoint_spec(scenario, "user", settings)
        profile = there.profile
        model = await stack.enter_async_context(open_model(there, settings))
    chosen = embedder or await open_embedder(scenario, settings, stack)
    prompt = load_prompt("user", "small" if profile == "small" else "standard")
    return Voices(RoleContext(user(), prompt, model, chosen))
