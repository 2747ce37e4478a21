"""Instructions: what a persona would ask of an assistant."""

from __future__ import annotations

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Instruction"]


class Instruction(Record):
    """One request that a persona poses. ``id`` is the content hash of the text."""

    id: str
    persona: str
    text: str = Field(min_length=1)
