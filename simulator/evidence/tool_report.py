"""What a run says of its tools: the set, what people asked for most, and which instructions the set can serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.models.base import Record
from simulator.models.instruction import Instruction
from simulator.models.tool import Tool, Toolset
from simulator.runs.ledger import Ledger
from simulator.tools.toolset import tool_text

__all__ = ["Coverage", "Served", "SetRow", "ToolReport", "build_tool_report", "tool_lines"]

NEAR = 0.4
"""Cosine from which a tool can serve an instruction. Of released personas 34 % are as near to the tool that was made
for them, and 7 or 8 of 10,000 to one that was made for somebody else."""

_FIRST = 10  # toolsets and tools that the report names
_BEST = 3  # tools named for an instruction
_ROWS = 1024  # instructions multiplied with all tools at once


class Served(Record):
    """One instruction, and the tools that are near to it, the nearest first, each with its cosine."""

    instruction: str
    persona: str
    text: str
    tools: tuple[tuple[str, float], ...]


class Coverage(Record):
    """How many of the instructions have a tool, 0 to ``instructions``, and how many tools have an instruction."""

    instructions: int
    served: int
    tools_used: int
    near: float


class SetRow(Record):
    """One toolset: its size, and how many personas asked for a tool of it."""

    name: str
    tools: int
    demand: int


class ToolReport(Record):
    """The set.

    Attributes:
        tools: In the set.
        asked: Times that somebody asked for one; ``asked - tools`` were merged or asked again.
        toolsets: How many.
        largest: The toolsets that most people asked for.
        wanted: The tools that most people asked for, with how many.
        effects: Tools by what a call does.
        by_rule: Tools of which rules made a part, by part.
        coverage: ``None`` when the run has no instructions.
    """

    tools: int
    asked: int
    toolsets: int
    largest: tuple[SetRow, ...]
    wanted: dict[str, int]
    effects: dict[str, int]
    by_rule: dict[str, int]
    coverage: Coverage | None = None


async def build_tool_report(ledger: Ledger, embedder: Embedder) -> tuple[ToolReport | None, list[Served]]:
    """Return the report, ``None`` when the run has no tools, and each instruction with the tools near to it.

    Raises:
        EndpointError: A remote embedder failed.
    """
    tools = [Tool.model_validate(body) for body in ledger.products("tool")]
    if not tools:
        return None, []
    groups = [Toolset.model_validate(body) for body in ledger.meta("toolsets", [])]
    asks = [Instruction.model_validate(body) for body in ledger.products("instruction")]
    served = list(await _served(asks, tools, embedder)) if asks else []
    used = {name for one in served for name, _ in one.tools[:1]}
    coverage = Coverage(
        instructions=len(asks), served=sum(bool(one.tools) for one in served), tools_used=len(used), near=NEAR
    )
    return _report(ledger, tools, groups, coverage if asks else None), served


def _report(ledger: Ledger, tools: Sequence[Tool], groups: Sequence[Toolset], coverage: Coverage | None) -> ToolReport:
    asked = next(ledger.rows("SELECT COUNT(*) FROM decisions WHERE subject = 'tool'"))[0]
    wanted = sorted(tools, key=lambda tool: -tool.demand)[:_FIRST]
    return ToolReport(
        tools=len(tools),
        asked=max(asked, len(tools)),
        toolsets=len(groups),
        largest=tuple(SetRow(name=one.name, tools=len(one.tools), demand=one.demand) for one in groups[:_FIRST]),
        wanted={tool.name: tool.demand for tool in wanted},
        effects=dict(Counter(tool.effect or "unknown" for tool in tools).most_common()),
        by_rule=dict(Counter(part for tool in tools for part in tool.derived).most_common()),
        coverage=coverage,
    )


async def _served(asks: Sequence[Instruction], tools: Sequence[Tool], embedder: Embedder) -> Iterator[Served]:
    vectors = await embedder.embed([one.text for one in asks])
    return _nearest(asks, vectors, tools, await embedder.embed([tool_text(tool) for tool in tools]))


def _nearest(asks: Sequence[Instruction], vectors: Vectors, tools: Sequence[Tool], known: Vectors) -> Iterator[Served]:
    for begin in range(0, len(asks), _ROWS):
        # Rounded, so that the order of a sum inside a matrix product decides nothing.
        scores = np.round((vectors[begin : begin + _ROWS] @ known.T).astype(np.float64), 4)
        for ask, row in zip(asks[begin : begin + _ROWS], scores, strict=True):
            best = sorted(np.flatnonzero(row >= NEAR).tolist(), key=lambda place: (-row[place], place))[:_BEST]
            named = tuple((tools[place].name, float(row[place])) for place in best)
            yield Served(instruction=ask.id, persona=ask.persona, text=ask.text, tools=named)


def tool_lines(report: ToolReport) -> list[str]:
    """Return the report as lines of Markdown."""
    lines = [
        f"{report.tools:,} tools in {report.toolsets:,} toolsets, asked for {report.asked:,} times.",
        "",
        "| toolset | tools | asked by |",
        "|---|---:|---:|",
        *(f"| {row.name} | {row.tools} | {row.demand} |" for row in report.largest),
        "",
    ]
    if report.coverage is not None and report.coverage.instructions:
        found = report.coverage
        lines += [
            f"A tool is near (cosine {found.near} and more) to {found.served:,} of {found.instructions:,} instructions "
            f"({found.served / found.instructions:.0%}); {found.tools_used:,} of the tools are the nearest to one. "
            f"`tool_coverage.jsonl` has each instruction with its tools.",
            "",
        ]
    for title, counts in (("By effect", report.effects), ("Made by rule", report.by_rule)):
        lines.append(f"- {title}: " + (", ".join(f"{name} {count}" for name, count in counts.items()) or "nothing"))
    return lines
