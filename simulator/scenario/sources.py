"""The sections ``texts`` and ``personas``: what the population begins with."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from simulator.models.base import listed
from simulator.models.flaw import FlawName
from simulator.models.persona import Question
from simulator.scenario.section import Section

__all__ = ["Personas", "PersonasValue", "Texts", "TextsValue"]

_USUAL: tuple[FlawName, ...] = get_args(FlawName)[:-1]


_Several = Annotated[tuple[str, ...], Field(min_length=1)]
Paths = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | _Several)]


class Texts(Section):
    """Where Text-to-Persona starts.

    Attributes:
        paths: Files, folders or globs, relative to the scenario file: ``.txt``, ``.md``, ``.jsonl``, ``.parquet``.
        field: The text's field in ``.jsonl`` and ``.parquet`` rows.
        questions: What is asked of each text: who would read, write, like, dislike it.
        per_text: How many of the questions each text gets; they are dealt in turn.
        limit: Only the first so many texts.
    """

    paths: Paths = Field(min_length=1)
    field: str = "text"
    questions: tuple[Question, ...] = Field(("read", "write", "like", "dislike"), min_length=1)
    per_text: int = Field(1, ge=1, le=4)
    limit: int | None = Field(None, ge=1)


class Personas(Section):
    """Personas made elsewhere, which the population begins with as hop 0.

    Attributes:
        paths: Files (``.jsonl``, ``.parquet``), folders or globs of them, or run directories; relative to the scenario.
        field: The persona's field; by default ``persona``, or ``input persona`` as Persona Hub has it.
        attributes: Columns that are kept with the person; by default all short ones.
        filters: Flaws for which a persona is not admitted; each is counted by its name. By default all but
            ``mentions an individual``.
        limit: Only the first so many.
    """

    paths: Paths = Field(min_length=1)
    field: str | None = None
    attributes: tuple[str, ...] | None = None
    filters: tuple[FlawName, ...] = _USUAL
    limit: int | None = Field(None, ge=1)


def _located(value: Any) -> Any:
    return {"paths": value} if isinstance(value, str | list) else value


PersonasValue = Annotated[Personas, BeforeValidator(_located, json_schema_input_type=str | _Several | Personas)]
TextsValue = Annotated[Texts, BeforeValidator(_located, json_schema_input_type=str | _Several | Texts)]
"""Paths alone are enough, of both."""
