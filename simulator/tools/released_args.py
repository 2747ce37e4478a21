"""The arguments of released tools: a text, a list or a mapping, as typed parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.models.base import normalise_text
from simulator.models.tool import ItemType, ParameterType, StringFormat, ToolParameter
from simulator.tools.naming import identifier, unique_name
from simulator.tools.words import phrase, type_of

__all__ = ["GUESSED", "parameters_of", "typed"]

GUESSED = "type guessed from a name"

_MOST = 24  # parameters of a tool
_NAME = 40  # characters of a parameter's name
_TEXT = 400  # characters of a description that are kept
_COMMA = re.compile(r"\s*[,;\n]\s*(?![^()\[\]{}]*[)\]}])")
_PAIR = re.compile(r"^\s*[`'\"]?(\*{0,2}[A-Za-z_][\w .-]{0,60}?)[`'\"]?\s*(?:[-–—:=]\s*|(?=\())(.*)$", re.DOTALL)
_WORDS: tuple[tuple[str, ParameterType, ItemType | None], ...] = (
    (r"(?:list|array|sequence|tuple|set)s?\s*(?:of|\[)\s*(?:int|integer)s?", "array", "integer"),
    (r"(?:list|array|sequence|tuple|set)s?\s*(?:of|\[)\s*(?:float|number|double)s?", "array", "number"),
    (r"list|array|sequence|tuple", "array", "string"),
    (r"bool|boolean|flag", "boolean", None),
    (r"int|integer|whole number", "integer", None),
    (r"float|double|number(?!\s+of)|decimal|numeric", "number", None),
    (r"str|string|text", "string", None),
)
_TYPES = tuple(
    (re.compile(rf"^\W*(?:(?:an?|the|single|optional)\s+)*(?:{words})\b", re.IGNORECASE), kind, items)
    for words, kind, items in _WORDS
)
_BRACKETED = re.compile(r"\(\s*(?:type:\s*)?([A-Za-z\[\] ]{2,24}?)\s*[,):]", re.IGNORECASE)
_CHOICES = re.compile(
    r"(?:one of|either|allowed values are|can be|options:)\s*:?\s*\(?"
    r"((?:['\"][^'\"]{1,40}['\"]\s*(?:,|or|and|/|\s)*){2,12})",
    re.IGNORECASE,
)
_ONE_CHOICE = re.compile(r"['\"]([^'\"]{1,40})['\"]")
_EITHER = re.compile(
    r"^\W*(?:an?\s+)?(?:int|integer|number|float)\s+or\s+(?:an?\s+)?(?:str|string|text)\b", re.IGNORECASE
)
_OPTIONAL = re.compile(r"\boptional\b|\bdefaults?\b", re.IGNORECASE)
_DAY = re.compile(r"\bYYYY-MM-DD\b(?![ T]*HH)")


@dataclass(frozen=True)
class _Said:
    """One argument as a row says it."""

    name: str
    told: str = ""
    kind: str = ""


def parameters_of(value: Any, repairs: list[str]) -> tuple[ToolParameter, ...]:
    """Return the typed parameters of released arguments.

    Args:
        value: ``input_args`` as it stands in the row.
        repairs: What was mended is added to it, by cause.
    """
    made: dict[str, ToolParameter] = {}
    for said in list(_said(value, repairs))[:_MOST]:
        name = identifier(said.name.lstrip("*"), _NAME)
        if not name or name == "none":
            continue
        if name != said.name:
            repairs.append("argument name not an identifier")
        name = unique_name(name[: _NAME - 4] if name in made else name, made)
        made[name] = _parameter(name, said, repairs)
    return tuple(made.values())


def _said(value: Any, repairs: list[str]) -> Iterator[_Said]:
    if isinstance(value, str):
        repairs.append("arguments in a text")
        yield from _from_text(value)
    elif isinstance(value, Mapping):
        repairs.append("arguments in a mapping")
        for name, told in value.items():
            yield _from_value(str(name), told)
    elif isinstance(value, list):
        repairs.append("arguments in a list")
        for item in value:
            yield from _from_item(item)


def _from_text(text: str) -> Iterator[_Said]:
    found: list[_Said] = []
    for piece in map(str.strip, _COMMA.split(text.strip().strip("[](){}"))):
        if match := _PAIR.match(piece):
            found.append(_Said(match[1].strip(), normalise_text(match[2])))
        elif found and found[-1].told and " " in piece:  # a comma within a description
            found[-1] = _Said(found[-1].name, f"{found[-1].told}, {piece}")
        elif piece:
            found.append(_Said(piece.strip("`'\"")))
    yield from found


def _from_item(item: Any) -> Iterator[_Said]:
    if isinstance(item, str):
        yield from _from_text(item)
    elif isinstance(item, Mapping) and "name" in item:
        yield _from_value(str(item["name"]), {key: value for key, value in item.items() if key != "name"})
    elif isinstance(item, Mapping):
        for name, told in item.items():
            yield _from_value(str(name), told)
    elif isinstance(item, list):
        for inner in item:
            yield from _from_item(inner)


def _from_value(name: str, told: Any) -> _Said:
    if isinstance(told, Mapping):
        words = str(told.get("description", "")) or ", ".join(f"{key}: {value}" for key, value in told.items())
        return _Said(name, normalise_text(words), str(told.get("type", "")))
    if isinstance(told, Sequence) and not isinstance(told, str):
        return _Said(name, normalise_text(", ".join(map(str, told))), "list")
    return _Said(name, normalise_text(str(told)) if told is not None else "")


def _parameter(name: str, said: _Said, repairs: list[str]) -> ToolParameter:
    either = ("string", None) if _EITHER.search(said.told) else None
    kind, items = typed(said.kind) or either or typed(said.told) or _bracketed(said.told) or (None, None)
    if kind is None:
        repairs.append(GUESSED)
        kind = type_of(name, said.told)
    told = "" if typed(said.told) and len(said.told.split()) < 2 else said.told[:_TEXT]  # not only the type
    choices = _choices(told) if kind == "string" else ()
    form: StringFormat | None = "date" if kind == "string" and not choices and _DAY.search(told) else None
    return ToolParameter(
        name=name,
        type=kind,
        description=told or phrase(name).capitalize(),
        items=items,
        enum=choices,
        format=form,
        required=not _OPTIONAL.search(told),
    )


def typed(text: str) -> tuple[ParameterType, ItemType | None] | None:
    """Return the type that a description begins with, and that of its items if it is an array.

    >>> typed("A list of integers, one a day"), typed("Name of the city")
    (('array', 'integer'), None)
    """
    return next(((kind, items) for pattern, kind, items in _TYPES if pattern.match(text)), None)


def _bracketed(text: str) -> tuple[ParameterType, ItemType | None] | None:
    return next((found for match in _BRACKETED.finditer(text) if (found := typed(match[1]))), None)


def _choices(text: str) -> tuple[str, ...]:
    found = _CHOICES.search(text)
    return tuple(dict.fromkeys(_ONE_CHOICE.findall(found[1]))) if found else ()
