"""Tool definitions for those who call tools: OpenAI functions (strict or not) and MCP ``tools/list``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import orjson

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file
from simulator.models.tool import Tool

__all__ = ["ToolFormat", "export_tools", "mcp_tool", "openai_function"]

ToolFormat = Literal["openai", "openai-strict", "mcp"]


def openai_function(tool: Tool, *, strict: bool = False) -> dict[str, Any]:
    """Return the tool as an entry of a chat completion's ``tools``.

    Args:
        tool: The tool; its argument schema has every property required and no others, as ``strict`` demands.
        strict: Ask the endpoint to hold the arguments to the schema.
    """
    function: dict[str, Any] = {
        "name": tool.name,
        "description": _description(tool),
        "parameters": tool.input_schema(),
    }
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def mcp_tool(tool: Tool) -> dict[str, Any]:
    """Return the tool as an entry of an MCP server's ``tools/list`` result."""
    title = tool.name.replace("_", " ").capitalize()
    return {"name": tool.name, "title": title, "description": _description(tool), "inputSchema": tool.input_schema()}


def export_tools(path: Path, tools: Iterable[Tool], to: ToolFormat) -> int:
    """Write the tools as one JSON document, and return how many.

    For ``openai`` and ``openai-strict`` that is the list that a request takes as ``tools``, for ``mcp`` the result of
    ``tools/list``.

    Raises:
        ExportError: There are no tools, two have one name, or the file cannot be written.
    """
    chosen = list(tools)
    names = [tool.name for tool in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not chosen or twice:
        reason = (
            f"the name {twice[0]!r} stands twice, and callers tell tools by name" if twice else "there are no tools"
        )
        raise ExportError(f"nothing was written to {str(path)!r}: {reason}")
    make = _MAKERS[to]
    rows = [make(tool) for tool in chosen]
    document: Any = {"tools": rows} if to == "mcp" else rows
    with atomic_file(path) as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return len(chosen)


_MAKERS: dict[ToolFormat, Callable[[Tool], dict[str, Any]]] = {
    "openai": openai_function,
    "openai-strict": lambda tool: openai_function(tool, strict=True),
    "mcp": mcp_tool,
}


def _description(tool: Tool) -> str:
    """Return the description with what comes back: neither format has a place for a result told in words."""
    return f"{tool.description} Returns: {tool.returns}" if tool.returns else tool.description
