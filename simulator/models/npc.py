"""Non-player characters: personas projected into a world (Persona Hub, section 4.5)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.models.base import Record

__all__ = ["FieldValue", "Npc", "NpcTie", "QuestStep", "reverse_relation"]

FieldValue = bool | int | str
"""A value of a field that the world's designer added."""

StepAction = Literal["get", "bring"]


class NpcTie(Record):
    """What another NPC is to this one, taken from the relationship graph. The other one has the tie that answers it."""

    npc: str
    name: str
    relation: str


class QuestStep(Record):
    """One thing to do in a quest, in terms that a game engine can check.

    Attributes:
        action: ``get`` a thing where it is found; ``bring`` it to somebody.
        thing: Of the world's things.
        place: Of the world's places: where that is done.
        to: For ``bring``: the id of the NPC who gets it.
    """

    action: StepAction
    thing: str
    place: str
    to: str = ""


class Npc(Record):
    """One character of a world.

    ``race``, ``occupation``, ``faction`` and ``place`` are values of the world's enumerations; ``ties`` point at NPCs
    of the same run.

    Attributes:
        voice: How the NPC speaks.
        meeting: How a player comes to meet the NPC.
        quest: What the NPC asks for and why; ``steps`` is what has to be done, in order, and ``reward`` what for.
        greeting: To a stranger.
        lines: Further things that the NPC says; of an acquaintance first, where there is one.
        fields: What the world's designer asked for beside these, by name.
        passages: Which passages of a long lore the writer saw, from 0; empty when it saw all.
    """

    id: str
    persona: str
    world: str
    name: str = Field(min_length=1)
    race: str = ""
    occupation: str
    faction: str = ""
    place: str = ""
    appearance: str = ""
    personality: str = ""
    background: str = ""
    voice: str = ""
    meeting: str = ""
    quest: str = ""
    steps: tuple[QuestStep, ...] = ()
    reward: str = ""
    greeting: str = ""
    lines: tuple[str, ...] = ()
    fields: dict[str, FieldValue] = Field(default_factory=dict)
    ties: tuple[NpcTie, ...] = ()
    passages: tuple[int, ...] = ()


def reverse_relation(relation: str) -> str:
    """Return how the other side of a tie says ``relation``.

    >>> reverse_relation("younger sister"), reverse_relation("whose younger sister you are")
    ('whose younger sister you are', 'younger sister')
    """
    if relation.startswith("whose ") and relation.endswith(" you are"):
        return relation.removeprefix("whose ").removesuffix(" you are")
    return f"whose {relation} you are"
