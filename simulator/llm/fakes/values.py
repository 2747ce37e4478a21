"""Values that satisfy a JSON Schema."""

from __future__ import annotations

import math
from typing import Any

from simulator.llm.fakes import words
from simulator.llm.fakes.dice import Dice
from simulator.llm.fakes.pattern import matching

__all__ = ["value_for"]

_MORE_ITEMS = 2
_DEEPEST = 3
"""Levels after which optional parts (nullable, empty lists) are left out, so that recursive schemas end."""

_FORMATS = {
    "date": "2031-04-12",
    "date-time": "2031-04-12T08:30:00Z",
    "time": "08:30:00Z",
    "email": "post@example.org",
    "uri": "https://example.org/a",
    "uuid": "6f1c1a58-3c0e-4c55-9d0c-0c6b0f1f2a77",
}


def value_for(schema: dict[str, Any], dice: Dice) -> Any:
    """Return a value that ``schema`` allows, chosen by ``dice``.

    Covers what pydantic writes: types, ``enum``, ``const``, ``anyOf``, ``oneOf``, ``allOf``, ``$ref``, lengths,
    ranges, ``pattern`` (see :func:`simulator.llm.fakes.pattern.matching`), items.

    Raises:
        ValueError: The schema uses something that is not covered.
    """
    return _Maker(schema.get("$defs", {}), dice).make(schema, "", 0)


class _Maker:
    def __init__(self, definitions: dict[str, Any], dice: Dice) -> None:
        self._definitions = definitions
        self._dice = dice

    def make(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        """Return a value; ``name`` is the property that it is for."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._dice.choice(schema["enum"])
        if "$ref" in schema:
            return self.make(self._definitions[schema["$ref"].rsplit("/", 1)[-1]], name, depth)
        if "allOf" in schema:
            merged = {key: value for part in schema["allOf"] for key, value in part.items()}
            return self.make({**merged, **{k: v for k, v in schema.items() if k != "allOf"}}, name, depth)
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self.make(self._branch(branches, depth), name, depth)
        return self._of_type(schema, name, depth)

    def _branch(self, branches: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        nothing = [branch for branch in branches if branch.get("type") == "null"]
        if nothing and depth > _DEEPEST:
            return nothing[0]
        return self._dice.choice([branch for branch in branches if branch not in nothing] or branches)

    def _of_type(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = self._dice.choice([one for one in kind if one != "null"] or kind)
        if kind == "object":
            properties = schema.get("properties", {})
            return _agreed({key: self.make(value, key, depth + 1) for key, value in properties.items()})
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return bool(self._dice.below(2))
        return None if kind == "null" else self._string(schema, name)

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.make(item, name, depth + 1) for item in schema["prefixItems"]]
        low = schema.get("minItems", 0 if depth > _DEEPEST else 1)
        more = 0 if depth > _DEEPEST else _MORE_ITEMS
        wanted = self._dice.between(low, max(low, min(schema.get("maxItems", low + more), low + more)))
        items: list[Any] = []
        for _ in range(20 * wanted):
            if len(items) == wanted:
                break
            item = self.make(schema.get("items", {}), name, depth + 1)
            if not schema.get("uniqueItems") or item not in items:
                items.append(item)
        return items

    def _number(self, schema: dict[str, Any], *, whole: bool) -> int | float:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        low = low if low is not None else (0 if high is None else min(0, high - 100))
        high = high if high is not None else low + 100
        if not whole:
            return float(low + (high - low) * self._dice.fraction())
        step = schema.get("multipleOf", 1)
        first = math.floor(low / step) + 1 if "exclusiveMinimum" in schema else math.ceil(low / step)
        last = math.ceil(high / step) - 1 if "exclusiveMaximum" in schema else math.floor(high / step)
        return int(self._dice.between(first, last) * step)

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if "pattern" in schema:
            return matching(schema["pattern"], self._dice)
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text = self._words(name.lower())
        while len(text) < schema.get("minLength", 0):
            text = f"{text}, and {words.phrase(self._dice)}"
        return _cut(text, schema.get("minLength", 0), schema.get("maxLength"))

    def _words(self, name: str) -> str:
        if "name" in name:
            return words.name(self._dice)
        if "relation" in name:
            return words.relation(self._dice)
        if any(part in name for part in ("question", "instruction", "request", "message")):
            return words.question(self._dice)
        return words.phrase(self._dice)


def _agreed(made: dict[str, Any]) -> dict[str, Any]:
    """Return an object whose ``who``, what a person is in a few words, is of the person that it describes."""
    persona = made.get("persona")
    if "who" not in made or not isinstance(persona, str):
        return made
    return {**made, "who": persona.partition(" who ")[0]}


def _cut(text: str, low: int, high: int | None) -> str:
    """Return ``text`` with ``low`` to ``high`` characters, cut between words where that is possible."""
    if high is None or len(text) <= high:
        return text
    whole = text[: high + 1].rpartition(" ")[0]
    return whole if len(whole) >= max(low, 1) else text[:high]
