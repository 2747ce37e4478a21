"""The user role: a persona who talks with an assistant, or with another person, and says what comes next.

The chat is flipped: who the person is stands in the first user message, the person's own turns are the model's
(``assistant``), and the counterpart's turns are the ``user`` messages. So the model continues its own side of a chat,
which is what it was trained for, and the persona reaches the prompt of every turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record
from simulator.models.message import Message, Speaker, spoken
from simulator.models.situation import Behaviour, Situation
from simulator.models.world import World
from simulator.prompts.shipped import shipped_prompts
from simulator.roles.guards.panel import USER, VISITOR, checks
from simulator.roles.guards.scene import Detector, Scene
from simulator.roles.npc_writer import likeness
from simulator.roles.role import Check, Role
from simulator.roles.script import aim, brief, due, manner, sayings, told
from simulator.roles.talk import mend, rate

__all__ = ["UserInput", "UserTurn", "user", "visitor"]

_HAVE = re.compile(r"to have \S+ (.+)")
_JOINT = re.compile(
    r"\b(?:the|an?|my|your|our|their|this|with|without|for|to|of|from|at|by|can|could)\s+"
    r"(?:on|at(?! least\b)|by|for|in(?! advance\b)|of|to|until|with|from)\b",
    re.IGNORECASE,
)
"""Where a small model was led to a phrase of its goal in the middle of another one: "the on Saturday"."""

_COMPANIONS = {"assistant": "an AI assistant", "person": "another person"}


class UserInput(Record):
    """What the simulated user knows.

    Attributes:
        persona: Who is speaking, in one or two sentences.
        situation: What the person is in and wants, if more than an ordinary day. A text is what it is ``about``.
        behaviours: How the person talks.
        history: The conversation so far; ``user`` is the person's own side.
        turn: Number of the turn that is asked for, from 1.
        companion: Who is on the other side.
        greeting: What the other side said before the talk began; it is told in the situation.
        place: Where they meet, in a world.
        known: The names (:class:`Known`) that there are in that world; of this process, and no part of the unit.
    """

    persona: str = Field(min_length=1)
    situation: Annotated[Situation, BeforeValidator(Situation.of)] = Situation()
    behaviours: tuple[Behaviour, ...] = ()
    history: tuple[Message, ...] = ()
    turn: int = Field(1, ge=1)
    companion: Literal["assistant", "person"] = "assistant"
    greeting: str = ""
    place: str = ""
    known: Annotated[Any, Field(exclude=True, repr=False)] = None

    @cached_property
    def scene(self) -> Scene:
        """What the detectors see."""
        rules, examples = _shown()
        heard = (turn.content for turn in self.history if turn.role == "assistant")  # of which the names were checked
        known = self.known.also((self.persona, told(self.situation), *heard)) if self.known is not None else None
        return Scene.of(
            "user",
            self.history,
            persona=self.persona,
            situation=self.situation,
            behaviours=self.behaviours,
            rules=rules,
            examples=examples,
            among_people=self.companion == "person",
            known=known,
            greeting=self.greeting,
        )


class UserTurn(Record):
    """What the person says next."""

    message: str = Field(min_length=1, max_length=600)


def user() -> Role[UserInput, UserTurn]:
    """Return the user role."""
    return _role(USER, _values)


def visitor(world: World) -> Role[UserInput, UserTurn]:
    """Return the user role of personas who visit ``world``."""

    def values(inputs: UserInput) -> Mapping[str, str]:
        goal = inputs.situation.goal
        more = {"likeness": likeness(world, inputs.persona), "goal": goal, "place": inputs.place}
        return {**_values(inputs), **more, "opening": _opening(goal) if inputs.turn == 1 else ""}

    return _role(VISITOR, values)


def _opening(goal: str) -> str:
    """Return how somebody begins who wants to have something done; empty for other goals."""
    wanted = _HAVE.match(goal)
    return f"Can you {wanted[1].rstrip('.')} for me?" if wanted else ""


def _role(
    detectors: tuple[Detector, ...], values: Callable[[UserInput], Mapping[str, str]]
) -> Role[UserInput, UserTurn]:
    return Role(
        name="user",
        inputs=UserInput,
        output=UserTurn,
        values=values,
        checks=(
            *checks(detectors, lambda inputs: inputs.scene, _text),
            Check("broken_joint", _broken_joint, "message", crutch=True),
        ),
        score=_score,
        history=_flipped,
        tidy=_tidy,
    )


def _broken_joint(_inputs: UserInput, output: UserTurn) -> str | None:
    found = _JOINT.search(output.message)
    return f"{found.group()!r} do not go together" if found else None


def _values(inputs: UserInput) -> Mapping[str, str]:
    heard = [turn.content for turn in inputs.history if turn.role == "assistant"]
    return {
        "persona": inputs.persona,
        "situation": told(inputs.situation),
        "manner": manner(inputs.behaviours),
        "due": due(inputs.situation, inputs.history),
        "brief": brief(inputs.situation, inputs.behaviours, heard),
        "aim": "\n".join(aim(inputs.situation, inputs.history)),
        "sayings": "\n".join(sayings(inputs.behaviours, inputs.history)),
        "companion": _COMPANIONS[inputs.companion],
    }


def _flipped(inputs: UserInput) -> Sequence[Message]:
    sides: dict[str, Speaker] = {"user": "assistant", "assistant": "user"}
    return [spoken(sides[turn.role], turn.content) for turn in inputs.history]


@cache
def _shown() -> tuple[str, tuple[str, ...]]:
    """Return the rules and the example turns of the shipped prompts, which must not come back in a turn."""
    prompts = (*shipped_prompts("user"), *shipped_prompts("visitor"))
    own = [m.content for p in prompts for e in p.examples for m in e.history if m.role == "assistant"]
    replies = [str(text) for p in prompts for e in p.examples for text in e.reply.values()]
    return "\n".join(p.system for p in prompts), (*own, *replies)


def _text(output: UserTurn) -> str:
    return output.message


def _tidy(output: UserTurn) -> UserTurn:
    return UserTurn(message=mend(output.message) or output.message)


async def _score(inputs: UserInput, outputs: Sequence[UserTurn], embedder: Embedder) -> Sequence[float]:
    own = [turn.content for turn in inputs.history if turn.role == "user"]
    other = [turn.content for turn in inputs.history if turn.role == "assistant"]
    topic = " ".join((inputs.persona, *own[:1]))
    texts = [output.message for output in outputs]
    aim = " ".join((inputs.situation.goal, *own[:1])) if inputs.situation.goal else ""
    return await rate(texts, embedder, last=other[-1:], topic=topic, own=own, words=(8, 40), aim=aim, asks=True)
