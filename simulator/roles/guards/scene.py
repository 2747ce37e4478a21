"""What a detector sees of a conversation, from the speaker's own side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypeVar

from simulator.models.conversation import Label
from simulator.models.message import Message
from simulator.models.situation import Behaviour, Situation

__all__ = ["Detector", "Scene", "inspect", "remembered"]

I = TypeVar("I")  # noqa: E741 - the inputs of a role
_KEPT = 64
"""Scenes that are remembered: about as many conversations as speak at once."""


_NOTHING = Situation()


@dataclass(frozen=True)
class Scene:
    """One speaker's view of the conversation so far.

    Attributes:
        role: Whose turn is looked at: the simulated ``user`` or the ``assistant``.
        own: The speaker's earlier turns, oldest first.
        other: The counterpart's turns, oldest first.
        persona: Who the user is; empty for an assistant, which must not know.
        situation: What the user is in and wants.
        behaviours: How the user talks.
        rules: The text of the speaker's prompt, which must not be quoted.
        examples: Replies shown in the prompt, which must not be copied.
        among_people: Whether the counterpart is a person too: then advice is no sign of an assistant.
    """

    role: Literal["user", "assistant"]
    own: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    persona: str = ""
    situation: Situation = _NOTHING
    behaviours: tuple[Behaviour, ...] = ()
    rules: str = ""
    examples: tuple[str, ...] = ()
    among_people: bool = False

    @classmethod
    def of(cls, role: Literal["user", "assistant"], history: Sequence[Message], **rest: object) -> Scene:
        """Return the scene of ``role`` after ``history``, whose messages bear the conversation's roles."""
        own = tuple(message.content for message in history if message.role == role)
        other = tuple(message.content for message in history if message.role != role)
        return cls(role=role, own=own, other=other, **rest)  # type: ignore[arg-type]

    @property
    def opener(self) -> str:
        """The first turn of the conversation's user, or nothing before it."""
        turns = self.own if self.role == "user" else self.other
        return turns[0] if turns else ""


def remembered(make: Callable[[I], Scene]) -> Callable[[I], Scene]:
    """Return ``make`` with a memory of its latest inputs, told apart by identity.

    Every detector asks for the scene of the same inputs; comparing whole histories with each other would cost more than
    most detectors do.
    """
    kept: dict[int, tuple[I, Scene]] = {}

    @wraps(make)
    def scene(inputs: I) -> Scene:
        known = kept.get(id(inputs))
        if known is not None and known[0] is inputs:
            return known[1]
        if len(kept) >= _KEPT:
            kept.pop(next(iter(kept)), None)
        kept[id(inputs)] = inputs, (made := make(inputs))
        return made

    return scene


Detector = Callable[[str, Scene], Label | None]
"""Looks at a turn in its scene; returns what it found, named after itself, or ``None``."""


def inspect(turn: str, scene: Scene, detectors: Sequence[Detector]) -> tuple[Label, ...]:
    """Return what ``detectors`` found in ``turn``, in their order."""
    return tuple(label for detector in detectors if (label := detector(turn, scene)) is not None)
