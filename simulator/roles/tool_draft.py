"""What the tool designer takes and makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.models.base import Record, normalise_text
from simulator.models.tool import ParameterType
from simulator.population.tokens import word_grams, word_list

__all__ = [
    "MAX_PARAMETERS",
    "VERBS",
    "ParameterDraft",
    "ToolBrief",
    "ToolDraft",
    "name_of",
    "names_of",
    "phrase",
    "type_of",
]

MAX_PARAMETERS = 4
"""What a caller with a small model still fills in well; a tool that wants more does several things."""

_WHOLE = frozenset({"days", "hours", "minutes", "weeks", "months", "count", "quantity", "limit", "seats", "people"})
_WHOLE |= {"number", "guests", "copies", "pages", "year", "age", "floor", "rooms", "pieces", "boxes", "nights"}
_REAL = frozenset(
    {"price", "weight", "temperature", "distance", "amount", "depth", "height", "width", "length", "dose"}
)
_REAL |= {"latitude", "longitude", "radius", "percent", "litres", "liters", "kg", "km", "cm", "mm", "budget", "cost"}
_YES_NO = frozenset({"is", "include", "only", "has", "with", "urgent", "notify", "allow"})
_NAMES = frozenset({"id", "code", "name", "phone", "serial", "account", "plate", "flight", "train", "order", "ticket"})
VERBS = tuple(
    word_list(
        "add book buy calculate cancel check compare confirm control count detect estimate fetch file find get hire "
        "list locate lock log look measure monitor notify open order pay read record register reorder rent report "
        "request reschedule reserve scan schedule search sell send set start stop submit test track unlock update "
        "verify watch"
    )
)
"""What tools do. Writing, explaining and translating are not among it: a language model does those alone."""

_REST = re.compile(r"\b(?:from|for|in|at|by|on|to|so|that|which|who|and|or|before|after|near|when)\b|[,;.]", re.I)
_SMALL = word_grams(
    "a an the of for in on at to from with by and or any all each every one next another his her their its my your our "
    "this that is are per latest own other s more new no"
)
_PAIR = re.compile(r"\s*([A-Za-z][A-Za-z0-9_ -]{0,39}?)\s*(?:=|:)\s*(.+?)\s*\.?\s*$")


class ParameterDraft(Record):
    """One parameter."""

    name: str = Field(max_length=40)
    type: ParameterType
    description: str = Field(max_length=120)


def type_of(name: str, description: str = "") -> ParameterType:
    """Return the type that a parameter's name calls for, where a model gave none.

    >>> type_of("days"), type_of("hive_number", "number of the hive"), type_of("flight_number"), type_of("depth_cm")
    ('integer', 'integer', 'string', 'number')
    """
    words = word_list(name.replace("_", " "))
    if words[:1] and words[0] in _YES_NO:
        return "boolean"
    if set(words) & _NAMES:
        return "string"
    if set(words) & _REAL:
        return "number"
    counted = set(words) & _WHOLE or description.casefold().startswith(("how many", "number of"))
    return "integer" if counted else "string"


def _parameters(value: Any) -> Any:
    """Accept the line that small models write, ``name = meaning; name = meaning``, beside the JSON list."""
    if isinstance(value, str):
        value = [_parameter(piece) for piece in value.strip().rstrip(".;").split(";") if piece.strip()]
    return tuple(value) if isinstance(value, list) else value


def _parameter(piece: str) -> dict[str, str]:
    match = _PAIR.fullmatch(piece)
    if match is None:
        raise ValueError(f"{piece.strip()!r} is not 'name = what it is'")
    words = re.split(r"[\s_-]+", match.group(1).strip().lower())
    name = "_".join(dict.fromkeys(words))  # "stock_stock" is a slip
    meaning = normalise_text(match.group(2))
    return {"name": name, "type": type_of(name, meaning), "description": meaning[:1].upper() + meaning[1:]}


Parameters = Annotated[
    tuple[ParameterDraft, ...], Field(min_length=1, max_length=MAX_PARAMETERS), BeforeValidator(_parameters)
]


class ToolBrief(Record):
    """What the designer is told: who needs the tool, and the names that are taken."""

    persona: str = Field(min_length=1)
    avoid: tuple[str, ...] = ()


class ToolDraft(Record):
    """What the designer answers.

    Attributes:
        need: What the person has to find out or get done, or depends on, and a language model cannot give.
        name: ``verb_object``.
        description: One sentence.
        parameters: 1 to 4.
        returns: What the tool gives back.
    """

    need: str = Field("", max_length=200)
    name: str = Field("", max_length=64)
    description: str = Field("", max_length=240)
    parameters: Parameters = ()
    returns: str = Field("", max_length=160)


def name_of(description: str) -> str:
    """Return the name of a tool that does what a sentence says: its verb and its object, without small words.

    >>> name_of("Checks the price of marine diesel at the next harbour."), name_of("Orders more sugar syrup.")
    ('check_marine_diesel_price', 'order_sugar_syrup')
    """
    verb, *rest = [word for word in word_list(_REST.split(description, maxsplit=1)[0]) if word.isascii()] or [""]
    stem = next((known for known in VERBS if verb in (known, f"{known}s", f"{known}es")), verb)
    parts = " ".join(rest).split(" of ", 1)
    words = [word for part in reversed(parts) for word in part.split() if word not in _SMALL]
    return "_".join((stem, *dict.fromkeys(words[:4])))


def phrase(name: str) -> str:
    """Return a tool's or parameter's name as words."""
    return name.replace("_", " ")


def names_of(parameters: Sequence[ParameterDraft]) -> list[str]:
    """Return the parameters' names."""
    return [parameter.name for parameter in parameters]
