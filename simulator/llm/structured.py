"""From a pydantic type to a JSON Schema, and from a reply's text to a value of the type."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulator.errors import InvalidReply
from simulator.models.message import ReplySchema
from simulator.transport.body import scrub, shorten, too_deep

__all__ = ["parse", "schema_of"]

T = TypeVar("T")

_FENCE = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n?(.*?)```", re.DOTALL)
_LISTED = 3
"""Validation errors that a message names: a person reads the first ones, a model that repairs needs no more."""

_TRIES = 100
"""Opening braces that are looked at in prose, so that a hostile reply costs little."""

_adapters: dict[Any, TypeAdapter[Any]] = {}
_schemas: dict[tuple[Any, frozenset[str]], ReplySchema] = {}


def schema_of(type_: type[Any], without: frozenset[str] = frozenset()) -> ReplySchema:
    """Return the JSON Schema that a reply of ``type_`` must satisfy.

    References are written out (llama.cpp and several gateways do not follow them) unless the type is recursive;
    titles and defaults are dropped, every property is required, and unknown ones are refused: what a model may leave
    out, small ones do leave out.

    Args:
        type_: A type whose values are JSON objects: a pydantic model, a dataclass, a ``TypedDict``.
        without: Properties with a default that nobody asks the model for.

    Raises:
        TypeError: Its values are not objects, which is all that endpoints accept at the top.
    """
    known = _schemas.get((type_, without))
    if known is None:
        known = _schemas[type_, without] = _make_schema(type_, without)
    return known


def _make_schema(type_: Any, without: frozenset[str]) -> ReplySchema:
    raw = _adapter(type_).json_schema(mode="validation")
    definitions = raw.pop("$defs", {})
    recursive: set[str] = set()
    body = _tidy(raw, definitions, (), recursive)
    if body.get("type") != "object":
        raise TypeError(f"a reply must be a JSON object; {type_!r} is {body.get('type') or 'a union'!r}")
    if without:
        body["properties"] = {name: kind for name, kind in body["properties"].items() if name not in without}
        body["required"] = list(body["properties"])
    if recursive:
        body["$defs"] = {name: _tidy(definitions[name], definitions, (name,), recursive) for name in sorted(recursive)}
    name = re.sub(r"[^A-Za-z0-9_-]", "_", getattr(type_, "__name__", "reply"))[:64]
    return ReplySchema(name=name or "reply", body=body)


def parse(text: str, type_: type[T]) -> T:
    """Return the value of ``type_`` that a reply's text holds.

    The text is one JSON value and nothing else. Only when it does not begin like one is it searched for an object in a
    code fence or in prose, as models without structured output write it; there must be exactly one.

    Raises:
        InvalidReply: No JSON, more than one object, duplicate keys, NaN, or not of the type. The message names what is
            wrong and where; ``raw`` holds the text.
    """
    source = text.strip()
    if source[:1] not in ("{", "["):
        source = _extract(source, text)
    value = _load(source, text)
    clean = scrub(value)
    try:
        return _adapter(type_).validate_json(source if clean == value else json.dumps(clean), strict=True)
    except ValidationError as error:
        raise InvalidReply(f"the reply does not fit: {_sentence(error)}", raw=text) from error


def _adapter(type_: type[T]) -> TypeAdapter[T]:
    if type_ not in _adapters:
        _adapters[type_] = TypeAdapter(type_)
    return _adapters[type_]


def _tidy(node: Any, definitions: dict[str, Any], inside: tuple[str, ...], recursive: set[str]) -> Any:
    """Return ``node`` written out; ``inside`` are the definitions that it is within."""
    if isinstance(node, list):
        return [_tidy(item, definitions, inside, recursive) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _follow(node, definitions, inside, recursive)
    tidy = {
        key: _each(value, definitions, inside, recursive)
        if key in ("properties", "patternProperties")
        else _tidy(value, definitions, inside, recursive)
        for key, value in node.items()
        if key not in ("title", "default", "discriminator")
    }
    if "properties" in tidy:
        tidy["required"] = list(tidy["properties"])
        tidy["additionalProperties"] = False
    return tidy


def _each(properties: dict[str, Any], definitions: dict[str, Any], inside: tuple[str, ...], recursive: set[str]) -> Any:
    # Apart from the general case because a property may be called "title".
    return {name: _tidy(value, definitions, inside, recursive) for name, value in properties.items()}


def _follow(node: dict[str, Any], definitions: dict[str, Any], inside: tuple[str, ...], recursive: set[str]) -> Any:
    name = node["$ref"].removeprefix("#/$defs/")
    if name in inside:
        recursive.add(name)
        return {"$ref": node["$ref"]}
    beside = {key: value for key, value in node.items() if key not in ("$ref", "default", "title")}
    return {**_tidy(definitions[name], definitions, (*inside, name), recursive), **beside}


def _extract(source: str, raw: str) -> str:
    fenced = [block.strip() for block in _FENCE.findall(source) if block.strip()[:1] in ("{", "[")]
    found = fenced or _objects(source)
    if len(found) != 1:
        count = "no JSON object" if not found else f"{len(found)} JSON objects"
        raise InvalidReply(f"the reply holds {count} where one was asked for: {shorten(raw, 120)!r}", raw=raw)
    return found[0]


def _objects(source: str) -> list[str]:
    """Return the outermost JSON objects that stand in prose."""
    decoder = json.JSONDecoder()
    found: list[str] = []
    start = source.find("{")
    tries = 0
    while start >= 0 and (tries := tries + 1) <= _TRIES:
        try:
            _, end = decoder.raw_decode(source, start)
            found.append(source[start:end])
        except (ValueError, RecursionError):
            end = start + 1
        start = source.find("{", end)
    return found


def _load(source: str, raw: str) -> Any:
    if too_deep(source):
        raise InvalidReply("the reply is not valid JSON: nested too deeply", raw=raw)
    try:
        return json.loads(source, object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidReply(f"the reply is not valid JSON: {reason}", raw=raw) from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shorten(twice, 60)!r} stands in it twice")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _sentence(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, item['loc'])) or 'the reply'}: {item['msg']}" for item in details[:_LISTED]]
    more = f"; and {len(details) - _LISTED} more" if len(details) > _LISTED else ""
    return "; ".join(told) + more
