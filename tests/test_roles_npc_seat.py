"""Seats of a cast in a world, and which passages of its lore each of them is told."""

import asyncio

import pytest
from npc_writer_cases import WORLD
from role_cases import Letters

from simulator.models.world import World
from simulator.roles.npc_lore import choose_passages
from simulator.roles.npc_seat import Seat, seat_cast
from simulator.roles.npc_writer import brief_for, npc_writer

CAST = [
    "a nurse in a children's hospital",
    "a potato farmer who worries about drought",
    "a violinist who teaches in the evening",
    "a police officer who keeps bees",
]


def seats(personas: list[str], seed: int = 3, world: World = WORLD) -> list[Seat]:
    return asyncio.run(seat_cast(world, personas, seed, Letters()))


def test_of_a_long_lore_the_writer_sees_the_passages_that_are_nearest() -> None:
    long = WORLD.model_copy(update={"lore": WORLD.lore + "\n\n" + "\n\n".join(f"Well {n} is dry." for n in range(50))})
    people = ["a nurse in a children's hospital", "a potato farmer"]
    cast = seats(people)
    whole = asyncio.run(choose_passages(long, people, cast, Letters()))
    assert whole == [(), ()]
    shown = asyncio.run(choose_passages(long, people, cast, Letters(), limit=60))
    for numbers in shown:
        assert numbers == tuple(sorted(set(numbers)))
        assert 0 < sum(len(long.passages[number].split()) for number in numbers) <= 90
    values = npc_writer(long).values(brief_for(long, people[0], cast[0], passages=shown[0]))
    assert "Well" not in values["lore"]
    assert long.passages[shown[0][0]] in values["passages"]


def test_seats_are_of_the_world_and_no_name_stands_twice() -> None:
    cast = seats([f"{text} number {n}" for n in range(20) for text in CAST])
    assert len({seat.name for seat in cast}) == 80
    for seat in cast:
        assert seat.race in {term.name for term in WORLD.races}
        work = next(term for term in WORLD.occupations if term.name == seat.occupation)
        assert seat.place in work.places
        assert seat.faction in work.factions
        assert seat.thing_place != seat.place
    most = max(sum(seat.occupation == term.name for seat in cast) for term in WORLD.occupations)
    assert most <= 20, "no trade has everybody"
    races = [sum(seat.race == term.name for seat in cast) for term in WORLD.races]
    assert races == [20, 20, 20, 20]


def test_a_cast_can_grow_without_changing_who_is_seated() -> None:
    assert seats(CAST)[:2] == seats(CAST[:2])
    assert seats([]) == []


def test_another_seed_seats_otherwise() -> None:
    assert [seat.name for seat in seats(CAST, 1)] != [seat.name for seat in seats(CAST, 2)]


@pytest.mark.parametrize(
    ("persona", "pronoun"),
    [
        ("a grandmother who teaches his sons", "she"),
        ("a retired judge who walks his dog", "he"),
        ("a young father with her old car", "he"),
    ],
)
def test_a_pronoun_follows_the_personas_own_words(persona: str, pronoun: str) -> None:
    assert seats([persona])[0].pronoun == pronoun


def test_a_world_without_things_and_factions_is_enough() -> None:
    bare = {
        "races": ["folk"],
        "occupations": ["miller"],
        "places": ["the Mill"],
        "names": [{"parts": [{"words": ["A"]}]}],
    }
    world = World.model_validate({"name": "dell", "title": "D", "language": "en", "summary": "S", "lore": "L", **bare})
    seat = seats(["a baker"], 1, world)[0]
    assert (seat.faction, seat.thing, seat.thing_place, seat.pronoun) == ("", "", "", "")
