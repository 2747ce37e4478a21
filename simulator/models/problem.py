"""Problems, their solutions, and texts: what a persona would pose or write (Persona Hub, sections 4.1 and 4.4)."""

from __future__ import annotations

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Problem", "Solution", "WrittenText"]


class Problem(Record):
    """A problem in a subject, as the persona would meet it. ``id`` is the content hash of the text."""

    id: str
    persona: str
    subject: str
    text: str = Field(min_length=1)


class Solution(Record):
    """A worked solution of a problem.

    Attributes:
        problem: The id of the problem.
        persona: Who posed it.
        steps: The way to the answer.
        answer: The bare answer.
        agreement: The share of the usable solutions whose answer is this one, 0 to 1; ``None`` when only one was drawn.
    """

    id: str
    problem: str
    persona: str
    steps: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    agreement: float | None = Field(None, ge=0, le=1)


class WrittenText(Record):
    """A text that the persona would write, of a ``kind``. ``id`` is the content hash of title and text."""

    id: str
    persona: str
    kind: str = "article"
    title: str
    text: str = Field(min_length=1)
