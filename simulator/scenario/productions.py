"""The sections ``instructions``, ``npcs`` and ``tools``: what the cast is put to, beside conversations."""

from __future__ import annotations

from pydantic import Field

from simulator.scenario.section import Section

__all__ = ["Instructions", "Npcs", "Tools"]


class Instructions(Section):
    """What each member of the cast poses."""

    per_persona: int = Field(1, ge=1, le=64)


class Npcs(Section):
    """NPCs for a world.

    Attributes:
        world: Its folder or file, relative to the scenario.
        count: How many of the cast become NPCs; without it, all.
        lore_words: A lore with more words is cut to the passages that fit each persona; each NPC's ``passages`` say so.
    """

    world: str
    count: int | None = Field(None, ge=1)
    lore_words: int = Field(2000, ge=50)


class Tools(Section):
    """Tool definitions that the cast would need.

    Attributes:
        count: Only the first so many of the cast are asked.
        per_persona: How many tools each is asked for.
        code: Have the tools implemented as well, and run their examples, shut in. Whoever starts the run has to allow
            it (``--allow-code``).
    """

    count: int | None = Field(None, ge=1)
    per_persona: int = Field(1, ge=1, le=8)
    code: bool = False
