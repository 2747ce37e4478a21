"""Whether a cast of NPCs is a whole: everything that one of them is said to be, have or know is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.models.npc import Npc, reverse_relation
from simulator.models.world import TermKind, World

__all__ = ["CastFlaw", "cast_flaws"]

_ENUMERATED: Mapping[str, TermKind] = {
    "race": "races",
    "occupation": "occupations",
    "faction": "factions",
    "place": "places",
}


@dataclass(frozen=True)
class CastFlaw:
    """One thing that does not hold.

    Attributes:
        npc: The NPC's id.
        kind: ``name``, ``enumeration``, ``tie``, ``quest`` or ``field``.
        message: What is wrong.
    """

    npc: str
    kind: str
    message: str


def cast_flaws(npcs: Iterable[Npc], world: World) -> list[CastFlaw]:
    """Return what does not hold in a cast, in its order; empty for a consistent one.

    Names are unique; races, occupations, factions and places are the world's; both sides of an acquaintance know of
    it and say the same; the things, places and people of a quest exist, and the thing is found where it is said to be;
    the designer's fields hold values that the designer allowed.
    """
    cast = list(npcs)
    known = {npc.id: npc for npc in cast}
    flaws = list(_names(cast))
    for npc in cast:
        flaws += [CastFlaw(npc.id, kind, text) for kind, text in _of_one(npc, known, world)]
    return flaws


def _names(cast: Sequence[Npc]) -> Iterator[CastFlaw]:
    seen: dict[str, str] = {}
    for npc in cast:
        if npc.name.casefold() in seen:
            yield CastFlaw(npc.id, "name", f"{npc.name!r} is also the name of {seen[npc.name.casefold()]}")
        seen.setdefault(npc.name.casefold(), npc.id)


def _of_one(npc: Npc, known: Mapping[str, Npc], world: World) -> Iterator[tuple[str, str]]:
    for field, kind in _ENUMERATED.items():
        value = getattr(npc, field)
        names = {term.name for term in world.terms(kind)}
        if names and value not in names:
            yield "enumeration", f"{field} {value!r} is not one of the world's {kind}"
    yield from (("tie", text) for text in _ties(npc, known))
    yield from (("quest", text) for text in _quest(npc, known, world))
    for designed in world.fields:
        if designed.name in npc.fields and not designed.allows(npc.fields[designed.name]):
            yield "field", f"{npc.fields[designed.name]!r} does not fit {designed.said()}"


def _ties(npc: Npc, known: Mapping[str, Npc]) -> Iterator[str]:
    for tie in npc.ties:
        other = known.get(tie.npc)
        if other is None:
            yield f"knows {tie.name!r} ({tie.npc}), who is not in the cast"
        elif other.name != tie.name:
            yield f"calls {tie.npc} {tie.name!r}, whose name is {other.name!r}"
        elif (npc.id, reverse_relation(tie.relation)) not in {(one.npc, one.relation) for one in other.ties}:
            yield f"{tie.name!r} does not say that {npc.name!r} is {reverse_relation(tie.relation)!r}"


def _quest(npc: Npc, known: Mapping[str, Npc], world: World) -> Iterator[str]:
    things = {term.name: term for term in world.things}
    places = {term.name for term in world.places}
    carried: set[str] = set()
    for step in npc.steps:
        if step.thing not in things:
            yield f"wants {step.thing!r}, which is not one of the world's things"
        if step.place not in places:
            yield f"leads to {step.place!r}, which is not one of the world's places"
        if step.action == "get":
            carried.add(step.thing)
            found = things[step.thing].places if step.thing in things else ()
            if found and step.place not in found:
                yield f"{step.thing!r} is not found at {step.place!r} but at {', '.join(found)}"
        elif step.thing not in carried:
            yield f"{step.thing!r} is to be brought before it was got"
        elif step.to not in known or known[step.to].place != step.place:
            yield f"{step.thing!r} is for {step.to!r}, who is not at {step.place!r}"
