"""What an NPC has beside its texts: the designer's fields, its quest's steps, how it speaks of its first tie."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from pydantic import WithJsonSchema, create_model

from simulator.models.npc import QuestStep
from simulator.models.world import World
from simulator.models.world_field import WorldField
from simulator.roles.npc_draft import NpcBrief, NpcMore

__all__ = ["first_tie", "goal_of", "more_of", "steps_of", "tie_lead"]

_TYPES: dict[str, type[Any]] = {"text": str, "choice": str, "integer": int, "boolean": bool}


@lru_cache(maxsize=8)
def more_of(world: World) -> type[NpcMore]:
    """Return the type of the designer's fields; each may be absent, and the reply's schema asks for all of them."""
    fields: dict[str, Any] = {
        field.name: (Annotated[_TYPES[field.type] | None, WithJsonSchema(_schema(field))], None)
        for field in world.fields
    }
    return create_model("NpcMore", __base__=NpcMore, **fields)


def _schema(field: WorldField) -> dict[str, Any]:
    if field.type == "integer":
        return {"type": "integer", "minimum": field.least, "maximum": field.most}
    if field.type == "boolean":
        return {"type": "boolean"}
    return {"type": "string", "enum": list(field.choices)} if field.choices else {"type": "string", "maxLength": 240}


def goal_of(brief: NpcBrief) -> str:
    """Return where the quest's thing is wanted: with an acquaintance, or where the NPC is."""
    return f"{brief.receiver.name} at {brief.receiver_place}" if brief.receiver else brief.place


def steps_of(brief: NpcBrief, npc: str) -> tuple[QuestStep, ...]:
    """Return what a quest's text comes down to: get the thing where it is found, bring it where it is wanted.

    Empty where nothing was settled: the text alone is the quest then.
    """
    if not brief.thing or not brief.thing_place:
        return ()
    receiver, place = (brief.receiver.npc, brief.receiver_place) if brief.receiver else (npc, brief.place)
    return (
        QuestStep(action="get", thing=brief.thing, place=brief.thing_place),
        QuestStep(action="bring", thing=brief.thing, place=place, to=receiver),
    )


def tie_lead(brief: NpcBrief) -> str:
    """Return how the NPC begins to speak of its first acquaintance (in English: for prompts that need a beginning)."""
    return f"{relation}, and" if (relation := first_tie(brief)) else ""


def first_tie(brief: NpcBrief) -> str:
    """Return what the NPC's first acquaintance is to it, as it says so; empty if it knows nobody."""
    if not brief.ties:
        return ""
    tie = brief.ties[0]
    first = tie.name.split(" ", 1)[0]
    own = tie.relation.removeprefix("whose ").removesuffix(" you are")
    return f"{first} is my {own}" if own == tie.relation else f"I am {first}'s {own}"
