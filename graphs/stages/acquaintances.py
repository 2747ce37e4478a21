"""The cast as a whole, once it is known who came to be: an NPC that failed is nobody's acquaintance."""

from __future__ import annotations

from collections.abc import Iterator

from graphs.context import ProductionContext
from simulator.models.npc import Npc
from simulator.models.world import World
from simulator.roles.npc_ties import WrittenNpc, agreed
from simulator.roles.npc_writer import NpcBrief, NpcDraft, to_npc
from simulator.runs.entry import Entry, Product

__all__ = ["settle_ties"]


async def settle_ties(context: ProductionContext, stage: str, world: World) -> None:
    """Bring the NPCs' ties, and what is said of them, to what there is.

    It starts from what was written, so it comes to the same whatever was settled before: after another try an NPC that
    failed at first is back where it was told of.
    """
    there = {body["id"]: Npc.model_validate(body) for body in context.ledger.products("npc")}
    whole = agreed(one for one in _written(context, stage, world) if one.npc.id in there)
    changed = [npc for npc in whole if npc != there[npc.id]]
    if changed:
        products = [Product("npc", npc.id, npc.persona, npc, replace=True) for npc in changed]
        await context.ledger.commit([Entry(None, None, products=products)])


def _written(context: ProductionContext, stage: str, world: World) -> Iterator[WrittenNpc]:
    output: type[NpcDraft] = context.roles["npc_writer"].role.output
    for unit, result in context.ledger.results(stage):
        if result.value is not None:
            draft = output.model_validate(result.value)
            yield WrittenNpc(to_npc(draft, NpcBrief.model_validate(unit.inputs), world), draft.tie_line)
