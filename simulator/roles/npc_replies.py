"""What an NPC of a small model chooses from where it has no result to tell: its lines, and what suits any visitor."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.models.base import derive_seed
from simulator.models.npc import Npc
from simulator.models.world import World
from simulator.prompts.variables import fill, names_in
from simulator.roles.checks import sentence
from simulator.roles.npc_manners import manners_of

__all__ = ["replies_of"]

_OFFERED = 4  # of what suits anybody; an NPC's own lines come beside it


def replies_of(npc: Npc, world: World, said: Sequence[str]) -> tuple[str, ...]:
    """Return what an NPC may say to anything: its lines and what suits anybody, without what it has said already."""
    get = next((step for step in npc.steps if step.action == "get"), None)
    values = {"first": npc.name.split(" ", 1)[0], "title": world.title, "place": npc.place}
    values |= {"thing": get.thing, "thing_place": get.place} if get is not None else {}
    able = [one for one in manners_of(world).replies if names_in(one) <= values.keys()]
    told = [sentence(fill(one, values)) for one in able]
    if not told:
        return ()
    heard = set(said)
    left = [one for one in told if one not in heard]
    left.sort(key=lambda one: derive_seed("reply", npc.id, len(said), one))
    return (*(line for line in npc.lines if line not in heard), *left[:_OFFERED])
