"""What a small model chooses from where it would otherwise invent: how an NPC is, speaks and is met, and what it says.

What is offered is settled for the whole cast, so that neighbours in it do not share their habits while others are left,
and so that it fits the persona and the trade (by embedding). The model chooses among it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import combinations
from math import prod

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.models.base import derive_seed
from simulator.models.manners import Manners, Register
from simulator.models.strict_yaml import read_yaml
from simulator.models.world import World
from simulator.prompts.variables import fill, names_in
from simulator.roles.checks import sentence, shared_run, word_pattern
from simulator.roles.fair_share import FairShare
from simulator.roles.npc_seat import Seat

__all__ = ["CHOSEN", "LINE_BREAK", "manners_of", "offers_for"]

CHOSEN = ("personality", "background", "quest", "greeting", "voice", "meeting", "lines")
"""What is offered."""

LINE_BREAK = "\n"
"""Stands between two lines that are offered together."""

_PARTS = {
    "habit": ("habits", 4),
    "strength": ("strengths", 3),
    "weakness": ("weaknesses", 2),
    "past": ("pasts", 4),
    "reason": ("reasons", 4),
    "occasion": ("occasions", 2),
    "doing": ("doings", 3),
    "opening": ("openings", 2),
}
"""Where a part comes from, and how many of it one NPC is offered."""

_LANGUAGE = "en"  # of the built-in parts
_MOST = 6  # that a small model is offered of one thing
_LINES = 2  # that one NPC says
_GREETINGS = 2  # that one NPC is offered
_RUN = 3  # words in a row that two lines do not share

Offers = dict[str, tuple[str, ...]]


def manners_of(world: World) -> Manners:
    """Return the parts for NPCs of ``world``: its own, and built-in ones in its language, without what it forbids."""
    given = world.manners or Manners()
    whole = given.over(_built_in()) if world.language == _LANGUAGE else given
    if not world.forbidden:
        return whole
    absent = word_pattern(world.forbidden)
    lists = {name: tuple(one for one in getattr(whole, name) if not absent.search(one)) for name, _ in _PARTS.values()}
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


@cache
def _built_in() -> Manners:
    text = (resources.files("simulator.prompts") / "manners.yaml").read_text(encoding="utf-8")
    return Manners.model_validate(read_yaml(text))


async def offers_for(
    world: World,
    personas: Sequence[str],
    seats: Sequence[Seat],
    seed: int,
    embedder: Embedder,
    goals: Sequence[str] = (),
) -> list[Offers]:
    """Return for each persona what may be said of it, by field; a field that the world has no parts for is absent.

    Args:
        world: Its manners, or the built-in ones.
        personas: Texts of the cast.
        seats: Theirs, in the same order.
        seed: Of the scenario.
        embedder: For the likeness of personas and trades to the parts.
        goals: Where each one's quest ends; without, where the NPC is.

    Raises:
        EndpointError: A remote embedder failed.
    """
    if not personas:
        return []
    parts = manners_of(world)
    trades = [f"{seat.occupation}, {world.about('occupations', seat.occupation)}" for seat in seats]
    people = await embedder.embed([f"{text} {trade}" for text, trade in zip(personas, trades, strict=True)])
    registers = await _share(people, [f"{one.name}, {one.like}" for one in parts.registers], embedder)
    shares = {part: await _share(people, getattr(parts, name), embedder) for part, (name, _) in _PARTS.items()}
    offers = []
    for row, seat in enumerate(seats):
        chosen = {
            part: [getattr(parts, name)[one] for one in shares[part].several(row, most)]
            for part, (name, most) in _PARTS.items()
        }
        register = next((parts.registers[one] for one in registers.several(row, 1)), None)
        says, goal = register.says if register else "", goals[row] if goals else seat.place
        known = {**_known(world, seat), "says": says, "goal": goal}
        quests = [line for line in parts.quests if _able(line, known, "reason")]
        made = {
            "personality": _told(parts.personality, known, chosen, "strength", "weakness"),
            "background": _told(parts.background, known, chosen, "past") if known["work"] else (),
            "voice": _told(parts.voice, known, chosen, "habit") if register else (),
            "meeting": _told(parts.meeting, known, chosen, "occasion", "doing", "opening"),
            "quest": _told(quests[row % len(quests)], known, chosen, "reason") if quests else (),
            "greeting": _greetings(register, known, derive_seed(seed, "greeting", row)) if register else (),
            "lines": _lines(register, known, derive_seed(seed, "lines", row)) if register else (),
        }
        offers.append({field: texts for field, texts in made.items() if texts})
    return offers


async def _share(people: Vectors, texts: Sequence[str], embedder: Embedder) -> FairShare:
    if not texts:
        return FairShare(people[:, :0])
    return FairShare(people @ (await embedder.embed(list(texts))).T)


def _told(template: str, known: Mapping[str, str], chosen: Mapping[str, Sequence[str]], *parts: str) -> tuple[str, ...]:
    """Return the template with the chosen parts in place, each of them in one text at least."""
    lists = [chosen[part] for part in parts]
    if not template or not all(lists):
        return ()
    count = min(_MOST, prod(map(len, lists)))
    # The lists have two, three or four parts: turning them at the same time meets all pairs of the first six.
    rows = [{part: one[number % len(one)] for part, one in zip(parts, lists, strict=True)} for number in range(count)]
    return tuple(dict.fromkeys(fill(template, {**known, **row}) for row in rows))


def _lines(register: Register, known: Mapping[str, str], seed: int) -> tuple[str, ...]:
    """Return pairs of lines of a register, those whose variables the NPC has values for."""
    pairs = sorted(combinations(_said(register.lines, known), _LINES), key=lambda pair: derive_seed(seed, *pair))
    apart = [pair for pair in pairs if not shared_run(pair[0], pair[1:], _RUN)]
    return tuple(LINE_BREAK.join(pair) for pair in apart[:_MOST])


def _greetings(register: Register, known: Mapping[str, str], seed: int) -> tuple[str, ...]:
    """Return some greetings of a register; others are left for those who speak alike."""
    said = sorted(_said(register.greetings, known), key=lambda text: derive_seed(seed, text))
    return tuple(said[:_GREETINGS])


def _said(lines: Sequence[str], known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sentence(fill(line, known)) for line in lines if _able(line, known))


def _able(line: str, known: Mapping[str, str], *parts: str) -> bool:
    """Return whether there is a value for each of a line's variables."""
    return all(known.get(name) for name in names_in(line) - set(parts))


def _known(world: World, seat: Seat) -> dict[str, str]:
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
    }
