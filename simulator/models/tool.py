"""Tool definitions: what a persona needs that a language model cannot do alone (Persona Hub, section 4.6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from simulator.models.base import Record

__all__ = [
    "Effect",
    "ItemType",
    "ParameterType",
    "StringFormat",
    "Tool",
    "ToolCode",
    "ToolError",
    "ToolExample",
    "ToolField",
    "ToolParameter",
    "Toolset",
]

ParameterType = Literal["string", "integer", "number", "boolean", "array"]
ItemType = Literal["string", "integer", "number", "boolean"]
StringFormat = Literal["date", "time", "date-time", "email", "uri"]
"""Formats of Draft 2020-12 that callers know and that validators check."""

Effect = Literal["reads", "adds", "changes", "removes"]
"""What a call does to the world; ``reads`` is the only one that may be repeated at will."""

_PATTERN = 120  # characters of a pattern
_RISKY = re.compile(r"[+*}]\??\)\??[+*{]|\|[^()]*\)[+*{]|\\[1-9]|\(\?")
"""Repeated groups that repeat or choose within, references, look-around: what makes a match exponential."""


class ToolField(Record):
    """One typed value, with what it may be.

    Attributes:
        name: snake_case.
        type: Of JSON. Objects have no place here: what has parts is several fields.
        description: What it means, with unit or format.
        items: Of an array, the type of its items.
        enum: Of a string (or an array of strings), the only values.
        minimum: Of a number, inclusive.
        maximum: Of a number, inclusive.
        pattern: Of a string, a regular expression that it must match somewhere (anchor it).
        format: Of a string.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    type: ParameterType
    description: str = Field(min_length=1)
    items: ItemType | None = None
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    format: StringFormat | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ToolField:
        if (self.items is not None) != (self.type == "array"):
            raise ValueError(f"{self.name!r}: 'items' goes with the type 'array', and that with 'items'")
        if self.enum and "string" not in (self.type, self.items):
            raise ValueError(f"{self.name!r}: 'enum' goes with strings, not with the type {self.type!r}")
        if (self.pattern or self.format) and self.type != "string":
            raise ValueError(f"{self.name!r}: 'pattern' and 'format' go with the type 'string', not {self.type!r}")
        bounds = (self.minimum, self.maximum)
        if bounds != (None, None) and self.type not in ("integer", "number"):
            raise ValueError(f"{self.name!r}: 'minimum' and 'maximum' go with numbers, not with {self.type!r}")
        if None not in bounds and self.minimum > self.maximum:  # type: ignore[operator]
            raise ValueError(f"{self.name!r}: its minimum {self.minimum} is above its maximum {self.maximum}")
        if len(set(self.enum)) < len(self.enum):
            raise ValueError(f"{self.name!r}: a value of 'enum' stands twice")
        self._check_pattern()
        return self

    def _check_pattern(self) -> None:
        if _RISKY.search(self.pattern or "") or len(self.pattern or "") > _PATTERN:
            raise ValueError(f"{self.name!r}: the pattern {self.pattern!r} could take for ever to match")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"{self.name!r}: the pattern {self.pattern!r} is no regular expression: {error}") from None

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not said: most fields have no constraints."""
        return {key: value for key, value in dump(self).items() if value is not None and value not in ((), [])}

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (Draft 2020-12) of the value."""
        schema: dict[str, Any] = {"type": self.type, "description": self.description}
        inner = {"type": self.items, **({"enum": list(self.enum)} if self.enum else {})}
        if self.type == "array":
            return {**schema, "items": inner}
        for key in ("minimum", "maximum"):
            bound = getattr(self, key)
            if bound is not None:
                schema[key] = int(bound) if float(bound).is_integer() else bound
        said = {"enum": list(self.enum), "pattern": self.pattern, "format": self.format}
        return schema | {key: value for key, value in said.items() if value}


class ToolParameter(ToolField):
    """One parameter of a tool; ``required`` says whether a call must give it."""

    required: bool = True


class ToolError(Record):
    """One way in which a call fails: its code, and when that happens."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    when: str = Field(min_length=1)


class ToolExample(Record):
    """One worked example: what somebody asks, the call that it takes, and what comes back."""

    query: str = Field(min_length=1)
    arguments: dict[str, Any]
    result: dict[str, Any] = Field(default_factory=dict)


class ToolCode(Record):
    """An implementation of a tool.

    Attributes:
        source: One module of Python, which defines a function of the tool's name.
        linted: Whether a linter looked at it.
        examples: Worked examples that ran, shut in, and gave valid results.
    """

    source: str
    linted: bool
    examples: int


class Toolset(Record):
    """Tools that work on the same thing. ``demand`` is how many personas asked for one of them."""

    name: str
    tools: tuple[str, ...]
    demand: int = Field(ge=0)


class Tool(Record):
    """One tool definition.

    Attributes:
        id: Content hash of what it is, not of who asked.
        personas: The ids of those who asked for it, the first one first.
        name: Fits OpenAI's and MCP's rules.
        description: What it does.
        parameters: Its arguments.
        returns: What comes back, in words.
        result: What comes back, field by field; empty when nobody said.
        many: Several rows of ``result`` come back, not one.
        errors: How a call fails.
        effect: What a call does to the world.
        changes: That in words.
        dependencies: The services, data or devices that an implementation needs.
        examples: Worked examples; arguments and results are valid.
        derived: The parts above that rules made because no model said them.
        code: An implementation, if the scenario asks for code.
    """

    id: str
    personas: tuple[str, ...]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    description: str = Field(min_length=1)
    parameters: tuple[ToolParameter, ...]
    returns: str = ""
    result: tuple[ToolField, ...] = ()
    many: bool = False
    errors: tuple[ToolError, ...] = ()
    effect: Effect | None = None
    changes: str = ""
    dependencies: tuple[str, ...] = ()
    examples: tuple[ToolExample, ...] = ()
    derived: tuple[str, ...] = ()
    code: ToolCode | None = None

    @model_validator(mode="after")
    def _named(self) -> Tool:
        for kind, names in (
            ("parameter", [one.name for one in self.parameters]),
            ("field of the result", [one.name for one in self.result]),
            ("error", [one.code for one in self.errors]),
        ):
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ValueError(f"the {kind} {twice!r} stands twice")
        return self

    @property
    def demand(self) -> int:
        """How many personas asked for it."""
        return len(self.personas)

    def input_schema(self, *, strict: bool = False) -> dict[str, Any]:
        """Return the arguments' JSON Schema (Draft 2020-12): nothing else is allowed.

        Args:
            strict: As OpenAI's strict mode wants it: every property is required, and an optional one may be null.
        """
        return _object({one.name: _argument(one, strict) for one in self.parameters}, self._required(strict))

    def output_schema(self) -> dict[str, Any] | None:
        """Return the result's JSON Schema, an object at its root; ``None`` when nobody said what comes back."""
        if not self.result:
            return None
        row = _object({one.name: one.json_schema() for one in self.result}, [one.name for one in self.result])
        return _object({"rows": {"type": "array", "items": row}}, ["rows"]) if self.many else row

    def _required(self, strict: bool) -> list[str]:
        return [one.name for one in self.parameters if strict or one.required]


def _argument(parameter: ToolParameter, strict: bool) -> dict[str, Any]:
    schema = parameter.json_schema()
    if strict and not parameter.required:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _object(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
