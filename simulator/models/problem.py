"""Problems and texts: what a persona would pose or write (Persona Hub, sections 4.1 and 4.4)."""

from __future__ import annotations

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Problem", "WrittenText"]


class Problem(Record):
    """A problem in a subject, as the persona would meet it."""

    id: str
    persona: str
    subject: str
    text: str = Field(min_length=1)


class WrittenText(Record):
    """A short knowledge text that the persona would write."""

    id: str
    persona: str
    title: str
    text: str = Field(min_length=1)
