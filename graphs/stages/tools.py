"""Tool definitions: what the cast needs that a language model cannot do alone; a set, with who asked for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphs.admission import dedup_settings
from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from graphs.stages.cast import cast_personas
from simulator.models.base import derive_seed
from simulator.models.decision import Decision
from simulator.models.tool import Tool
from simulator.models.unit import Unit
from simulator.roles.tool_designer import ToolBrief, ToolDraft, to_tool
from simulator.runs.entry import Entry, Product
from simulator.runs.pool import Ended
from simulator.tools.grouping import toolsets
from simulator.tools.toolset import ToolDesk, ToolVerdict, tool_text

__all__ = ["design_tools"]

STAGE = "tools"


async def design_tools(context: ProductionContext) -> Counts:
    """Design the cast's tools; one that does what an earlier one does is merged with that: one more asked for it."""
    role = context.roles["tool_designer"]
    desk = await _desk(context)
    counts = await run_stage(
        context,
        STAGE,
        _units(context),
        lambda unit: perform_unit(unit, role),
        lambda batch: _settle(context, desk, batch),
    )
    await _group(context, desk)
    return counts


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.tools
    for persona in cast_personas(context)[: section.count] if section else ():
        for turn in range(section.per_persona if section else 0):
            inputs = ToolBrief(persona=persona.text).model_dump(mode="json")
            seed = derive_seed(context.scenario.seed, STAGE, inputs, turn)
            yield Unit(stage=STAGE, role="tool_designer", inputs=inputs, seed=seed)


async def _settle(context: ProductionContext, desk: ToolDesk, batch: Sequence[Ended]) -> list[Entry]:
    tools = {
        ended.unit.id: to_tool(
            ToolDraft.model_validate(ended.result.value), ToolBrief.model_validate(ended.unit.inputs)
        )
        for ended in batch
        if ended.result.value is not None
    }
    vectors = iter(await context.embedder.embed([tool_text(tool) for tool in tools.values()]) if tools else ())
    return [
        _entry(ended, tool, desk.admit(tool, next(vectors)))
        if (tool := tools.get(ended.unit.id)) is not None
        else Entry(ended.unit, ended.result)
        for ended in batch
    ]


def _entry(ended: Ended, tool: Tool, verdict: ToolVerdict) -> Entry:
    decision = Decision(
        subject="tool",
        candidate=verdict.tool.id if verdict.admitted else tool.id,
        text=tool_text(tool),
        admitted=verdict.admitted,
        stage=verdict.stage,
        survivor=None if verdict.admitted else verdict.tool.id,
        score=verdict.score,
        reason=verdict.reason,
        unit=ended.unit.id,
    )
    product = Product("tool", verdict.tool.id, verdict.tool.personas[0], verdict.tool, replace=not verdict.admitted)
    return Entry(ended.unit, ended.result, decisions=[decision], products=[product])


async def _desk(context: ProductionContext) -> ToolDesk:
    """Return the desk; after a resume, with what the ledger says was admitted."""
    desk = ToolDesk(dedup_settings(context))
    texts = {one.candidate: one.text for one in context.ledger.decisions() if one.subject == "tool" and one.admitted}
    tools = [Tool.model_validate(body) for body in context.ledger.products("tool")]
    if tools:
        compared = [texts.get(tool.id) or tool_text(tool) for tool in tools]
        desk.restore(tools, compared, await context.embedder.embed(compared))
    return desk


async def _group(context: ProductionContext, desk: ToolDesk) -> None:
    """Group the set by what its tools work on; the groups are kept beside the products that they are made of."""
    tools = desk.tools
    vectors = await context.embedder.embed([tool_text(tool) for tool in tools]) if tools else None
    groups = toolsets(tools, vectors) if vectors is not None else []
    context.ledger.put_meta(toolsets=[group.model_dump(mode="json") for group in groups])
