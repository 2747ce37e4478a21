"""The tool designer of a world: what somebody who lives there can find out or get done for a visitor.

Tools of personas are of the real world (``order_bread_meat``). Those of their NPCs are of the NPCs' world: designed for
the trade, the place and the goods of the one who uses them, in words that exist there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulator.embeddings.protocol import Embedder
from simulator.models.npc import Npc
from simulator.models.npc_card import npc_card
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.population.known_names import Known, known_of
from simulator.population.mentions import unknown_names
from simulator.roles.checks import word_pattern
from simulator.roles.role import Check, Role
from simulator.roles.tool_designer import tool_designer
from simulator.roles.tool_draft import VERBS, ToolBrief, ToolDraft
from simulator.roles.tool_worked import built
from simulator.tools.derive import completed
from simulator.tools.toolset import tool_id
from simulator.tools.vocabulary import Vocabulary

__all__ = ["NpcToolBrief", "npc_tool_briefs", "npc_tool_designer", "plain_thing", "to_npc_tool"]

_CHOICE = 3  # goods that one tool may be about
_ARTICLE = re.compile(r"^(?:an?|the) ")
_HELD = re.compile(
    r"^(?:bag|barrel|basket|bottle|box|bundle|coil|crate|jar|pair|piece|roll|sack|set|sheet|spool) of (?:the )?"
)


class NpcToolBrief(ToolBrief):
    """What the designer is told.

    Attributes:
        persona: Who the NPC is, in a line of its world: trade and what it is there for.
        asker: Id of the persona whose NPC it is.
        card: All that is known of it.
        place: Where it is.
        goods: Things that there are at its place, or that come near its trade, in plain words: what visitors may want.
            A small prompt chooses among them; a standard one finds the need itself.
    """

    asker: str
    card: str
    place: str = ""
    goods: tuple[str, ...] = ()


async def npc_tool_briefs(npcs: Sequence[Npc], world: World, embedder: Embedder, turns: int) -> list[NpcToolBrief]:
    """Return the inputs of the units: ``turns`` for each NPC, each about other goods.

    Raises:
        EndpointError: A remote embedder failed.
    """
    goods = await _goods(npcs, world, embedder)
    briefs = []
    for npc, near in zip(npcs, goods, strict=True):
        work = world.about("occupations", npc.occupation)
        who = f"a {npc.occupation} at {npc.place}" + (f" who {work}" if work else "")
        for turn in range(turns):
            some = near[turn * _CHOICE : (turn + 1) * _CHOICE] or near[:_CHOICE]
            card = npc_card(npc, world)
            briefs.append(NpcToolBrief(persona=who, asker=npc.persona, card=card, place=npc.place, goods=some))
    return briefs


async def _goods(npcs: Sequence[Npc], world: World, embedder: Embedder) -> list[tuple[str, ...]]:
    """Return the world's things for each NPC: those at its place first, then by nearness to its trade."""
    if not world.things or not npcs:
        return [()] * len(npcs)
    works = [f"{npc.occupation}, {world.about('occupations', npc.occupation)}" for npc in npcs]
    things = [f"{plain_thing(one.name)}, {one.about}, {one.like}" for one in world.things]
    vectors = await embedder.embed([*works, *things])
    near = vectors[: len(npcs)] @ vectors[len(npcs) :].T
    return [
        tuple(
            plain_thing(world.things[number].name)
            for _, _, number in sorted(
                (npc.place not in one.places, -round(float(row[number]), 4), number)
                for number, one in enumerate(world.things)
            )
        )
        for npc, row in zip(npcs, near, strict=True)
    ]


def plain_thing(name: str) -> str:
    """Return what a thing is without what it comes in.

    >>> plain_thing("a jar of quiet honey"), plain_thing("the torn page of the Tide Book")
    ('quiet honey', 'torn page of the Tide Book')
    """
    return _HELD.sub("", _ARTICLE.sub("", name))


def npc_tool_designer(world: World) -> Role[NpcToolBrief, ToolDraft]:
    """Return the role that designs one tool for one NPC of ``world``."""
    base: Role[Any, ToolDraft] = tool_designer()
    return Role(
        name="npc_tool_designer",
        inputs=NpcToolBrief,
        output=ToolDraft,
        values=lambda brief: _values(brief, world),
        checks=(*(_unless_settled(check) for check in base.checks), *_own_checks(world)),
        score=base.score,
        choices=lambda brief, field: brief.goods if field == "need" else (),
        tidy=base.tidy,
    )


def _own_checks(world: World) -> tuple[Check[NpcToolBrief, ToolDraft], ...]:
    """Return the checks that all is of the world, for each text."""
    known, fields = known_of(world), ("need", "description", "parameters", "returns")
    return tuple(check for field in fields for check in (_in_world(field, world), _named(field, known)))


def _unless_settled(check: Check[Any, ToolDraft]) -> Check[NpcToolBrief, ToolDraft]:
    """Return the check of a need without those needs that were settled before anybody was asked."""

    def test(brief: NpcToolBrief, draft: ToolDraft) -> str | None:
        settled = check.field == "need" and draft.need in brief.goods
        return None if settled else check.test(brief, draft)

    return replace(check, test=test)


def to_npc_tool(draft: ToolDraft, brief: NpcToolBrief, words: Vocabulary) -> Tool:
    """Return the product, asked for by the persona whose NPC it is for; made-up values are names of the world."""
    tool = built(draft, personas=(brief.asker,))
    return completed(tool.model_copy(update={"id": tool_id(tool)}), words)


def _values(brief: NpcToolBrief, world: World) -> Mapping[str, str]:
    return {
        "title": world.title,
        "summary": world.summary,
        "lore": world.lore.strip(),
        "forbidden": ", ".join(world.forbidden) or "nothing",
        "persona": brief.persona,
        "card": brief.card,
        "place": brief.place,
        "avoid": ", ".join(brief.avoid) or "none",
        "verbs": ", ".join(VERBS),
    }


def _said(draft: ToolDraft, field: str) -> str:
    if field == "parameters":
        return " ".join(f"{one.name.replace('_', ' ')}: {one.description}" for one in draft.parameters)
    return str(getattr(draft, field))


def _in_world(field: str, world: World) -> Check[NpcToolBrief, ToolDraft]:
    pattern = word_pattern(world.forbidden)

    def test(_brief: NpcToolBrief, draft: ToolDraft) -> str | None:
        found = pattern.search(_said(draft, field))
        return f"{field} has {found.group()!r}, which does not exist in the world" if found else None

    return Check("forbidden", test, field)


def _named(field: str, known: Known) -> Check[NpcToolBrief, ToolDraft]:
    def test(brief: NpcToolBrief, draft: ToolDraft) -> str | None:
        found = unknown_names(_said(draft, field), known.also((brief.card,)))
        return f"{field} names {found[0]!r}, which does not exist in the world" if found else None

    return Check("unknown_name", test, field)
