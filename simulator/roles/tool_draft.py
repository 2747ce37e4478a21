"""What the tool designer takes and makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.models.base import Record, canonical_json, normalise_text
from simulator.models.tool import Effect, ItemType, ParameterType, StringFormat
from simulator.population.tokens import word_grams, word_list
from simulator.tools.words import VERBS, phrase, type_of

__all__ = [
    "MAX_PARAMETERS",
    "VERBS",
    "ErrorDraft",
    "ExampleDraft",
    "FieldDraft",
    "ParameterDraft",
    "ToolBrief",
    "ToolDraft",
    "fields_in",
    "name_of",
    "names_of",
    "phrase",
    "type_of",
]

MAX_PARAMETERS = 4
"""What a caller with a small model still fills in well; a tool that wants more does several things."""

MAX_RESULT = 6
"""Fields of a result; one that has more is two results."""

MAX_CHOICES = 12
"""Values of an enumeration; more are better searched for than listed."""

_REST = re.compile(r"\b(?:from|for|in|at|by|on|to|so|that|which|who|and|or|before|after|near|when)\b|[,;.]", re.I)
_NEAR = re.compile(r"(?:the )?nearest places? with ")
_TROUBLE = re.compile(r"(?:an? )?problem with ")
_SMALL = word_grams(
    "a an the of for in on at to from with by and or any all each every one next another his her their its my your our "
    "this that is are per latest own other s more new no"
)
_BRACKET = re.compile(r"\[([^\[\]]*)\]\s*\.?\s*$")
_RANGE = re.compile(r"(-?\d{1,6}) to (-?\d{1,6})")
_PAIR = re.compile(r"\s*([A-Za-z][A-Za-z0-9_ -]{0,39}?)\s*(?:=|:)\s*(.+?)\s*\.?\s*$")


def _as_text(value: Any) -> Any:
    """Accept the object itself from a model that does not write it as a text."""
    return canonical_json(value) if isinstance(value, dict) else value


JsonText = Annotated[str, Field(max_length=1200), BeforeValidator(_as_text)]


def _as_tuple(value: Any) -> Any:
    """Accept a list: within the parameters, which may be a line too, JSON's arrays have become Python's."""
    return tuple(value) if isinstance(value, list) else value


Choices = Annotated[tuple[str, ...], Field(max_length=MAX_CHOICES), BeforeValidator(_as_tuple)]


class FieldDraft(Record):
    """One typed value of a result; what is not said of it is ``null``."""

    name: str = Field(max_length=40)
    type: ParameterType
    description: str = Field(max_length=120)
    items: ItemType | None = None
    enum: Choices = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = Field(None, max_length=120)
    format: StringFormat | None = None


class ParameterDraft(FieldDraft):
    """One parameter."""

    required: bool = True


class ErrorDraft(Record):
    """One way in which a call fails."""

    code: str = Field(max_length=40)
    when: str = Field(max_length=160)


class ExampleDraft(Record):
    """One worked example. Objects of unknown shape do not go with strict replies, so they come as texts of JSON."""

    query: str = Field(max_length=300)
    arguments: JsonText
    result: JsonText


def _parameters(value: Any) -> Any:
    """Accept the line that small models write, ``name = meaning; name = meaning``, beside the JSON list."""
    if isinstance(value, str):
        value = fields_in(value)
    return tuple(value) if isinstance(value, list) else value


def fields_in(line: str) -> list[dict[str, Any]]:
    """Return the fields of a line, each with the constraint that stands in square brackets behind its meaning.

    >>> fields_in("days = how many days [1 to 14]; size = size of the tent [small | large]")[1]["enum"]
    ('small', 'large')
    >>> [field["type"] for field in fields_in("days = how many days [1 to 14]; urgent = if it is [yes or no]")]
    ['integer', 'boolean']

    Raises:
        ValueError: A piece is not ``name = what it is``.
    """
    return [_parameter(piece) for piece in line.strip().rstrip(".;").split(";") if piece.strip()]


def _parameter(piece: str) -> dict[str, Any]:
    bracket = _BRACKET.search(piece)
    match = _PAIR.fullmatch(piece[: bracket.start()] if bracket else piece)
    if match is None:
        raise ValueError(f"{piece.strip()!r} is not 'name = what it is'")
    words = re.split(r"[\s_-]+", match.group(1).strip().lower())
    name = "_".join(dict.fromkeys(words))  # "stock_stock" is a slip
    meaning = normalise_text(match.group(2))
    field = {"name": name, "type": type_of(name, meaning), "description": meaning[:1].upper() + meaning[1:]}
    return {**field, **(_constraint(bracket.group(1).strip(), field["type"]) if bracket else {})}


def _constraint(said: str, kind: str) -> dict[str, Any]:
    if span := _RANGE.fullmatch(said):
        least, most = map(float, span.groups())
        return {"type": kind if kind == "number" else "integer", "minimum": least, "maximum": most}
    if said in ("date", "time", "date-time"):
        return {"type": "string", "format": said}
    if said == "yes or no":
        return {"type": "boolean"}
    values = tuple(dict.fromkeys(filter(None, map(str.strip, said.split("|")))))
    return {"type": "string", "enum": values[:MAX_CHOICES]} if values else {}


Parameters = Annotated[
    tuple[ParameterDraft, ...], Field(min_length=1, max_length=MAX_PARAMETERS), BeforeValidator(_parameters)
]


class ToolBrief(Record):
    """What the designer is told.

    Attributes:
        persona: Who needs the tool.
        avoid: Names that are taken: those of tools that the same asker has already.
        needs: What the tool may be for, where a small model has to choose; empty where the designer finds the need.
    """

    persona: str = Field(min_length=1)
    avoid: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class ToolDraft(Record):
    """What the designer answers.

    Attributes:
        need: What has to be found out or got done, and a language model cannot do alone.
        name: ``verb_object``.
        description: One sentence.
        parameters: 1 to 4.
        returns: What the tool gives back, in words.
        result: The same, field by field.
        many: Several rows of these fields come back.
        errors: How a call fails.
        effect: What a call does to the world.
        changes: That in words; empty when it only reads.
        dependencies: What whoever makes it work needs.
        examples: Two calls that somebody would make.
    """

    # The small prompt asks for nothing after ``returns``; simulator.tools.derive makes what can be made.

    need: str = Field("", max_length=200)
    name: str = Field("", max_length=64)
    description: str = Field("", max_length=240)
    parameters: Parameters = ()
    returns: str = Field("", max_length=160)
    result: tuple[FieldDraft, ...] = Field((), max_length=MAX_RESULT)
    many: bool = False
    errors: tuple[ErrorDraft, ...] = Field((), max_length=4)
    effect: Effect | None = None
    changes: str = Field("", max_length=160)
    dependencies: tuple[Annotated[str, Field(max_length=80)], ...] = Field((), max_length=4)
    examples: tuple[ExampleDraft, ...] = Field((), max_length=4)

    @property
    def worked(self) -> bool:
        """Whether a model was asked for more than the name, arguments and result in words."""
        return bool(self.result or self.errors or self.effect or self.dependencies or self.examples)


def name_of(description: str) -> str:
    """Return the name of a tool that does what a sentence says: its verb and its object, without small words.

    >>> name_of("Checks the price of marine diesel at the next harbour."), name_of("Orders more sugar syrup.")
    ('check_marine_diesel_price', 'order_sugar_syrup')
    >>> name_of("Finds the nearest place with night trains."), name_of("Reports a problem with stage lamps.")
    ('find_nearest_night_trains', 'report_stage_lamps_problem')
    """
    verb, *rest = [word for word in word_list(_REST.split(description, maxsplit=1)[0]) if word.isascii()] or [""]
    stem = next((known for known in VERBS if verb in (known, f"{known}s", f"{known}es")), verb)
    said = " ".join(rest)
    near, trouble = _NEAR.match(said), _TROUBLE.match(said)
    head, _, tail = said.partition(" of ")
    parts = ("nearest", said[near.end() :]) if near else (said[trouble.end() :], "problem") if trouble else (tail, head)
    words = [word for part in parts for word in part.split() if word not in _SMALL]
    return "_".join((stem, *dict.fromkeys(words[:4])))


def names_of(parameters: Sequence[ParameterDraft]) -> list[str]:
    """Return the parameters' names."""
    return [parameter.name for parameter in parameters]
