"""Personas and where they come from."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field

from simulator.models.base import Record, content_id, normalise_text

__all__ = ["MAX_HOP", "Persona", "Question", "persona_id"]

MAX_HOP = 6
"""The six degrees of separation that Persona-to-Persona stops at (Persona Hub, section 2.2)."""

Question = Literal["read", "write", "like", "dislike"]
"""What Text-to-Persona asks: who would ... the text? (Persona Hub, section 2.1)."""


class Persona(Record):
    """One admitted persona.

    Attributes:
        id: Content hash of the text, ``p-`` and 16 hexadecimal digits.
        text: One or two sentences that describe a fictional person.
        hop: Number of Persona-to-Persona steps from the nearest Text-to-Persona persona, 0 to 6.
        origin: ``text`` (T2P), ``persona`` (P2P) or ``import``.
        source: The id of the text or persona that it came from, or the file and row of an import.
        question: For T2P, which question was asked.
        unit: The unit that made it or took it in.
        attributes: What else the source said of the person (domain columns of an import).
    """

    id: str
    text: str = Field(min_length=1)
    hop: int = Field(ge=0, le=MAX_HOP)
    origin: Literal["text", "persona", "import"]
    source: str
    question: Question | None = None
    unit: str = ""
    attributes: dict[str, str] = Field(default_factory=dict)


@lru_cache(maxsize=4096)
def persona_id(text: str) -> str:
    """Return the id of the persona that ``text`` describes; white space and Unicode form do not matter."""
    return content_id("p", normalise_text(text))
