"""Relations between personas: the edges of the relationship graph."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from simulator.models.base import Record
from simulator.models.persona import MAX_HOP

__all__ = ["RELATION_KINDS", "Relation", "RelationKind"]

RelationKind = Literal["family", "friend", "colleague", "service", "neighbour", "rival", "mentor", "community"]

RELATION_KINDS: tuple[RelationKind, ...] = get_args(RelationKind)
"""The kinds of close relationship that Persona-to-Persona asks for in turn."""


class Relation(Record):
    """One Persona-to-Persona step: ``target`` is the ``name`` of ``source``.

    Attributes:
        source: Persona id that the step started from.
        target: Persona id that it led to (the survivor, when the candidate was a duplicate).
        name: What the target is to the source, e.g. ``"younger sister"``.
        kind: The kind of relation that was asked for.
        hop: The hop of the source plus one: the number of steps when this edge is the last of a shortest path.
        unit: The unit that made it.
    """

    source: str
    target: str
    name: str = Field(min_length=1, max_length=80)
    kind: RelationKind
    hop: int = Field(ge=1, le=MAX_HOP)
    unit: str = ""
