"""Values against the JSON Schemas of tools: one sentence that says what is wrong, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from simulator.models.base import canonical_json
from simulator.models.tool import Tool

__all__ = ["argument_flaw", "result_flaw", "schema_flaw", "value_flaw"]

_SHOWN = 120  # characters of a refused value in a message
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def argument_flaw(tool: Tool, arguments: Any) -> str | None:
    """Return what is wrong with the arguments of a call, or ``None``."""
    return value_flaw(tool.input_schema(), arguments)


def result_flaw(tool: Tool, result: Any) -> str | None:
    """Return what is wrong with the result of a call, or ``None``; a tool that says no result may give any object."""
    schema = tool.output_schema()
    return value_flaw(schema if schema is not None else {"type": "object"}, result)


def value_flaw(schema: Mapping[str, Any], value: Any) -> str | None:
    """Return the deepest reason why ``value`` does not fit ``schema`` (Draft 2020-12, formats checked), or ``None``."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(canonical_json(schema)).iter_errors(value))
    if error is None:
        return None
    where = ".".join(map(str, error.absolute_path))
    said = error.message if len(error.message) <= 3 * _SHOWN else f"{error.message[: 3 * _SHOWN]} ..."
    return f"{where}: {said}" if where else str(said)


def schema_flaw(schema: Mapping[str, Any]) -> str | None:
    """Return why ``schema`` is not a JSON Schema of Draft 2020-12 that stands by itself, or ``None``.

    A ``$ref`` to another document is not followed: nothing is fetched from the network.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_meta().iter_errors(schema))
    if error is not None:
        return f"{'.'.join(map(str, error.absolute_path)) or 'the schema'}: {error.message}"
    return next((flaw for ref in _refs(schema) if (flaw := _ref_flaw(schema, ref)) is not None), None)


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, list | tuple):
        for item in node:
            yield from _refs(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            elif key not in ("enum", "const", "default", "examples"):
                yield from _refs(value)


def _ref_flaw(schema: Mapping[str, Any], ref: str) -> str | None:
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resource = DRAFT202012.create_resource(dict(schema))
    base = resource.id() or ""
    try:
        Registry().with_resource(base, resource).resolver(base).lookup(ref)
    except Unresolvable:
        inside = "nothing in it" if ref.startswith("#") else "another document, and nothing is fetched from the network"
        return f"a '$ref' names {ref!r}, which is {inside}; write it out under '$defs'"
    return None


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Any:
    import json

    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: without one, jsonschema fetches what a "$ref" names from the network.
    return Draft202012Validator(json.loads(schema), format_checker=_formats(), registry=Registry())


@cache
def _meta() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(Draft202012Validator.META_SCHEMA)


@cache
def _formats() -> Any:
    """Return a checker of the formats that tools use; jsonschema's own skips most of them without further packages."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, holds in _FORMATS.items():
        checker.checks(name, raises=ValueError)(_only_texts(holds))
    return checker


def _only_texts(holds: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(holds(value))


def _is_uri(value: str) -> bool:
    parts = urlsplit(value)
    return bool(parts.scheme and (parts.netloc or parts.path))


_FORMATS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": lambda value: str(time.fromisoformat(value)),
    "date-time": datetime.fromisoformat,
    "email": _EMAIL.fullmatch,
    "uri": _is_uri,
}
