"""The tool designer of a world: what somebody who lives there can find out or get done for a visitor.

Tools of personas are of the real world (``order_bread_meat``). Those of their NPCs are of the NPCs' world: designed for
the trade, the place and the goods of the one who uses them, in words that exist there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.models.npc import Npc
from simulator.models.npc_card import npc_card
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.population.names.known_names import Known, known_of
from simulator.population.names.mentions import unknown_names
from simulator.roles.checks import word_pattern
from simulator.roles.role import Check, Role
from simulator.roles.tool_designer import finished, tool_designer
from simulator.roles.tool_draft import VERBS, ToolBrief, ToolDraft
from simulator.roles.tool_parts import chosen_operation, offered
from simulator.tools.vocabulary import Vocabulary

__all__ = ["NpcToolBrief", "npc_tool_briefs", "npc_tool_designer", "plain_thing", "to_npc_tool"]

_CHOICE = 3  # needs that one tool may be about
_MARKS = frozenset("[]|;=")
"""What a constraint in a line of fields ends with or is parted by: a name that has one of them is left out."""

_PAY = "coin | work | a favour"
"""What is given for things in a world that does not say."""

_ARTICLE = re.compile(r"^(?:an?|the) ")
_HELD = re.compile(
    r"^(?:bag|barrel|basket|bottle|box|bundle|coil|crate|jar|pair|piece|roll|sack|set|sheet|spool) of (?:the )?"
)


class NpcToolBrief(ToolBrief):
    """What the designer is told.

    Attributes:
        persona: Who the NPC is, in a line of its world: trade and what it is there for.
        asker: Id of the persona whose NPC it is.
        card: All that is known of it; of a long lore the passages that concern it.
        place: Where it is.
        cut: Whether the lore is so long that only the card's passages of it are told.
        needs: What its trade offers to visitors, and the things at its place or near to its trade. A small prompt
            chooses among them; a standard one finds the need itself.
    """

    asker: str
    card: str
    place: str = ""
    cut: bool = False


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
            cut = bool(npc.passages)  # a lore that is told whole stands in the rules
            told = {"card": npc_card(npc, world, lore=cut), "cut": cut, "place": npc.place, "needs": some}
            briefs.append(NpcToolBrief(persona=who, asker=npc.persona, **told))
    return briefs


async def _goods(npcs: Sequence[Npc], world: World, embedder: Embedder) -> list[tuple[str, ...]]:
    """Return what visitors may want of each NPC: what its trade offers, then things, those at its place first."""
    offers = {term.name: term.offers for term in world.occupations}
    if not world.things or not npcs:
        return [offers.get(npc.occupation, ()) for npc in npcs]
    works = [f"{npc.occupation}, {world.about('occupations', npc.occupation)}" for npc in npcs]
    things = [f"{plain_thing(one.name)}, {one.about}, {one.like}" for one in world.things]
    vectors = await embedder.embed([*works, *things])
    near = vectors[: len(npcs)] @ vectors[len(npcs) :].T
    return [(*offers.get(npc.occupation, ()), *_things(npc, world, row)) for npc, row in zip(npcs, near, strict=True)]


def _things(npc: Npc, world: World, near: Vectors) -> Iterator[str]:
    order = sorted(
        (npc.place not in one.places, -round(float(near[number]), 4), number) for number, one in enumerate(world.things)
    )
    yield from (world.things[number].name for *_, number in order)


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
        checks=(*base.checks, *_own_checks(world)),
        score=base.score,
        choices=lambda brief, field, done: _choices(brief, field, done, world),
        tidy=base.tidy,
    )


def _own_checks(world: World) -> tuple[Check[NpcToolBrief, ToolDraft], ...]:
    """Return the checks that all is of the world, for each text."""
    known, fields = known_of(world), ("need", "description", "parameters", "returns")
    return tuple(check for field in fields for check in (_in_world(field, world), _named(field, known)))


def _choices(brief: NpcToolBrief, field: str, done: Mapping[str, Any], world: World) -> Sequence[str]:
    if field == "need" or not brief.needs:
        return brief.needs if field == "need" else ()
    need, seed = str(done.get("need", "")), [brief.asker, brief.place, *brief.needs]
    return offered(field, done, _terms(brief.place, world), _kind(need, world), seed)


def to_npc_tool(draft: ToolDraft, brief: NpcToolBrief, words: Vocabulary, world: World) -> Tool:
    """Return the product, asked for by the persona whose NPC it is for; made-up values are names of the world."""
    terms = _terms(brief.place, world)
    kind = _kind(draft.need, world)
    operation = chosen_operation(draft.description, draft.need, terms, kind) if brief.needs else None
    return finished(draft, brief.asker, operation, terms, words)


def _kind(need: str, world: World) -> str:
    """Return the kind of operations: on what a trade has several of, or on one thing."""
    return "world_many" if any(need in term.offers for term in world.occupations) else "world_one"


def _terms(place: str, world: World) -> dict[str, str]:
    """Return what operations name, as enumerations where they stand in brackets."""
    lists = {
        "places": [term.name for term in world.places if term.name != place],
        "times": world.times,
        "rewards": world.rewards,
    }
    told = {key: " | ".join(one for one in names if not _MARKS & set(one)) for key, names in lists.items()}
    return {"place": place, **told, "times": told["times"] or "date", "rewards": told["rewards"] or _PAY}


def _values(brief: NpcToolBrief, world: World) -> Mapping[str, str]:
    return {
        "title": world.title,
        "summary": world.summary,
        "lore": "(What concerns a person stands with the person.)" if brief.cut else world.story,
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
