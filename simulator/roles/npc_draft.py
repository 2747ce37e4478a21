"""What the NPC writer takes and makes."""

from __future__ import annotations

from pydantic import Field

from simulator.models.base import Record
from simulator.models.npc import NpcTie

__all__ = ["TEXT_FIELDS", "NpcBrief", "NpcDraft"]

TEXT_FIELDS = ("appearance", "personality", "background", "quest", "greeting")
"""What is written about every NPC, in the order of asking."""


class NpcBrief(Record):
    """What the writer is told. Empty values are the writer's choice.

    Attributes:
        persona: A person of the real world.
        world: The id of the role's world.
        name, race, occupation, faction, place: What is settled about the NPC.
        thing, thing_place: What the quest is about and where that is found.
        pronoun: By which the NPC is spoken of.
        ties: Other NPCs that this one knows.
    """

    persona: str = Field(min_length=1)
    world: str
    name: str = ""
    race: str = ""
    occupation: str = ""
    faction: str = ""
    place: str = ""
    thing: str = ""
    thing_place: str = ""
    pronoun: str = ""
    ties: tuple[NpcTie, ...] = ()

    @property
    def first(self) -> str:
        """The first part of the name: how people call the NPC."""
        return self.name.split(" ", 1)[0]


class NpcDraft(Record):
    """What the writer answers. What was settled may be left empty."""

    name: str = Field("", max_length=60)
    race: str = Field("", max_length=60)
    occupation: str = Field("", max_length=60)
    faction: str = Field("", max_length=60)
    place: str = Field("", max_length=60)
    appearance: str = Field("", max_length=240)
    personality: str = Field("", max_length=240)
    background: str = Field("", max_length=480)
    quest: str = Field("", max_length=360)
    greeting: str = Field("", max_length=300)
