"""Tool definitions: what a persona needs that a language model cannot do alone (Persona Hub, section 4.6)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from simulator.models.base import Record

__all__ = ["ParameterType", "Tool", "ToolParameter"]

ParameterType = Literal["string", "integer", "number", "boolean"]


class ToolParameter(Record):
    """One parameter of a tool."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    type: ParameterType
    description: str = Field(min_length=1)


class Tool(Record):
    """One tool definition.

    ``personas`` are the ids of those who asked for it; ``name`` fits OpenAI's and MCP's rules.
    """

    id: str
    personas: tuple[str, ...]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    description: str = Field(min_length=1)
    parameters: tuple[ToolParameter, ...]
    returns: str = ""

    def input_schema(self) -> dict[str, Any]:
        """Return the arguments' JSON Schema (Draft 2020-12), strict: all required, nothing else allowed."""
        properties = {p.name: {"type": p.type, "description": p.description} for p in self.parameters}
        return {
            "type": "object",
            "properties": properties,
            "required": [p.name for p in self.parameters],
            "additionalProperties": False,
        }
