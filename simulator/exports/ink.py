"""NPCs as one playable ink story: places to go to, people who greet, quests that are asked for, carried out and paid.

ink is inkle's language for branching dialogue; its compilers (inklecate, inkjs) turn the file into what game engines
load. Every quest is a variable: 0 not asked for, 1 asked for, 2 the thing is carried, 3 done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file
from simulator.models.npc import Npc
from simulator.models.world import World

__all__ = ["export_ink", "ink_story"]

_SPECIAL = re.compile(r"[\\{}\[\]|#~*+=<>/()-]")
_ELSEWHERE = "elsewhere"


def export_ink(folder: Path, npcs: Iterable[Npc], world: World | None = None) -> int:
    """Write the story of all NPCs to ``folder`` and return how many there are.

    Raises:
        ExportError: There are no NPCs, or the file cannot be written.
    """
    cast = list(npcs)
    if not cast:
        raise ExportError(f"nothing was written to {str(folder)!r}: there are no NPCs")
    with atomic_file(folder / "story.ink") as file:
        file.write(ink_story(cast, world).encode("utf-8"))
    return len(cast)


def ink_story(npcs: Sequence[Npc], world: World | None = None) -> str:
    """Return the story as ink source.

    Args:
        npcs: The cast; at least one.
        world: For what is said at the beginning and at each place.
    """
    places = list(dict.fromkeys(place for npc in npcs for place in _places(npc)))
    lines = [f"VAR {_quest(npc)} = 0" for npc in npcs if npc.quest]
    lines += ["-> start", "", "=== start ==="]
    lines += [_prose(world.summary)] if world else []
    lines += ["-> elsewhere", "", "=== elsewhere ==="]
    lines += [f"+ [{_text(place)}] -> {_knot(places, place)}" for place in places]
    lines += ["+ [The end] -> END"]
    for place in places:
        lines += ["", *_place(npcs, places, place, world)]
    for npc in npcs:
        lines += ["", *_person(npcs, places, npc)]
    return "\n".join(lines) + "\n"


def _place(npcs: Sequence[Npc], places: Sequence[str], place: str, world: World | None) -> Iterator[str]:
    knot = _knot(places, place)
    yield f"=== {knot} ==="
    yield _prose(f"{place}: {about}" if world and (about := world.about("places", place)) else place)
    for npc in npcs:
        for step in npc.steps:
            if step.action == "get" and step.place == place:
                yield f"+ {{{_quest(npc)} == 1}} [Take {_text(step.thing)}]"
                yield f"  ~ {_quest(npc)} = 2"
                yield f"  -> {knot}"
    for npc in npcs:
        if (npc.place or _ELSEWHERE) == place:
            yield f"+ [{_text(npc.name)}, {_text(npc.occupation)}] -> {_person_knot(npc)}"
    yield "+ [Go on] -> elsewhere"


def _person(npcs: Sequence[Npc], places: Sequence[str], npc: Npc) -> Iterator[str]:
    knot = _person_knot(npc)
    yield f"=== {knot} ==="
    yield _prose(npc.appearance or npc.name)
    yield _prose(f"“{npc.greeting}”" if npc.greeting else npc.name)
    yield "- (talk)"
    if npc.quest:
        yield f"+ {{{_quest(npc)} == 0}} [What do you need?]"
        yield f"  {_prose(npc.quest)}"
        yield f"  ~ {_quest(npc)} = 1"
        yield f"  -> {knot}.talk"
    for giver in npcs:
        if any(step.action == "bring" and step.to == npc.id for step in giver.steps):
            yield from _handing_over(giver, knot)
    for line in npc.lines:
        yield f"* [{_text(_shorter(line))}]"
        yield f"  {_prose(f'“{line}”')}"
        yield f"  -> {knot}.talk"
    yield f"+ [Goodbye] -> {_knot(places, npc.place or _ELSEWHERE)}"


def _handing_over(giver: Npc, knot: str) -> Iterator[str]:
    thing = next(step.thing for step in giver.steps if step.action == "bring")
    yield f"+ {{{_quest(giver)} == 2}} [Hand over {_text(thing)}]"
    yield f"  ~ {_quest(giver)} = 3"
    yield f"  {_prose(f'You get {giver.reward}.' if giver.reward else 'It is done.')}"
    yield f"  -> {knot}.talk"


def _places(npc: Npc) -> Iterator[str]:
    yield npc.place or _ELSEWHERE
    yield from (step.place for step in npc.steps)


def _knot(places: Sequence[str], place: str) -> str:
    return f"place_{places.index(place) + 1}"


def _person_knot(npc: Npc) -> str:
    return re.sub(r"\W", "_", f"npc_{npc.id}", flags=re.ASCII)


def _quest(npc: Npc) -> str:
    return re.sub(r"\W", "_", f"quest_{npc.id}", flags=re.ASCII)


def _shorter(line: str) -> str:
    words = line.split()
    return " ".join(words[:5]) + (" ..." if len(words) > 5 else "")


def _text(text: str) -> str:
    """Return ``text`` as ink content: one line in which nothing is ink's own."""
    return _SPECIAL.sub(lambda found: f"\\{found.group()}", " ".join(text.replace("\0", " ").split()))


def _prose(text: str) -> str:
    """Return a line of content. After an escaped space the words of ink's statements (``VAR``) are only words."""
    return f"\\ {_text(text)}"
