"""How a server is asked for JSON, and what is tried when it does not know that way.

From best to last: ``json_schema`` (the server holds the model to the schema), ``json_object`` (it holds it to JSON;
the schema stands in the system message), ``none`` (nothing but the words in the system message).
"""

from __future__ import annotations

import json
from typing import Any, Literal

__all__ = ["SCHEMA_FOLLOWS", "Tier", "adapt", "next_tier", "strict_schema"]

Tier = Literal["json_schema", "json_object", "none"]

SCHEMA_FOLLOWS = "this JSON Schema:\n"
"""What stands before a schema in words; the fake server finds it there."""

_STRICT = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs"}
    | {"description", "pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"minItems", "maxItems"}
)
"""What OpenAI's strict mode documents as supported; it answers 400 to keywords outside its list."""

_NOTES = {"minLength": "at least {} characters", "maxLength": "at most {} characters", "uniqueItems": "no repetitions"}


def next_tier(tier: Tier) -> Tier | None:
    """Return the tier below, or ``None`` below the last."""
    order: dict[Tier, Tier] = {"json_schema": "json_object", "json_object": "none"}
    return order.get(tier)


def adapt(payload: dict[str, Any], tier: Tier, *, strict: bool) -> dict[str, Any]:
    """Return a chat completion request whose ``response_format``, if it has one, suits ``tier``.

    Args:
        payload: A request with ``response_format`` of type ``json_schema``, or without any.
        tier: What the server knows.
        strict: Whether the schema has to be in OpenAI's strict dialect.
    """
    wanted = payload.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return payload
    named = wanted["json_schema"]
    if tier == "json_schema":
        schema, closed = strict_schema(named["schema"]) if strict else (named["schema"], True)
        return {**payload, "response_format": {**wanted, "json_schema": {**named, "schema": schema, "strict": closed}}}
    adapted = {**payload, "messages": _told(payload["messages"], named["schema"])}
    del adapted["response_format"]
    if tier == "json_object":
        adapted["response_format"] = {"type": "json_object"}
    return adapted


def strict_schema(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return ``schema`` in OpenAI's strict dialect, and whether it could be brought into it.

    Keywords that strict mode refuses are dropped (the reply is validated against the full type anyway), lengths are
    told in the description. A schema with open objects cannot be strict.
    """
    closed = [True]
    return _strict(schema, closed), closed[0]


def _told(messages: list[dict[str, Any]], schema: dict[str, Any]) -> list[dict[str, Any]]:
    # In the system message because that is the part which requests share (prefix caches).
    words = (
        "Answer with one JSON object and nothing else: no code fence, no words around it. "
        f"It must satisfy {SCHEMA_FOLLOWS}{json.dumps(schema, ensure_ascii=False)}"
    )
    if messages and messages[0].get("role") in ("system", "developer"):
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{words}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]


def _strict(node: Any, closed: list[bool]) -> Any:
    if isinstance(node, list):
        return [_strict(item, closed) for item in node]
    if not isinstance(node, dict):
        return node
    node = _renamed(node)
    kept = {key: _value(key, value, closed) for key, value in node.items() if key in _STRICT}
    notes = [_NOTES[key].format(node[key]) for key in _NOTES if node.get(key)]
    if notes:
        kept["description"] = "; ".join([*filter(None, [kept.get("description")]), *notes])
    if kept.get("type") == "object":
        closed[0] = closed[0] and "properties" in kept and kept.get("additionalProperties", False) is False
        kept["required"] = list(kept.get("properties", {}))
        kept["additionalProperties"] = kept.get("additionalProperties", False)
    return kept


def _value(key: str, value: Any, closed: list[bool]) -> Any:
    if key in ("properties", "$defs"):
        return {name: _strict(item, closed) for name, item in value.items()}
    return value if key in ("enum", "const", "required") else _strict(value, closed)


def _renamed(node: dict[str, Any]) -> dict[str, Any]:
    """Return ``node`` with ``oneOf`` as ``anyOf`` and an ``allOf`` of one part merged into it."""
    node = dict(node)
    if "oneOf" in node and "anyOf" not in node:
        node["anyOf"] = node.pop("oneOf")
    if len(node.get("allOf", ())) == 1:
        node = {**node.pop("allOf")[0], **node}
    return node
