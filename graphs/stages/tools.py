"""Tool definitions: what the cast needs that a language model cannot do alone; the set has no doubles."""

from __future__ import annotations

from collections.abc import Iterator

from graphs.admission import Proposal, admit_products
from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from graphs.stages.cast import cast_personas
from simulator.models.base import derive_seed
from simulator.models.unit import Unit, UnitResult
from simulator.roles.tool_designer import ToolBrief, ToolDraft, to_tool, tool_text
from simulator.runs.entry import Product

__all__ = ["design_tools"]

STAGE = "tools"


async def design_tools(context: ProductionContext) -> Counts:
    """Design the cast's tools; one whose name is taken, or that is too near to an earlier one, is rejected."""
    role = context.roles["tool_designer"]
    return await run_stage(
        context,
        STAGE,
        _units(context),
        lambda unit: perform_unit(unit, role),
        lambda batch: admit_products(context, "tool", batch, _proposal),
    )


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.tools
    for persona in cast_personas(context)[: section.count] if section else ():
        for turn in range(section.per_persona if section else 0):
            inputs = ToolBrief(persona=persona.text).model_dump(mode="json")
            seed = derive_seed(context.scenario.seed, STAGE, inputs, turn)
            yield Unit(stage=STAGE, role="tool_designer", inputs=inputs, seed=seed)


def _proposal(unit: Unit, result: UnitResult) -> Proposal:
    tool = to_tool(ToolDraft.model_validate(result.value), ToolBrief.model_validate(unit.inputs))
    return Proposal(Product("tool", tool.id, tool.personas[0], tool), tool_text(tool), tool.name)
