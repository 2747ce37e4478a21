"""What can be asked of the page: the parameters of each question, with their bounds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.models.decision import Subject
from simulator.models.persona import MAX_HOP

__all__ = ["Around", "Find", "Nothing", "Page", "Path", "People", "RecordPage", "RecordsKind"]

RecordsKind = Literal["instructions", "conversations", "npcs", "tools", "problems", "texts", "rejections", "failures"]

_MOST_PAGES = 1_000_000_000
_MOST_LETTERS = 1_000


class Nothing(BaseModel):
    """A question without parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Nothing):
    """A page of a list, from 1."""

    page: int = Field(1, ge=1, le=_MOST_PAGES)


class People(Page):
    """People by the words of their texts, by hop, of the cast; as admitted, or those with the most relations first."""

    q: str = Field("", max_length=_MOST_LETTERS)
    hop: int | None = Field(None, ge=0, le=MAX_HOP)
    cast: bool = False
    order: Literal["admission", "relations"] = "admission"


class Find(Nothing):
    """People by what their texts mean."""

    q: str = Field(max_length=_MOST_LETTERS)
    n: int = Field(30, ge=1, le=200)


class Around(Nothing):
    """A persona's surroundings: how far, and how many people at most."""

    hops: int = Field(2, ge=1, le=MAX_HOP)
    most: int = Field(150, ge=10, le=600)


class Path(Nothing):
    """The two ends of a path, each named as on the command line."""

    a: str = Field(min_length=1, max_length=_MOST_LETTERS)
    b: str = Field(min_length=1, max_length=_MOST_LETTERS)


class RecordPage(Page):
    """A page of records, narrowed by what their kind knows; the rest is refused.

    Attributes:
        persona: Whose they are, named as on the command line; of rejections, who stays.
        stop: Why a conversation ended.
        passed: Whether all checks of a conversation passed.
        subject: What a rejected candidate was to become.
        stage: Which stage rejected it (``other`` for none), or in which a unit failed.
        role: Which role failed.
        cause: Why it did.
    """

    persona: str | None = Field(None, max_length=_MOST_LETTERS)
    stop: str | None = Field(None, max_length=_MOST_LETTERS)
    passed: bool | None = None
    subject: Subject | None = None
    stage: str | None = Field(None, max_length=_MOST_LETTERS)
    role: str | None = Field(None, max_length=_MOST_LETTERS)
    cause: str | None = Field(None, max_length=_MOST_LETTERS)
