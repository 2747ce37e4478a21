"""Worked examples as rows for training callers of tools, in the form of xLAM and APIGen: query, tools, answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from simulator.errors import ExportError
from simulator.exports.functions import told_apart
from simulator.exports.jsonl import write_jsonl
from simulator.models.base import content_hash, derive_seed
from simulator.models.tool import Tool, ToolParameter

__all__ = ["export_xlam", "xlam_rows"]

_OTHERS = 3  # tools beside the right one, at most: the caller has to choose
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def xlam_rows(tools: Sequence[Tool]) -> Iterator[dict[str, Any]]:
    """Yield one row per worked example, with up to three other tools of the set to choose from.

    ``tools`` and ``answers`` are texts of JSON, as in the released data. Which other tools stand there, and in which
    order, depends on nothing but the example.
    """
    number = 0
    for place, tool in enumerate(tools):
        for example in tool.examples:
            offered = [tool, *_others(tools, place, example.query)]
            offered.sort(key=lambda one: content_hash(example.query, one.name))
            answers = [{"name": tool.name, "arguments": example.arguments}]
            yield {
                "id": number,
                "query": example.query,
                "tools": orjson.dumps([_entry(one) for one in offered]).decode(),
                "answers": orjson.dumps(answers).decode(),
            }
            number += 1


def export_xlam(path: Path, tools: Iterable[Tool]) -> dict[str, int]:
    """Write the rows, and return how many there are and how many of their queries rules made, not a model.

    Raises:
        ExportError: There is no tool with a worked example, two tools have one name, or the file cannot be written.
    """
    chosen = told_apart(path, tools)
    rows = list(xlam_rows(chosen))
    if not rows:
        raise ExportError(f"nothing was written to {str(path)!r}: none of the {len(chosen)} tools has a worked example")
    by_rule = sum(len(tool.examples) for tool in chosen if "examples" in tool.derived)
    return {"rows": write_jsonl(path, rows), "rows with a query by rule": by_rule}


def _others(tools: Sequence[Tool], place: int, query: str) -> list[Tool]:
    seed = derive_seed("xlam", query)
    wanted = min(seed % (_OTHERS + 1), len(tools) - 1)
    step = 1 + seed % max(1, len(tools) - 1)
    found: list[Tool] = []
    for number in range(1, len(tools)):
        other = tools[(place + step * number) % len(tools)]
        if len(found) == wanted:
            break
        if other is not tools[place] and other not in found:
            found.append(other)
    return found


def _entry(tool: Tool) -> dict[str, Any]:
    parameters = {one.name: {"description": _told(one), "type": _type(one)} for one in tool.parameters}
    return {"name": tool.name, "description": tool.description, "parameters": parameters}


def _told(parameter: ToolParameter) -> str:
    """Return the description with the constraints, for which the form has no other place."""
    more = [f"one of: {', '.join(map(str, parameter.enum))}"] if parameter.enum else []
    more += [f"at least {parameter.minimum:.15g}"] if parameter.minimum is not None else []
    more += [f"at most {parameter.maximum:.15g}"] if parameter.maximum is not None else []
    more += [f"format {parameter.format}"] if parameter.format else []
    more += [f"pattern {parameter.pattern}"] if parameter.pattern else []
    return f"{parameter.description} ({'; '.join(more)})" if more else parameter.description


def _type(parameter: ToolParameter) -> str:
    kind = f"List[{_TYPES[parameter.items or 'string']}]" if parameter.type == "array" else _TYPES[parameter.type]
    return kind if parameter.required else f"{kind}, optional"
