"""Tool definitions for those who call tools: OpenAI functions (strict or not), MCP ``tools/list``, LangChain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import orjson

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file, safe_name
from simulator.models.tool import Tool, Toolset

__all__ = [
    "ToolFormat",
    "described",
    "export_modules",
    "export_tools",
    "export_toolsets",
    "langchain_tool",
    "mcp_tool",
    "openai_function",
    "told_apart",
]

ToolFormat = Literal["openai", "openai-strict", "mcp", "langchain"]

_LONGEST = 1024  # characters of a description that OpenAI takes


def openai_function(tool: Tool, *, strict: bool = False) -> dict[str, Any]:
    """Return the tool as an entry of a chat completion's ``tools``.

    Args:
        tool: The tool.
        strict: Ask the endpoint to hold the arguments to the schema, in which every property is required then and an
            optional one may be null.
    """
    function: dict[str, Any] = {
        "name": tool.name,
        "description": described(tool),
        "parameters": tool.input_schema(strict=strict),
    }
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def mcp_tool(tool: Tool) -> dict[str, Any]:
    """Return the tool as an entry of an MCP server's ``tools/list`` result."""
    title = tool.name.replace("_", " ").capitalize()
    entry: dict[str, Any] = {
        "name": tool.name,
        "title": title,
        "description": described(tool),
        "inputSchema": tool.input_schema(),
    }
    if (schema := tool.output_schema()) is not None:
        entry["outputSchema"] = schema
    if tool.effect is not None:
        entry["annotations"] = {
            "title": title,
            "readOnlyHint": tool.effect == "reads",
            "destructiveHint": tool.effect in ("changes", "removes"),
            "idempotentHint": tool.effect in ("reads", "removes"),
            "openWorldHint": True,
        }
    return entry


def langchain_tool(tool: Tool) -> dict[str, Any]:
    """Return what ``StructuredTool.from_function(func, **entry)`` of LangChain takes beside the function."""
    return {"name": tool.name, "description": described(tool), "args_schema": tool.input_schema()}


def export_tools(path: Path, tools: Iterable[Tool], to: ToolFormat) -> int:
    """Write the tools as one JSON document, and return how many.

    For ``openai`` and ``openai-strict`` that is the list that a request takes as ``tools``, for ``mcp`` the result of
    ``tools/list``, for ``langchain`` a list of what :func:`langchain_tool` returns.

    Raises:
        ExportError: There are no tools, two have one name, or the file cannot be written.
    """
    chosen = told_apart(path, tools)
    make = _MAKERS[to]
    rows = [make(tool) for tool in chosen]
    document: Any = {"tools": rows} if to == "mcp" else rows
    with atomic_file(path) as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return len(chosen)


def export_toolsets(folder: Path, tools: Iterable[Tool], groups: Iterable[Toolset]) -> dict[str, int]:
    """Write each toolset as an OpenAI list of its own, named by the set, and return the tools in each.

    A request takes 128 tools, and a model chooses better among few.

    Raises:
        ExportError: There are no toolsets, or a file cannot be written.
    """
    known = {tool.id: tool for tool in tools}
    found = {group.name: [known[id_] for id_ in group.tools if id_ in known] for group in groups}
    if not found:
        raise ExportError(f"nothing was written to {str(folder)!r}: there are no toolsets")
    return {name: export_tools(folder / safe_name(name, ".json"), members, "openai") for name, members in found.items()}


def export_modules(folder: Path, tools: Iterable[Tool]) -> int:
    """Write the code of each tool that has some into a file named by its id, and return how many.

    Raises:
        ExportError: No tool has code, or a file cannot be written.
    """
    coded = [(tool, tool.code.source) for tool in tools if tool.code is not None]
    if not coded:
        raise ExportError(f"nothing was written to {str(folder)!r}: no tool has code (see 'tools.code' of scenarios)")
    for tool, source in coded:
        with atomic_file(folder / safe_name(tool.id, ".py")) as file:
            file.write(source.encode("utf-8"))
    return len(coded)


def told_apart(path: Path, tools: Iterable[Tool]) -> list[Tool]:
    """Return the tools, when there are some and callers can tell them by name.

    Raises:
        ExportError: Otherwise; it says that nothing was written to ``path``.
    """
    chosen, names = list(tools), set[str]()
    for tool in chosen:
        if tool.name in names:
            reason = f"the name {tool.name!r} stands twice, and callers tell tools by name"
            raise ExportError(f"nothing was written to {str(path)!r}: {reason}")
        names.add(tool.name)
    if not chosen:
        raise ExportError(f"nothing was written to {str(path)!r}: there are no tools")
    return chosen


def described(tool: Tool) -> str:
    """Return the description with what comes back and how a call fails: callers read nothing else."""
    parts = [tool.description, f"Returns: {tool.returns}" if tool.returns else ""]
    if tool.errors:
        parts.append("Errors: " + "; ".join(f"{one.code} ({one.when.rstrip('.')})" for one in tool.errors) + ".")
    return " ".join(part for part in parts if part)[:_LONGEST]


_MAKERS: dict[ToolFormat, Callable[[Tool], dict[str, Any]]] = {
    "openai": openai_function,
    "openai-strict": lambda tool: openai_function(tool, strict=True),
    "mcp": mcp_tool,
    "langchain": langchain_tool,
}
