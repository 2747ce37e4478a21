"""Non-player characters: personas projected into a world (Persona Hub, section 4.5)."""

from __future__ import annotations

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Npc", "NpcTie"]


class NpcTie(Record):
    """What another NPC is to this one, taken from the relationship graph."""

    npc: str
    name: str
    relation: str


class Npc(Record):
    """One character of a world.

    ``race``, ``faction`` and ``place`` are values of the world's enumerations; ``ties`` point at NPCs of the same run.
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
    quest: str = ""
    greeting: str = ""
    ties: tuple[NpcTie, ...] = ()
