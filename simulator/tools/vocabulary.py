"""Names that made-up values use: those of everyday life, or those of a world and the people who live in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.models.world import World

__all__ = ["EVERYDAY", "Vocabulary", "vocabulary_of"]


@dataclass(frozen=True)
class Vocabulary:
    """What there is to be named.

    Attributes:
        places: Names of places.
        people: Names of people.
        names: Names for anything else that has one.
        times: When something happens, in words; empty: a day of the calendar.
    """

    places: tuple[str, ...]
    people: tuple[str, ...]
    names: tuple[str, ...]
    times: tuple[str, ...] = ()


EVERYDAY = Vocabulary(
    places=("Alder Bridge", "Marlow Quay", "Kestrel Hill", "Northgate", "Vellen", "Port Sarn", "Hazel Row", "Old Mill"),
    people=("Ines Calder", "Tomas Rehn", "Mira Okafor", "Jonas Veld", "Lena Brandt", "Samir Haddad"),
    names=("Vellen", "Marlow", "Kestrel", "Calder", "Hazel", "Northgate"),
)


def vocabulary_of(world: World, people: Iterable[str] = ()) -> Vocabulary:
    """Return the names of ``world``.

    Args:
        world: Its places and times.
        people: Names of those who live in it; without any, its factions stand for people.
    """
    named = tuple(people) or tuple(term.name for term in world.factions) or (world.title,)
    places = tuple(term.name for term in world.places)
    return Vocabulary(places=places, people=named, names=places, times=world.times)
