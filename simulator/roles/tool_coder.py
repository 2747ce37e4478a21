"""The tool coder: a first implementation of a tool, which is checked here and runs elsewhere, shut in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from simulator.models.base import Record, canonical_json
from simulator.models.tool import Tool
from simulator.roles.role import Check, Role
from simulator.tools.code_check import MODULES, code_flaw, code_of

__all__ = ["CodeBrief", "CodeDraft", "code_brief", "tool_coder"]


class CodeBrief(Record):
    """What the coder is told.

    Attributes:
        tool: The definition, without who asked for it.
        code: An earlier implementation that failed.
        flaw: How it failed.
    """

    tool: Tool
    code: str = ""
    flaw: str = ""


class CodeDraft(Record):
    """One module of Python."""

    code: str = Field(min_length=1, max_length=24_000)


def tool_coder() -> Role[CodeBrief, CodeDraft]:
    """Return the role that writes a tool's code."""
    return Role(
        name="tool_coder",
        inputs=CodeBrief,
        output=CodeDraft,
        values=_values,
        checks=(Check("code", lambda brief, draft: code_flaw(draft.code, brief.tool), "code"),),
        tidy=lambda draft: CodeDraft(code=code_of(draft.code)),
    )


def code_brief(tool: Tool) -> CodeBrief:
    """Return the brief for a tool; it is the same whoever asked for the tool, and however often."""
    return CodeBrief(tool=tool.model_copy(update={"personas": (), "code": None}))


def _values(brief: CodeBrief) -> Mapping[str, str]:
    tool = brief.tool
    arguments, result = (tool.examples[0].arguments, tool.examples[0].result) if tool.examples else ({}, {})
    rows = result.get("rows") if tool.many else None
    return {
        "tool": canonical_json(_definition(tool)),
        "modules": ", ".join(sorted(MODULES)),
        "flaw": f"Your last module failed: {brief.flaw}\n<code>\n{brief.code}\n</code>" if brief.flaw else "",
        # What small prompts say of it: less, with a value for each name, and how the module begins.
        "description": tool.description,
        "arguments": _such_as(arguments),
        "fields": f"rows of {_such_as(rows[0])}" if rows else _such_as(result),
        "why": f"The last one failed: {brief.flaw}" if brief.flaw else "",
        "stub": _stub(tool),
    }


def _such_as(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} such as {value!r}".replace("'", '"') for name, value in values.items()) or "none"


def _stub(tool: Tool) -> str:
    """Return the function up to the first value of its result."""
    parameters = sorted(tool.parameters, key=lambda one: not one.required)  # what has a default stands last
    taken = ", ".join(one.name if one.required else f"{one.name}=None" for one in parameters)
    rows = '"rows": [{' if tool.many else ""
    field = f'"{tool.result[0].name}":' if tool.result else ""
    return f"def {tool.name}({taken}):\n    return {{{rows}{field}"


def _definition(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema(),
        "result": tool.output_schema(),
        "errors": {one.code: one.when for one in tool.errors},
        "effect": tool.effect,
        "changes": tool.changes,
        "examples": [one.model_dump(mode="json") for one in tool.examples],
    }
