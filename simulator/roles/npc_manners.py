"""What a small model chooses from where it would otherwise invent: how an NPC is, speaks and is met, and what it says.

What is offered is settled for the whole cast, so that neighbours in it do not share their habits while others are left,
and so that it fits the persona and the trade (by embedding). The model chooses among it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import prod

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.models.base import derive_seed
from simulator.models.manners import Manners, Register
from simulator.models.strict_yaml import read_yaml
from simulator.models.world import World
from simulator.prompts.data_file import DataFile
from simulator.prompts.variables import fill, names_in
from simulator.roles.checks import sentence, shared_run, word_pattern
from simulator.roles.fair_share import FairShare
from simulator.roles.npc_seat import Seat

__all__ = ["BUILT_IN", "CHOSEN", "LINE_BREAK", "Circumstance", "has_built_in", "manners_of", "offers_for"]

BUILT_IN = DataFile("simulator.prompts", "manners.yaml")

CHOSEN = ("personality", "background", "quest", "greeting", "tie_line", "voice", "meeting", "lines")
"""What is offered."""

LINE_BREAK = "\n"
"""Stands between two lines that are offered together."""

_PARTS = {
    "habit": ("habits", 4),
    "strength": ("strengths", 3),
    "weakness": ("weaknesses", 2),
    "past": ("pasts", 4),
    "reason": ("reasons", 4),
    "tie": ("ties", 3),
    "occasion": ("occasions", 2),
    "doing": ("doings", 3),
    "opening": ("openings", 2),
}
"""Where a part comes from, and how many of it one NPC is offered."""

_LANGUAGE = "en"  # of the built-in parts
_MOST = 6  # that a small model is offered of one thing
_LINES = 2  # that one NPC says
_GREETINGS = 2  # that one NPC is offered
_CHOSEN_FROM = 3  # lines of which one NPC is offered pairs
_RUN = 3  # words in a row that two lines do not share

Offers = dict[str, tuple[str, ...]]
Chosen = Mapping[str, Sequence[str]]


def manners_of(world: World) -> Manners:
    """Return the parts for NPCs of ``world``: its own, and built-in ones in its language, without what it forbids."""
    given = world.manners or Manners()
    whole = given.over(_built_in()) if has_built_in(world) else given
    if not world.forbidden:
        return whole
    absent = word_pattern(world.forbidden)
    names = (*(name for name, _ in _PARTS.values()), "replies")
    lists = {name: tuple(one for one in getattr(whole, name) if not absent.search(one)) for name in names}
    registers = tuple(
        one.model_copy(
            update={
                name: tuple(line for line in getattr(one, name) if not absent.search(line))
                for name in ("greetings", "lines")
            }
        )
        for one in whole.registers
    )
    return whole.model_copy(update={**lists, "registers": registers})


def has_built_in(world: World) -> bool:
    """Return whether there are built-in parts in the language of ``world``."""
    return world.language == _LANGUAGE


@cache
def _built_in() -> Manners:
    return Manners.model_validate(read_yaml(BUILT_IN.text))


@dataclass(frozen=True)
class Circumstance:
    """What an NPC's acquaintances make of its texts.

    Attributes:
        goal: Where its quest ends; empty: where it is.
        errand: Whether that is for an acquaintance.
        relation: What its first acquaintance is to it, as a sentence begins (*Ila is my younger sister*).
    """

    goal: str = ""
    errand: bool = False
    relation: str = ""


async def offers_for(
    world: World,
    personas: Sequence[str],
    seats: Sequence[Seat],
    seed: int,
    embedder: Embedder,
    known: Sequence[Circumstance] = (),
) -> list[Offers]:
    """Return for each persona what may be said of it, by field; a field that the world has no parts for is absent.

    Args:
        world: Its manners, or the built-in ones.
        personas: Texts of the cast.
        seats: Theirs, in the same order.
        seed: Of the scenario.
        embedder: For the likeness of personas, trades and things to the parts.
        known: Theirs, in the same order; without, nobody knows anybody.

    Raises:
        EndpointError: A remote embedder failed.
    """
    if not personas:
        return []
    parts = manners_of(world)
    people = await embedder.embed([_who(world, text, seat) for text, seat in zip(personas, seats, strict=True)])
    wants = await embedder.embed([_want(world, text, seat) for text, seat in zip(personas, seats, strict=True)])
    registers = await _share(people, [f"{one.name}, {one.like}" for one in parts.registers], embedder)
    shares = {
        part: await _share(wants if part == "reason" else people, getattr(parts, name), embedder)
        for part, (name, _) in _PARTS.items()
    }
    offers, turns = [], Counter[str]()
    for row, seat in enumerate(seats):
        chosen = {
            part: [getattr(parts, name)[one] for one in shares[part].several(row, most, even=True)]
            for part, (name, most) in _PARTS.items()
        }
        register = next((parts.registers[one] for one in registers.several(row, 1)), None)
        circumstance = known[row] if known else Circumstance()
        values = {**_values(world, seat, circumstance), "says": register.says if register else ""}
        made = {**_of_parts(parts, values, chosen, circumstance, row), **_of_register(register, values, turns, seed)}
        offers.append({field: texts for field, texts in made.items() if texts})
    return offers


def _who(world: World, text: str, seat: Seat) -> str:
    return f"{text} {seat.occupation}, {world.about('occupations', seat.occupation)}"


def _want(world: World, text: str, seat: Seat) -> str:
    return f"{seat.thing}, {world.about('things', seat.thing)}. {text}"


def _of_parts(
    parts: Manners, values: Mapping[str, str], chosen: Chosen, circumstance: Circumstance, row: int
) -> Offers:
    quests = [line for line in parts.quests if _able(line, values, "reason")]
    return {
        "personality": _told(parts.personality, values, chosen, "strength", "weakness"),
        "background": _told(parts.background, values, chosen, "past") if values["work"] else (),
        "voice": _told(parts.voice, values, chosen, "habit") if values["says"] else (),
        "meeting": _told(parts.meeting, values, chosen, "occasion", "doing", "opening"),
        "tie_line": _told(parts.tie, values, chosen, "tie") if values["relation"] else (),
        "quest": _said(parts.errands, values)
        if circumstance.errand
        else _told(quests[row % len(quests)], values, chosen, "reason")
        if quests
        else (),
    }


def _of_register(register: Register | None, values: Mapping[str, str], turns: Counter[str], seed: int) -> Offers:
    """Return greetings and pairs of lines of a way of speaking: others for each one who speaks so, while there are."""
    if register is None:
        return {}
    turn, turns[register.name] = turns[register.name], turns[register.name] + 1
    greetings = sorted(register.greetings, key=lambda line: derive_seed(seed, "greeting", line))
    lines = sorted(register.lines, key=lambda line: derive_seed(seed, "line", line))
    mine = _window(_said(lines, values), turn, _CHOSEN_FROM)
    apart = [pair for pair in combinations(mine, _LINES) if not shared_run(pair[0], pair[1:], _RUN)]
    return {
        "greeting": _window(_said(greetings, values), turn, _GREETINGS),
        "lines": tuple(LINE_BREAK.join(pair) for pair in apart),
    }


def _window(texts: Sequence[str], turn: int, count: int) -> tuple[str, ...]:
    return tuple(texts[(turn * count + place) % len(texts)] for place in range(min(count, len(texts))))


async def _share(people: Vectors, texts: Sequence[str], embedder: Embedder) -> FairShare:
    if not texts:
        return FairShare(people[:, :0])
    return FairShare(people @ (await embedder.embed(list(texts))).T)


def _told(template: str, known: Mapping[str, str], chosen: Chosen, *parts: str) -> tuple[str, ...]:
    """Return the template with the chosen parts in place, each of them in one text at least."""
    lists = [chosen[part] for part in parts]
    if not template or not all(lists):
        return ()
    count = min(_MOST, prod(map(len, lists)))
    # The lists have two, three or four parts: turning them at the same time meets all pairs of the first six.
    rows = [{part: one[number % len(one)] for part, one in zip(parts, lists, strict=True)} for number in range(count)]
    return tuple(dict.fromkeys(fill(template, {**known, **row}) for row in rows))


def _said(lines: Sequence[str], known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sentence(fill(line, known)) for line in lines if _able(line, known))


def _able(line: str, known: Mapping[str, str], *parts: str) -> bool:
    """Return whether there is a value for each of a line's variables."""
    return all(known.get(name) for name in names_in(line) - set(parts))


def _values(world: World, seat: Seat, circumstance: Circumstance) -> dict[str, str]:
    vowel = seat.occupation[:1].lower() in "aeiou"
    return {
        "first": seat.name.split(" ", 1)[0],
        "title": world.title,
        "place": seat.place,
        "occupation": seat.occupation,
        "work": world.about("occupations", seat.occupation),
        "an_occupation": f"an {seat.occupation}" if vowel else f"a {seat.occupation}",
        "thing": seat.thing,
        "thing_place": seat.thing_place,
        "use": world.about("things", seat.thing),
        "faction": seat.faction,
        "goal": circumstance.goal or seat.place,
        "relation": circumstance.relation,
    }
