"""Seats: who a persona is in a world before anything is written. Name, race, work, place and what their quest is about.

The seats of a cast are a whole: no name twice, no trade that everybody has. So they are not left to a model that sees
one persona at a time. A persona's trade is the one whose real-world likeness is nearest to it, with a malus for trades
that are taken already; the rest follows from the world's own order and the seed. A seat depends on the earlier members
of the cast and not on the later ones, so a cast can grow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, content_hash, derive_seed, normalise_text
from simulator.models.naming import name_at
from simulator.models.npc import FieldValue
from simulator.models.world import NameCustom, Term, World
from simulator.population.tokens import word_grams, word_list
from simulator.roles.fair_share import FairShare

__all__ = ["Seat", "seat_cast"]

_SHE = word_grams("she her hers herself woman mother grandmother daughter wife widow sister girl aunt actress")
_HE = word_grams("he his him himself man father grandfather son husband widower brother boy uncle")
_WHO = re.compile(r"[,;.]|\bwho\b|\bwith\b")


class Seat(Record):
    """What is settled about an NPC before it is written. An empty value is left to the writer."""

    name: str
    race: str
    occupation: str
    faction: str = ""
    place: str
    thing: str = ""
    thing_place: str = ""
    pronoun: str = ""
    reward: str = ""
    fields: dict[str, FieldValue] = Field(default_factory=dict)


async def seat_cast(world: World, personas: Sequence[str], seed: int, embedder: Embedder) -> list[Seat]:
    """Return a seat for each persona, in order.

    Args:
        world: Its enumerations and naming customs.
        personas: Texts of the cast, in the cast's order.
        seed: Of the scenario.
        embedder: For the likeness of personas to trades and things.

    Raises:
        InputError: The world has fewer names than the cast has people.
        EndpointError: A remote embedder failed.
    """
    if not personas:
        return []
    texts = [normalise_text(persona) for persona in personas]
    people = await embedder.embed(texts)
    works, things = world.occupations, world.things
    trade = FairShare(people @ (await embedder.embed([_likeness(term) for term in works])).T)
    chosen = [works[trade.take(ordinal, [True] * len(works))] for ordinal in range(len(texts))]
    wish = await _wishes(things, texts, chosen, embedder) if things else None
    seats, named = [], Counter[NameCustom]()
    for ordinal, (text, work) in enumerate(zip(texts, chosen, strict=True)):
        place = _turn(work.places or tuple(term.name for term in world.places), seed, "place", work.name, ordinal)
        race, pronoun = _race(world, seed, ordinal), _pronoun(world, text, seed, ordinal)
        custom = world.custom(race, pronoun)
        named[custom] += 1
        thing = things[wish.take(ordinal, [place not in term.places for term in things])] if wish else None
        seats.append(
            Seat(
                name=name_at(world, race, seed, named[custom] - 1, pronoun),
                race=race,
                occupation=work.name,
                faction=_turn(work.factions or tuple(t.name for t in world.factions), seed, "faction", text, ordinal),
                place=place,
                thing=thing.name if thing else "",
                thing_place=_turn(thing.places, seed, "thing", thing.name, ordinal) if thing else "",
                pronoun=pronoun,
                reward=_turn(world.rewards, seed, "reward", ordinal),
                fields=_drawn(world, seed, ordinal),
            )
        )
    return seats


async def _wishes(things: Sequence[Term], texts: Sequence[str], works: Sequence[Term], embedder: Embedder) -> FairShare:
    """Return the choice of what each one's quest is about: near to the trade here and to the person there."""
    wants = [f"{work.name}, {work.about}. {text}" for text, work in zip(texts, works, strict=True)]
    goods = await embedder.embed([f"{term.name}, {term.about}, {term.like}" for term in things])
    return FairShare((await embedder.embed(wants)) @ goods.T)


def _likeness(term: Term) -> str:
    return f"{term.name}, {term.like or term.about}"


def _race(world: World, seed: int, ordinal: int) -> str:
    """Return the races in turn, in a new order each time round."""
    turn, position = divmod(ordinal, len(world.races))
    order = sorted((term.name for term in world.races), key=lambda name: content_hash("race", seed, turn, name))
    return order[position]


def _drawn(world: World, seed: int, ordinal: int) -> dict[str, FieldValue]:
    """Return values of the designer's fields, for a writer that is not asked for them."""
    drawn = {field.name: field.draw(derive_seed(seed, "field", field.name, ordinal)) for field in world.fields}
    return {name: value for name, value in drawn.items() if value is not None}


def _turn(names: Sequence[str], *parts: object) -> str:
    return names[derive_seed(*parts) % len(names)] if names else ""


def _pronoun(world: World, text: str, seed: int, ordinal: int) -> str:
    """Return the pronoun that the persona's own words call for, or one in turn."""
    said = set(word_list(_WHO.split(text, maxsplit=1)[0])), set(word_list(text))
    for words in said:
        she, he = bool(words & _SHE), bool(words & _HE)
        if she != he and (wanted := "she" if she else "he") in world.pronouns:
            return wanted
    return _turn(world.pronouns, seed, "pronoun", ordinal)
