"""Who meets which situation in which manner: the conversations of a run, before anybody speaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphs.context import ProductionContext
from graphs.plan import kept_plan, planned
from graphs.stages.cast import cast_personas
from simulator.models.base import derive_seed
from simulator.models.instruction import Instruction
from simulator.models.situation import Behaviour, Situation
from simulator.scenario.conversations import Conversations
from simulator.scenario.transcripts import Transcript

__all__ = ["Encounter", "Opening", "cross", "encounters", "manners"]

STAGE = "converse"


@dataclass(frozen=True)
class Opening:
    """A persona (its id) who begins a conversation, with an instruction or by itself, or who goes on with a talk."""

    persona: str
    instruction: Instruction | None = None
    transcript: Transcript | None = None

    @property
    def key(self) -> str:
        """What it is planned by: the id of what it opens with, or of the persona."""
        given = self.instruction or self.transcript
        return given.id if given is not None else self.persona


@dataclass(frozen=True)
class Encounter:
    """A conversation that is to be held."""

    opening: Opening
    situation: Situation
    behaviours: tuple[Behaviour, ...] = ()


def encounters(context: ProductionContext, section: Conversations) -> Iterator[Encounter]:
    """Return the conversations of the run, in order.

    Who has which manner and who meets what stays as it was planned first: people who come late get what is left.
    """
    situations = section.situations or (Situation(about=section.situation or ""),)
    tempers = _tempers(context, section)
    pairs = list(cross(_openings(context, section), situations, section, kept_plan(context.ledger, STAGE)))
    planned(context.ledger, STAGE, {_meeting(opening, place): None for opening, place in pairs})
    for opening, place in pairs:
        yield Encounter(opening, situations[place], tempers.get(opening.persona, ()))


def _tempers(context: ProductionContext, section: Conversations) -> dict[str, tuple[Behaviour, ...]]:
    cast = context.ledger.meta("cast") or []
    plan = kept_plan(context.ledger, STAGE)
    kept = {id_: plan[f"manner {id_}"] for id_ in cast if f"manner {id_}" in plan}
    drawn = manners(section, cast, derive_seed(context.scenario.seed, "profiles"), kept)
    planned(context.ledger, STAGE, {f"manner {id_}": drawn.get(id_) for id_ in cast})
    return {id_: section.manner(section.profiles[place]) for id_, place in drawn.items()}


def _openings(context: ProductionContext, section: Conversations) -> list[Opening]:
    if section.posed and context.scenario.instructions is not None:
        posed = (Instruction.model_validate(body) for body in context.ledger.products("instruction"))
        return [Opening(one.persona, one) for one in posed]
    people = [persona.id for persona in cast_personas(context)]
    before = [Transcript.model_validate(body) for _, body in context.ledger.inputs("transcript")]
    if section.transcripts is not None:
        dealt = {f"transcript {one.id}": people[place % len(people)] for place, one in enumerate(before)}
        who = planned(context.ledger, STAGE, dealt)
        return [Opening(who[f"transcript {one.id}"], transcript=one) for one in before]
    return [Opening(id_) for id_ in people]


def cross(
    openings: Sequence[Opening],
    situations: Sequence[Situation],
    section: Conversations,
    kept: Collection[str] = (),
) -> Iterator[tuple[Opening, int]]:
    """Return each opening with the place of each situation, within the caps of ``section``.

    In the first round every opening meets one situation, dealt in turn, in the second the next one, and so on: so
    however few there are, they are spread over personas and situations alike. Meetings of ``kept`` were planned
    before: they stay, and count before any new one.
    """
    count = len(situations)
    every = [(opening, (place + turn) % count) for turn in range(count) for place, opening in enumerate(openings)]
    stay = [_meeting(*one) in kept for one in every] if kept else [False] * len(every)
    before = [one for one, stays in zip(every, stay, strict=True) if stays]
    held = Counter(opening.persona for opening, _ in before)
    met = Counter(place for _, place in before)
    for (opening, place), stays in zip(every, stay, strict=True):
        if not stays:
            if section.count is not None and held.total() >= section.count:
                continue
            if section.per_persona is not None and held[opening.persona] >= section.per_persona:
                continue
            if section.per_situation is not None and met[place] >= section.per_situation:
                continue
            held[opening.persona] += 1
            met[place] += 1
        yield opening, place


def _meeting(opening: Opening, situation: int) -> str:
    return f"meeting {opening.key} {situation}"


def manners(
    section: Conversations, cast: Sequence[str], seed: int, kept: Mapping[str, int | None] | None = None
) -> dict[str, int]:
    """Return the place of the profile of each member of the cast that has one: the stated shares, drawn by ``seed``.

    The shares are met as nearly as whole people can (largest remainder); who is in which is a shuffle. Whoever is in
    ``kept`` keeps what that says, and the others fill the places that are left.

    Args:
        section: Names the profiles.
        cast: Ids.
        seed: Of the shuffle.
        kept: Places of profiles by id, from an earlier drawing; ``None`` for somebody without a profile.
    """
    known = kept or {}
    shuffled = list(cast)
    random.Random(seed).shuffle(shuffled)
    places = _apportioned([profile.share for profile in section.profiles], len(shuffled))
    taken = Counter(known[id_] for id_ in cast if id_ in known)
    drawn = iter([id_ for id_ in shuffled if id_ not in known])
    new = {
        id_: place
        for place, count in enumerate(places)
        for _, id_ in zip(range(count - taken[place]), drawn, strict=False)
    }
    return {id_: place for id_ in cast if (place := known.get(id_, new.get(id_))) is not None}


def _apportioned(shares: Sequence[float], people: int) -> list[int]:
    """Return how many of ``people`` each share gets; what the shares leave over is a share of its own."""
    exact = [share * people for share in (*shares, max(0.0, 1 - sum(shares)))]
    counts = [int(value + 1e-9) for value in exact]
    order = sorted(range(len(exact)), key=lambda place: (counts[place] - exact[place], place))
    for place in order[: people - sum(counts)]:
        counts[place] += 1
    return counts[: len(shares)]
