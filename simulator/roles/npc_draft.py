"""What the NPC writer takes and makes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.models.base import Record
from simulator.models.npc import FieldValue, NpcTie

__all__ = ["MORE_TEXTS", "TEXT_FIELDS", "NpcBrief", "NpcDraft", "NpcMore"]

TEXT_FIELDS = ("appearance", "personality", "background", "quest", "greeting")
"""What is written about every NPC, in the order of asking."""

MORE_TEXTS = ("voice", "meeting")
"""What a prompt that asks for the whole NPC at once gets beside these."""


def _one_a_line(value: Any) -> Any:
    """Accept a bare reply, one line below the other, beside the JSON list."""
    if isinstance(value, str):
        value = [line for line in map(str.strip, value.splitlines()) if line]
    return tuple(value) if isinstance(value, list) else value


Spoken = Annotated[tuple[str, ...], BeforeValidator(_one_a_line)]


class NpcBrief(Record):
    """What the writer is told. Empty values are the writer's choice.

    Attributes:
        persona: A person of the real world.
        world: The id of the role's world.
        name, race, occupation, faction, place: What is settled about the NPC.
        thing, thing_place: What the quest is about and where that is found.
        pronoun: By which the NPC is spoken of.
        reward: What the quest is paid with.
        fields: Values of the designer's fields, for a writer that gives none.
        ties: Other NPCs that this one knows.
        receiver: The acquaintance whom the quest's thing is for; absent: it is for the NPC.
        receiver_place: Where that is.
        passages: Which passages of a long lore the writer sees; empty for all.
        offers: By field: what a small model chooses from, where it would otherwise invent.
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
    reward: str = ""
    fields: dict[str, FieldValue] = Field(default_factory=dict)
    ties: tuple[NpcTie, ...] = ()
    receiver: NpcTie | None = None
    receiver_place: str = ""
    passages: tuple[int, ...] = ()
    offers: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def first(self) -> str:
        """The first part of the name: how people call the NPC."""
        return self.name.split(" ", 1)[0]


class NpcMore(Record):
    """The designer's fields; a world with fields has a type of its own."""


class NpcDraft(Record):
    """What the writer answers. What was settled may be left empty.

    ``tie_line`` is what the NPC says of its first acquaintance, ``lines`` what else it says.
    """

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
    tie_line: str = Field("", max_length=300)
    voice: str = Field("", max_length=200)
    meeting: str = Field("", max_length=300)
    lines: Spoken = Field((), max_length=4)
    fields: NpcMore = NpcMore()
