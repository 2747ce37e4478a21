"""Tools as Persona Hub released them, made into definitions: what is broken in form is mended, and said to be.

A row holds a persona and a text: JSON, encoded twice, of ``function_name``, ``description``, ``input_args`` (a text, a
list or a mapping), ``return`` and ``depend``. What cannot be mended without guessing at a meaning is an error by cause.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.errors import InputError
from simulator.models.base import normalise_text
from simulator.models.tool import Tool, ToolField
from simulator.tools.derive import completed, result_fields
from simulator.tools.naming import identifier, unique_name
from simulator.tools.released_args import GUESSED, parameters_of, typed
from simulator.tools.toolset import tool_id
from simulator.tools.words import phrase, type_of
from simulator.transport.body import scrub

__all__ = ["PERSONA_FIELD", "TOOL_FIELD", "Mended", "mend"]

PERSONA_FIELD = "input persona"
TOOL_FIELD = "synthesized text"

_LAYERS = 4  # of encoding; two are usual
_LONGEST = 100_000  # characters of a row's text; the longest released one has 3,000
_NESTED = 40  # brackets within brackets
_ELLIPSIS = re.compile(r",?\s*\.\.\.\s*(?=[\]},\n])")
_TRAILING = re.compile(r",\s*(?=[\]}])")
_SKIPPED = frozenset({"init", "close", "del", "main"})
_SEVERAL = re.compile(r"\s*(?:,|;|\n|\band\b)\s*")
_MOST = 12  # functions of one row
_FIELDS = 12  # of a result
_TEXT = 1000  # characters of a description that are kept


@dataclass(frozen=True)
class Mended:
    """What a row became.

    Attributes:
        tools: Its definitions, one a function; names may be those of other rows' tools.
        repairs: What was mended, by cause.
    """

    tools: tuple[Tool, ...]
    repairs: tuple[str, ...]


class Unmendable(InputError):
    """A row that no rule makes a tool of; ``cause`` is a short name of why."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def mend(row: Mapping[str, Any], personas: Sequence[str] = ()) -> Mended:
    """Return the tools of a released row.

    Args:
        row: As it stands in the file.
        personas: The ids of who asks.

    Raises:
        Unmendable: It holds no tool, or one that is broken beyond form; the error's ``cause`` says how.
    """
    repairs: list[str] = []
    body = scrub(_decoded(row.get(TOOL_FIELD), repairs))
    functions = _functions(body, repairs)
    taken = set[str]()
    tools = []
    for function in functions:
        tool = _tool(body, function, personas, repairs, alone=len(functions) == 1)
        name = unique_name(tool.name, taken)
        taken.add(name)
        tool = tool.model_copy(update={"name": name})
        tools.append(completed(tool.model_copy(update={"id": tool_id(tool)})))
    return Mended(tuple(tools), tuple(dict.fromkeys(repairs)))


def _decoded(text: Any, repairs: list[str]) -> Mapping[str, Any]:
    if not isinstance(text, str) or not text.strip():
        raise Unmendable("no_text", f"there is no text under {TOOL_FIELD!r}; found {type(text).__name__}")
    if len(text) > _LONGEST:
        raise Unmendable("too_long", f"the text has {len(text)} characters; {_LONGEST} are read")
    value: Any = text
    for layer in range(_LAYERS):
        if not isinstance(value, str):
            break
        value = _loaded(value, repairs)
        if layer == 1:
            repairs.append("encoded twice")
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        value = value["function"]
    names = ("function_name", "function_names", "name")
    if not isinstance(value, Mapping) or not any(name in value for name in names) or "description" not in value:
        kind = f"an object of {', '.join(map(repr, list(value)[:4]))}" if isinstance(value, Mapping) else "no object"
        raise Unmendable("not_a_tool", f"the text is {kind}, not a tool with a name and a description")
    return value


def _loaded(text: str, repairs: list[str]) -> Any:
    """Return what a text of JSON holds, mending what writers of JSON by hand get wrong."""
    if _depth(text) > _NESTED:
        raise Unmendable("nested", f"brackets stand within brackets more than {_NESTED} deep")
    for cause, mended in (
        ("", text),
        ("elided values", _TRAILING.sub("", _ELLIPSIS.sub("", text))),
    ):
        for strict in (True, False):
            try:
                value = json.loads(mended, strict=strict)
            except ValueError:
                continue
            repairs.extend([cause] if cause else [] if strict else ["line breaks in a text"])
            return value
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Unmendable("not_json", f"the text is not JSON: {normalise_text(text)[:120]!r}") from None
    repairs.append("Python instead of JSON")
    return value


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        deepest = max(deepest, depth)
    return deepest


def _functions(body: Mapping[str, Any], repairs: list[str]) -> list[tuple[str, Any]]:
    """Return the names of the functions with the arguments of each."""
    named = next((body[key] for key in ("function_name", "function_names") if body.get(key)), None)
    arguments = body.get("input_args", body.get("parameters"))
    if isinstance(named, Mapping):
        named = list(named)
    names = [str(one) for one in named] if isinstance(named, list) else [str(named or "")]
    parts = [part for part in _SEVERAL.split(names[0]) if part] if len(names) == 1 else []
    if len(parts) > 1 and all(re.fullmatch(r"[\w.]+(?:\(.*\))?", part) for part in parts):
        names = parts
    names = [name.split("(")[0] for name in names if identifier(name.split("(")[0]) not in _SKIPPED]
    if len(names) > 1 and (apart := _apart(names, arguments)) is not None:
        repairs.append("several functions in one")
        return list(zip(names, apart, strict=True))[:_MOST]
    if len(names) > 1:
        repairs.append("several functions that share their arguments")
    if not identifier(names[0] if names else ""):
        repairs.append("no function name")
        return [(str(body.get("name", "")), arguments)]
    return [(names[0], arguments)]


def _apart(names: Sequence[str], arguments: Any) -> list[Any] | None:
    """Return the arguments of each function, where the row says whose they are."""
    if (
        isinstance(arguments, list)
        and arguments
        and all(isinstance(one, Mapping) and len(one) == 1 for one in arguments)
    ):
        merged = {key: value for one in arguments for key, value in one.items()}
        return _apart(names, merged)
    if isinstance(arguments, list) and len(arguments) == len(names) and all(isinstance(one, list) for one in arguments):
        return list(arguments)
    if isinstance(arguments, Mapping) and set(names) & set(arguments):
        return [arguments.get(name) for name in names]
    return [None] * len(names) if not arguments else None


def _tool(
    body: Mapping[str, Any], function: tuple[str, Any], personas: Sequence[str], repairs: list[str], *, alone: bool
) -> Tool:
    name = identifier(function[0]) or identifier(str(body.get("name", "")))
    if not name:
        raise Unmendable("no_name", f"no name can be made of {function[0]!r}: it has no ASCII letter or digit")
    if name != function[0]:
        repairs.append("name not an identifier")
    description = normalise_text(str(body["description"]))[:_TEXT]
    if not description:
        raise Unmendable("no_description", f"{name!r} does not say what it does")
    if not alone:
        description = f"{phrase(name).capitalize()}. {description}"
    mended: list[str] = []
    parameters = parameters_of(function[1], mended)
    repairs.extend(mended)
    returns, fields, many = _returned(body.get("return", body.get("returns")))
    return Tool(
        id="f-released",
        personas=tuple(personas),
        name=name,
        description=description,
        parameters=parameters,
        returns=returns,
        result=fields,
        many=many and bool(fields),
        dependencies=tuple(_dependencies(body.get("depend"))),
        derived=(*(["types"] if GUESSED in mended else []), *(["result"] if fields else [])),
    )


def _returned(value: Any) -> tuple[str, tuple[ToolField, ...], bool]:
    """Return a result in words, its fields, and whether many rows of them come back."""
    many = isinstance(value, list) and len(value) > 0 and isinstance(value[0], Mapping)
    row = value[0] if many else value
    if isinstance(row, Mapping):
        fields = _fields({str(key): one for key, one in row.items()})
        told = ", ".join(phrase(field.name) for field in fields)
        return f"{'A list of rows, each with' if many else 'An object with'} {told}." if told else "", fields, many
    if isinstance(row, list):
        row = ", ".join(str(one) for one in row)
    text = normalise_text(str(row))[:_TEXT] if row not in (None, "", "None") else ""
    if (kind := typed(text)) is not None:
        return text, (ToolField(name="result", type=kind[0], items=kind[1], description=text),), False
    return text, result_fields(text) if text else (), False


def _fields(row: Mapping[str, Any]) -> tuple[ToolField, ...]:
    made: dict[str, ToolField] = {}
    for key, value in list(row.items())[:_FIELDS]:
        name = unique_name(identifier(key, 40) or "value", made)[:40]
        told = normalise_text(str(value))[:_TEXT] if isinstance(value, str) else ""
        kind: Any = "array" if isinstance(value, list) else type_of(name, told)
        if kind == "boolean" and not isinstance(value, bool):
            kind = "string"
        items: Any = "string" if kind == "array" else None
        made[name] = ToolField(name=name, type=kind, description=told or phrase(name).capitalize(), items=items)
    return tuple(made.values())


def _dependencies(value: Any) -> Iterator[str]:
    """Yield each thing that is needed, once."""
    pieces: list[Any] = [value]
    seen = set[str]()
    while pieces:
        piece = pieces.pop(0)
        if isinstance(piece, Mapping):
            pieces = [*piece.values(), *pieces]
        elif isinstance(piece, list):
            pieces = [*piece, *pieces]
        elif isinstance(piece, str):
            for part in re.split(r"\s*[,;]\s*(?![^()]*\))", piece):
                text = normalise_text(part).strip(". ")[:120]
                if text and text.casefold() not in ("none", "n/a") and text.casefold() not in seen:
                    seen.add(text.casefold())
                    yield text
