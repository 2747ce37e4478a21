"""What a detector sees of a conversation, from the speaker's own side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulator.models.conversation import Label
from simulator.models.message import Message
from simulator.models.situation import Behaviour, Situation
from simulator.population.names.known_names import Known

__all__ = ["Detector", "Scene", "inspect"]

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
        known: The names that there are where the talk is, if that is a world of its own.
        greeting: What the counterpart said before the talk began, if it said something.
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
    known: Known | None = None
    greeting: str = ""
    _found: dict[tuple[Detector, str], Label | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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

    def look(self, detector: Detector, turn: str) -> Label | None:
        """Return what ``detector`` finds in ``turn``; it looks once, for a draft's checks and a turn's labels."""
        if (detector, turn) not in self._found:
            self._found[detector, turn] = detector(turn, self)
        return self._found[detector, turn]


Detector = Callable[[str, Scene], Label | None]
"""Looks at a turn in its scene; returns what it found, named after itself, or ``None``."""


def inspect(turn: str, scene: Scene, detectors: Sequence[Detector]) -> tuple[Label, ...]:
    """Return what ``detectors`` found in ``turn``, in their order."""
    return tuple(label for detector in detectors if (label := scene.look(detector, turn)) is not None)
