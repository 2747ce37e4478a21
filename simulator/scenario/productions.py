"""What the cast is put to, beside conversations: instructions, NPCs, tools, problems and texts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from simulator.models.base import listed
from simulator.scenario.section import Section

__all__ = ["Instructions", "InstructionsValue", "Npcs", "Problems", "Tools", "Writings"]


class Instructions(Section):
    """What each member of the cast poses."""

    per_persona: int = Field(1, ge=1, le=64)


def _per_persona(value: Any) -> Any:
    return {"per_persona": value} if isinstance(value, int) and not isinstance(value, bool) else value


InstructionsValue = Annotated[
    Instructions,
    BeforeValidator(_per_persona, json_schema_input_type=Annotated[int, Field(ge=1, le=64)] | Instructions),
]
"""Its ``per_persona`` alone is enough."""


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
        of: Whose tools: ``cast``: what the personas need in the real world; ``npcs``: what their NPCs can do for a
            visitor, in the words of their world.
        count: Only the first so many of the cast are asked.
        per_persona: How many tools each is asked for.
        code: Have the tools implemented as well, and run their examples, shut in. Whoever starts the run has to allow
            it (``--allow-code``).
    """

    of: Literal["cast", "npcs"] = "cast"
    count: int | None = Field(None, ge=1)
    per_persona: int = Field(1, ge=1, le=8)
    code: bool = False


_Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=80)], ...],
    BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]


class Problems(Section):
    """Problems out of the lives of the cast.

    Attributes:
        count: Only the first so many of the cast are asked.
        per_persona: How many each poses.
        subjects: What they are problems of, in any words; dealt in turn.
        level: For whom, in any words (``secondary school``); without it, what suits the person.
        solve: Have each problem solved, several times (``candidates.solver``, 5 by default).
        agreement: The share of the solutions, 0 to 1, that must come to the same answer; otherwise the problem has no
            solution, which is a recorded failure.
    """

    count: int | None = Field(None, ge=1)
    per_persona: int = Field(1, ge=1, le=64)
    subjects: _Names = ("mathematics",)
    level: str = Field("", max_length=200)
    solve: bool = False
    agreement: float = Field(0.5, ge=0, le=1)


class Writings(Section):
    """Texts that the cast writes of what it knows; the products are ``texts``.

    Attributes:
        count: Only the first so many of the cast write.
        per_persona: How many each writes.
        kinds: What they are, in any words (``letter``, ``field note``); dealt in turn.
        words: About how long each is.
    """

    count: int | None = Field(None, ge=1)
    per_persona: int = Field(1, ge=1, le=64)
    kinds: _Names = ("article",)
    words: int = Field(200, ge=40, le=1000)
