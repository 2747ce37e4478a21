"""Which detectors look at whom, and how their findings become the checks of a role."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from simulator.models.base import Record
from simulator.models.conversation import Label
from simulator.roles.guards.case import goal_contradicted, manner_broken, persona_contradicted, revealed_early
from simulator.roles.guards.flip import role_flip
from simulator.roles.guards.form import cut_sentence, empty_turn, placeholder, stutter, wrong_language
from simulator.roles.guards.names import unknown_name
from simulator.roles.guards.repetition import opener_repeated, repeats_other, repeats_self, thanks_loop
from simulator.roles.guards.scene import Detector, Scene
from simulator.roles.guards.speech import (
    announces_only,
    boilerplate,
    example_copied,
    fourth_wall,
    instructions_quoted,
    leaked_reasoning,
    stage_direction,
)
from simulator.roles.guards.words import prose
from simulator.roles.role import Check

__all__ = ["ASSISTANT", "NPC", "USER", "VISITOR", "checks"]

I = TypeVar("I", bound=Record)  # noqa: E741 - the input and output types of a role
O = TypeVar("O", bound=Record)  # noqa: E741

_BOTH: tuple[Detector, ...] = (
    empty_turn,
    leaked_reasoning,
    fourth_wall,
    placeholder,
    wrong_language,
    repeats_self,
    repeats_other,
    thanks_loop,
    stutter,
    example_copied,
    cut_sentence,
    role_flip,
)

USER: tuple[Detector, ...] = (
    *_BOTH,
    opener_repeated,
    stage_direction,
    instructions_quoted,
    persona_contradicted,
    goal_contradicted,
    revealed_early,
    manner_broken,
)
"""Detectors of a simulated user's turns, the surest first."""


def _of_prose(detector: Detector) -> Detector:
    """Let a detector that judges sentences see those alone: an assistant's code, lists and tables are none."""

    @wraps(detector)
    def look(turn: str, scene: Scene) -> Label | None:
        said = prose(turn)
        return detector(said, scene) if said else None

    return look


_JUDGES_SENTENCES = (leaked_reasoning, wrong_language, repeats_self, repeats_other, stutter, cut_sentence)

ASSISTANT: tuple[Detector, ...] = (
    *(_of_prose(one) if one in _JUDGES_SENTENCES else one for one in _BOTH),
    boilerplate,
    announces_only,
    instructions_quoted,
)
"""Detectors of an assistant's turns."""

VISITOR: tuple[Detector, ...] = (*USER, unknown_name)
"""Detectors of a simulated user's turns who visits a world."""

NPC: tuple[Detector, ...] = (
    *(detector for detector in _BOTH if detector is not role_flip),  # who keeps a shop offers help, and asks for it
    boilerplate,
    stage_direction,
    unknown_name,
)
"""Detectors of an NPC's turns."""

_SAID = {
    "empty_turn": "it says nothing",
    "leaked_reasoning": "it holds thoughts about the task or a speaker's tag",
    "role_flip": "it speaks in the other side's place",
    "fourth_wall": "it says that the talk is simulated",
    "placeholder": "it holds a blank that is not filled in",
    "wrong_language": "it is in another language than the talk",
    "repeats_self": "it repeats an earlier turn of the same speaker",
    "repeats_other": "it repeats the other's words",
    "thanks_loop": "it only says thanks again",
    "stutter": "it repeats itself",
    "example_copied": "it copies an example",
    "cut_sentence": "its last sentence is not finished",
    "boilerplate": "it speaks of being a machine instead of the matter",
    "announces_only": "it announces an answer and does not give it",
    "opener_repeated": "it asks the first question again",
    "stage_direction": "it describes gestures instead of speaking",
    "persona_contradicted": "it contradicts who the person is",
    "goal_contradicted": "it contradicts what the person wants or keeps to",
    "revealed_early": "it tells what is told only when asked",
    "manner_broken": "it is longer than this person writes",
    "unknown_name": "it names what there is not in this world",
    "instructions_quoted": "it recites the instructions or the description of the person",
}


def checks(
    detectors: tuple[Detector, ...],
    scene: Callable[[I], Scene],
    text: Callable[[O], str],
    field: str | None = None,
) -> tuple[Check[I, O], ...]:
    """Return one check per detector; a finding that is a mere note passes.

    Args:
        detectors: In the order of trying.
        scene: What they see.
        text: What they look at.
        field: The output's field that this is, for prompts that ask for each field apart.
    """
    return tuple(_check(detector, scene, text, field) for detector in detectors)


def _check(detector: Detector, scene: Callable[[I], Scene], text: Callable[[O], str], field: str | None) -> Check[I, O]:
    name: str = detector.__name__

    def test(inputs: I, output: O) -> str | None:
        label = scene(inputs).look(detector, text(output))
        return None if label is None or label.severity == "note" else f"{_SAID[name]} ({label.evidence!r})"

    return Check(name, test, field)
