"""NPCs: the cast, seated in a world and written into it. Who knows whom comes from the relationship graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphs.admission import Proposal, run_proposals
from graphs.context import ProductionContext
from graphs.plan import planned
from graphs.stage import Counts
from graphs.stages.acquaintances import settle_ties
from graphs.stages.cast import cast_personas
from simulator.errors import InputError
from simulator.models.base import derive_seed
from simulator.models.npc import NpcTie, reverse_relation
from simulator.models.persona import Persona
from simulator.models.unit import Unit, UnitResult
from simulator.models.world import World
from simulator.roles.npc_draft import NpcBrief
from simulator.roles.npc_lore import choose_passages
from simulator.roles.npc_manners import CHOSEN, Circumstance, offers_for
from simulator.roles.npc_more import first_tie, goal_of
from simulator.roles.npc_seat import Seat, seat_cast
from simulator.roles.npc_writer import brief_for, npc_id, renamed, to_npc
from simulator.runs.entry import Product

__all__ = ["write_npcs"]

STAGE = "npcs"


async def write_npcs(context: ProductionContext) -> Counts:
    """Write the NPCs of the cast; a name that is taken is rejected.

    Raises:
        InputError: The run has no world for them.
    """
    section, world, role = context.scenario.npcs, context.world, context.roles["npc_writer"]
    if section is None or world is None:
        raise InputError("NPCs need a world: name its folder in 'npcs.world'")
    people = cast_personas(context)[: section.count]
    seats = await seat_cast(world, [persona.text for persona in people], context.scenario.seed, context.embedder)
    ties = _ties(context, world, people, seats)
    shown = await choose_passages(
        world, [persona.text for persona in people], seats, context.embedder, section.lore_words
    )
    where = {npc_id(world, persona.id, seat.name): seat for persona, seat in zip(people, seats, strict=True)}
    errands = [
        _errand(seat, ties[persona.id], where, derive_seed(context.scenario.seed, "errand", persona.id))
        for persona, seat in zip(people, seats, strict=True)
    ]
    offers = await _offers(context, world, people, seats, ties, errands)
    briefs = {
        persona.id: brief_for(
            world,
            persona.text,
            seat,
            ties[persona.id],
            passages=passages,
            offers=offered,
            **errand,
        ).model_dump(mode="json")
        for persona, seat, passages, errand, offered in zip(people, seats, shown, errands, offers, strict=True)
    }

    def propose(unit: Unit, result: UnitResult) -> Proposal:
        npc = to_npc(role.role.output.model_validate(result.value), NpcBrief.model_validate(unit.inputs), world)
        text = " ".join(filter(None, (npc.personality, npc.background, npc.quest)))
        return Proposal(Product("npc", npc.id, npc.persona, npc), text or npc.name, npc.name)

    units = [_unit(context, inputs) for inputs in planned(context.ledger, STAGE, briefs).values()]
    counts = await run_proposals(context, STAGE, units, role, "npc", propose)
    await settle_ties(context, STAGE, world)
    return counts


async def _offers(
    context: ProductionContext,
    world: World,
    people: Sequence[Persona],
    seats: Sequence[Seat],
    ties: Mapping[str, Sequence[NpcTie]],
    errands: Sequence[Mapping[str, Any]],
) -> list[dict[str, tuple[str, ...]]]:
    """Return what each NPC's writer chooses from, if its prompt lets it choose; others are told nothing of it."""
    if not set(context.roles["npc_writer"].prompt.head.choose) & set(CHOSEN):
        return [{} for _ in people]
    texts = [persona.text for persona in people]
    briefs = [
        brief_for(world, persona.text, seat, ties[persona.id], **errand)
        for persona, seat, errand in zip(people, seats, errands, strict=True)
    ]
    known = [Circumstance(goal_of(one), one.receiver is not None, first_tie(one)) for one in briefs]
    return await offers_for(world, texts, seats, context.scenario.seed, context.embedder, known)


def _unit(context: ProductionContext, inputs: dict[str, Any]) -> Unit:
    return Unit(stage=STAGE, role="npc_writer", inputs=inputs, seed=derive_seed(context.scenario.seed, STAGE, inputs))


def _errand(seat: Seat, ties: Sequence[NpcTie], where: Mapping[str, Seat], seed: int) -> dict[str, Any]:
    """Return whom the quest's thing is for, for every second NPC that knows somebody elsewhere: quests follow edges."""
    here = (seat.place, seat.thing_place)  # nothing has to be brought to somebody who stands beside it
    others = [tie for tie in ties if where[tie.npc].place not in here]
    if not seat.thing or not others or seed % 2:
        return {}
    receiver = others[seed // 2 % len(others)]
    return {"receiver": receiver, "receiver_place": where[receiver.npc].place}


def _ties(
    context: ProductionContext, world: World, people: Sequence[Persona], seats: Sequence[Seat]
) -> dict[str, list[NpcTie]]:
    """Return for each member of the cast the others that the graph joins with it, told from both sides."""
    names = {persona.id: seat.name for persona, seat in zip(people, seats, strict=True)}
    ties: dict[str, list[NpcTie]] = {persona.id: [] for persona in people}
    for persona in people:
        for relation in context.population.outward(persona.id):
            other = relation.target
            if other in names:
                # A word that the world forbids could not be said "as it is told" by anybody.
                name = renamed(world, relation.name)
                ties[persona.id].append(_tie(world, other, names[other], name))
                ties[other].append(_tie(world, persona.id, names[persona.id], reverse_relation(name)))
    return ties


def _tie(world: World, persona: str, name: str, relation: str) -> NpcTie:
    return NpcTie(npc=npc_id(world, persona, name), name=name, relation=relation)
