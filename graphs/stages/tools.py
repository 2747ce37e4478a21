"""Tool definitions: what the cast needs that a language model cannot do alone; a set, with who asked for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphs.admission import dedup_settings
from graphs.context import ProductionContext
from graphs.plan import planned
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from graphs.stages.cast import cast_personas
from simulator.errors import InputError
from simulator.models.base import derive_seed
from simulator.models.decision import Decision
from simulator.models.npc import Npc
from simulator.models.persona import persona_id
from simulator.models.tool import Tool
from simulator.models.unit import Unit
from simulator.models.world import World
from simulator.prompts.template import Prompt
from simulator.roles.npc_tool_designer import NpcToolBrief, npc_tool_briefs, to_npc_tool
from simulator.roles.tool_designer import ToolBrief, ToolDraft, to_tool
from simulator.roles.tool_parts import needs_for
from simulator.runs.entry import Entry, Product
from simulator.runs.pool import Ended
from simulator.tools.grouping import toolsets
from simulator.tools.toolset import ToolDesk, ToolVerdict, tool_text
from simulator.tools.vocabulary import vocabulary_of

__all__ = ["design_tools"]

STAGE = "tools"

Finish = Callable[[ToolDraft, dict[str, Any]], Tool]
"""From what the designer answered to the inputs of a unit, to the product."""


async def design_tools(context: ProductionContext) -> Counts:
    """Design the cast's tools; one that does what an earlier one does is merged with that: one more asked for it.

    Each one's first tool comes first, then each one's second one, which is told the names of the tools that its asker
    has: so it does not depend on which reply came first.
    """
    section = context.scenario.tools
    worldly = section is not None and section.of == "npcs"
    role = context.roles["npc_tool_designer" if worldly else "tool_designer"]
    briefs = await (_npc_briefs(context) if worldly else _briefs(context, role.prompt))
    finish = _finish_in_world(context) if worldly else _finish
    desk, counts = await _desk(context), Counts()
    for turn in range(section.per_persona if section else 0):
        made = await run_stage(
            context,
            STAGE,
            _units(context, role.role.name, briefs, turn),
            lambda unit: perform_unit(unit, role),
            lambda batch: _settle(context, desk, batch, finish),
        )
        counts = counts.plus(made)
    await _group(context, desk)
    return counts


def _units(context: ProductionContext, role: str, briefs: Mapping[str, Sequence[ToolBrief]], turn: int) -> list[Unit]:
    """Return the units of one turn; what an asker had when it was asked is planned, whoever is tried again."""
    names = defaultdict[str, list[str]](list)
    for tool in context.ledger.products("tool") if turn else ():
        for persona in tool["personas"]:
            names[persona].append(tool["name"])
    wanted = {
        f"{place} {turn}": some[turn]
        .model_copy(update={"avoid": tuple(names[_asker(some[turn])])})
        .model_dump(mode="json")
        for place, some in briefs.items()
    }
    plans = planned(context.ledger, STAGE, wanted).values()
    seeds = [derive_seed(context.scenario.seed, STAGE, inputs, turn) for inputs in plans]
    return [Unit(stage=STAGE, role=role, inputs=inputs, seed=seed) for inputs, seed in zip(plans, seeds, strict=True)]


def _asker(brief: ToolBrief) -> str:
    return brief.asker if isinstance(brief, NpcToolBrief) else persona_id(brief.persona)


async def _briefs(context: ProductionContext, prompt: Prompt) -> dict[str, list[ToolBrief]]:
    """Return what each persona's designer is told, turn by turn; of needs only where its prompt chooses among them."""
    section = context.scenario.tools
    if section is None:
        return {}
    people, turns = cast_personas(context)[: section.count], section.per_persona
    needs: list[tuple[tuple[str, ...], ...]] = [((),) * turns for _ in people]
    if "need" in prompt.head.choose:
        needs = await needs_for([persona.text for persona in people], turns, context.embedder)
    return {
        persona.id: [ToolBrief(persona=persona.text, needs=some) for some in mine]
        for persona, mine in zip(people, needs, strict=True)
    }


async def _npc_briefs(context: ProductionContext) -> dict[str, list[NpcToolBrief]]:
    section, world = context.scenario.tools, _world(context)
    if section is None:
        return {}
    npcs = [Npc.model_validate(body) for body in context.ledger.products("npc")][: section.count]
    briefs = iter(await npc_tool_briefs(npcs, world, context.embedder, section.per_persona))
    return {npc.id: [next(briefs) for _ in range(section.per_persona)] for npc in npcs}


def _world(context: ProductionContext) -> World:
    if context.world is None:
        raise InputError("tools of NPCs need a world: name its folder in 'npcs.world'")
    return context.world


def _finish(draft: ToolDraft, inputs: dict[str, Any]) -> Tool:
    return to_tool(draft, ToolBrief.model_validate(inputs))


def _finish_in_world(context: ProductionContext) -> Finish:
    people = [body["name"] for body in context.ledger.products("npc")]
    world = _world(context)
    words = vocabulary_of(world, people)
    return lambda draft, inputs: to_npc_tool(draft, NpcToolBrief.model_validate(inputs), words, world)


async def _settle(context: ProductionContext, desk: ToolDesk, batch: Sequence[Ended], finish: Finish) -> list[Entry]:
    tools = {
        ended.unit.id: finish(ToolDraft.model_validate(ended.result.value), ended.unit.inputs)
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
    desk = ToolDesk(dedup_settings(context.scenario))
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
