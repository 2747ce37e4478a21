"""Acquaintances that hold: nobody knows somebody who does not exist, and both sides say the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.models.npc import Npc, NpcTie, reverse_relation

__all__ = ["WrittenNpc", "agreed"]


@dataclass(frozen=True)
class WrittenNpc:
    """An NPC as it was written, before anybody knew who else would come to be.

    Attributes:
        npc: With all its ties.
        tie_line: What it says of the first of them; empty when it says nothing.
    """

    npc: Npc
    tie_line: str = ""


def agreed(written: Iterable[WrittenNpc]) -> list[Npc]:
    """Return the NPCs of a cast, in its order, with ties that both sides have and nobody that is missing.

    A tie to somebody who is not among them is left out, with the line that tells of it; a quest for somebody who is not
    among them is left out as a whole. A tie that only one side was told of is given to the other one too.

    Args:
        written: All NPCs that there are.
    """
    cast = list(written)
    known = {one.npc.id: one.npc for one in cast}
    held = {one.npc.id: [tie for tie in one.npc.ties if tie.npc in known] for one in cast}
    for one in cast:
        for tie in list(held[one.npc.id]):
            _answer(held[tie.npc], one.npc, tie)
    return [_whole(one, tuple(held[one.npc.id]), known) for one in cast]


def _answer(ties: list[NpcTie], npc: Npc, tie: NpcTie) -> None:
    answer = NpcTie(npc=npc.id, name=npc.name, relation=reverse_relation(tie.relation))
    if answer not in ties:
        ties.append(answer)


def _whole(one: WrittenNpc, ties: tuple[NpcTie, ...], known: Mapping[str, Npc]) -> Npc:
    npc = one.npc
    changes: dict[str, object] = {"ties": ties}
    if one.tie_line and npc.ties and npc.ties[0].npc not in known:
        changes["lines"] = tuple(line for line in npc.lines if line != one.tie_line)
    if any(step.to and step.to not in known for step in npc.steps):
        changes |= {"quest": "", "steps": (), "reward": ""}
    return npc.model_copy(update=changes)
