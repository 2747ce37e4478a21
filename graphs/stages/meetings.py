"""Who of the cast meets which NPC, what they are told of it, and what they want of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphs.context import ProductionContext
from graphs.plan import planned
from graphs.stages.encounters import Encounter
from graphs.talk.company import Company
from graphs.talk.state import ConversationContext
from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.conversation import Counterpart
from simulator.models.npc import Npc
from simulator.models.situation import Situation, Success
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.population.names.known_names import known_of
from simulator.roles.npc import npc as npc_role
from simulator.roles.role import RoleContext
from simulator.roles.user import visitor
from simulator.runs.events import Note
from simulator.runs.ledger import Ledger
from simulator.scenario.conversations import Conversations
from simulator.scenario.subject import ToolUse
from simulator.tools.derive import request_of
from simulator.tools.toolset import tool_text
from simulator.tools.vocabulary import vocabulary_of

__all__ = ["company_of_run", "meetings"]

STAGE = "converse"


def company_of_run(
    ledger: Ledger, world: World | None, roles: Mapping[str, RoleContext[Any, Any]]
) -> ConversationContext:
    """Return who performs conversations with NPCs: visitors and NPCs who know what there is in the world of this run.

    Raises:
        InputError: There is no world, or nobody lives in it.
    """
    if world is None:
        raise InputError("conversations with NPCs need a world: name its folder in 'npcs.world'")
    npcs = [Npc.model_validate(body) for body in ledger.products("npc")]
    if not npcs:
        raise InputError("conversations with NPCs need NPCs, and the run has none: all of them failed or were rejected")
    tools = [Tool.model_validate(body) for body in ledger.products("tool")]
    known = known_of(world, npcs, [tool.name for tool in tools])
    company = Company(
        role=replace(roles["npc"], role=npc_role(world)),
        world=world,
        npcs={npc.id: npc for npc in npcs},
        tools={tool.id: tool for tool in tools},
        known=known,
        words=vocabulary_of(world, [npc.name for npc in npcs]),
        player=roles.get("tool_player"),
    )
    user = replace(roles["user"], role=visitor(world))
    return ConversationContext(user, judge=roles.get("judge"), company=company)


async def meetings(
    context: ProductionContext, section: Conversations, company: Company, encounters: Sequence[Encounter]
) -> list[tuple[Encounter, Counterpart]]:
    """Return the conversations with the NPC that each is with, and with the situation as its user knows it.

    NPCs are dealt in turn, never a persona's own. What was planned stays as it was, whoever comes late.
    """
    offers = await _offers(context, company, section.tools)
    wanted = {}
    for place, encounter, npc in _dealt(context, encounters, list(company.npcs.values())):
        side = _counterpart(npc, offers.get(npc.id, ()), section.tools)
        situation = _situation(encounter.situation, npc, company, side)
        if "goal" in section.judge and not situation.success:
            situation = situation.model_copy(update={"success": _for_a_judge(npc)})
        plan = {"counterpart": side, "situation": situation}
        wanted[place] = {name: one.model_dump(mode="json") for name, one in plan.items()}
    kept = planned(context.ledger, STAGE, wanted)
    return [
        (
            replace(encounter, situation=Situation.model_validate(kept[place]["situation"])),
            Counterpart.model_validate(kept[place]["counterpart"]),
        )
        for place, encounter in _places(encounters)
        if place in kept
    ]


def _places(encounters: Sequence[Encounter]) -> Iterator[tuple[str, Encounter]]:
    """Yield each encounter with a name of its own in the plan."""
    seen = Counter[str]()
    for one in encounters:
        instruction = one.opening.instruction.id if one.opening.instruction else ""
        key = f"{one.opening.persona} {instruction} {one.situation.name}"
        seen[key] += 1
        yield f"{key} {seen[key]}", one


def _dealt(
    context: ProductionContext, encounters: Sequence[Encounter], npcs: Sequence[Npc]
) -> Iterator[tuple[str, Encounter, Npc]]:
    """Yield with whom each encounter is, in turn; nobody meets their own NPC."""
    for number, (place, encounter) in enumerate(_places(encounters)):
        begin = number % len(npcs)
        turned = [*npcs[begin:], *npcs[:begin]]
        other = next((npc for npc in turned if npc.persona != encounter.opening.persona), None)
        if other is None:
            person = context.population.persona(encounter.opening.persona).text
            context.listener(Note(f"no conversation for {person!r}: there is no NPC but their own"))
            continue
        yield place, encounter, other


def _counterpart(npc: Npc, tools: Sequence[str], use: ToolUse | None) -> Counterpart:
    if use is None:
        return Counterpart(npc=npc.id)
    return Counterpart(npc=npc.id, tools=tuple(tools), results=use.results, errors=use.errors, rounds=use.rounds)


async def _offers(context: ProductionContext, company: Company, use: ToolUse | None) -> dict[str, list[str]]:
    """Return the tools of each NPC: those that were designed for it, then those that are nearest to what it does."""
    tools = list(company.tools.values())
    if use is None or not tools:
        return {}
    npcs = list(company.npcs.values())
    work = [_work(npc, company.world) for npc in npcs]
    vectors: Vectors = await context.embedder.embed([*map(tool_text, tools), *work])
    near = vectors[len(tools) :] @ vectors[: len(tools)].T
    offers = {}
    for npc, row in zip(npcs, near, strict=True):
        ranked = sorted(
            (npc.persona not in tool.personas, -round(float(row[number]), 4), number)
            for number, tool in enumerate(tools)
        )
        offers[npc.id] = [tools[number].id for _, _, number in ranked[: use.most]]
    return offers


def _work(npc: Npc, world: World) -> str:
    return f"{npc.occupation}, {world.about('occupations', npc.occupation)}, {npc.place}. {npc.background}"


def _situation(situation: Situation, npc: Npc, company: Company, side: Counterpart) -> Situation:
    """Return what the user is in: the scenario's own, where and whom they meet, and an aim where it names none."""
    world = company.world
    whom = f"{npc.name}, {_a(npc.occupation)}"
    place = f"You are a stranger in {world.title} and have come to {npc.place}, where you meet {whom}."
    says = f' {npc.name.split(" ", 1)[0]} says: "{npc.greeting}"' if npc.greeting else ""
    about = f"{situation.about} {place}{says}".strip()
    if situation.goal:
        return situation.model_copy(update={"about": about})
    # Its own: what it has of another trade (whose designer failed, say) is nothing that anybody comes to it for.
    tool = next((one for one in company.offered(side) if npc.persona in one.personas), None)
    goal, success = (_errand(npc, tool), situation.success) if tool is not None else _interest(npc, situation.success)
    return situation.model_copy(update={"about": about, "goal": goal, "success": success})


def _errand(npc: Npc, tool: Tool) -> str:
    asked = request_of(tool, {}).rstrip(".")
    return f"to have {npc.name.split(' ', 1)[0]} {asked[:1].lower()}{asked[1:]}"


def _for_a_judge(npc: Npc) -> Success:
    """Return when an errand is done: without it a judge of the goal would have nothing to judge."""
    first = npc.name.split(" ", 1)[0]
    return Success(criterion=f"{first} did what the user wanted, and told the user what came of it.")


def _interest(npc: Npc, success: Success) -> tuple[str, Success]:
    """Return the aim to learn what the NPC is looking for; it is reached when the NPC says where that is."""
    get = next((step for step in npc.steps if step.action == "get"), None)
    if get is None:
        return f"to learn what {npc.name.split(' ', 1)[0]} does here", success
    goal = f"to learn what {npc.name.split(' ', 1)[0]} is looking for and where it is"
    return goal, success if success else Success(said=(re.escape(get.place),))


def _a(occupation: str) -> str:
    return f"{'an' if occupation[:1].lower() in 'aeiou' else 'a'} {occupation}"
