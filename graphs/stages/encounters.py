"""Who meets which situation in which manner: the conversations of a run, before anybody speaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphs.context import ProductionContext
from graphs.stages.cast import cast_personas
from simulator.models.base import derive_seed
from simulator.models.instruction import Instruction
from simulator.models.situation import Behaviour, Situation
from simulator.scenario.conversations import Conversations
from simulator.scenario.transcripts import Transcript

__all__ = ["Encounter", "Opening", "cross", "encounters", "manners"]


@dataclass(frozen=True)
class Opening:
    """A persona (its id) who begins a conversation, with an instruction or by itself, or who goes on with a talk."""

    persona: str
    instruction: Instruction | None = None
    transcript: Transcript | None = None


@dataclass(frozen=True)
class Encounter:
    """A conversation that is to be held."""

    opening: Opening
    situation: Situation
    behaviours: tuple[Behaviour, ...] = ()


def encounters(context: ProductionContext, section: Conversations) -> Iterator[Encounter]:
    """Return the conversations of the run, in order."""
    situations = section.situations or (Situation(about=section.situation or ""),)
    ids = context.ledger.meta("cast") or []
    tempers = manners(section, ids, derive_seed(context.scenario.seed, "profiles"))
    for opening, situation in cross(_openings(context, section), situations, section):
        yield Encounter(opening, situation, tempers.get(opening.persona, ()))


def _openings(context: ProductionContext, section: Conversations) -> list[Opening]:
    if section.posed and context.scenario.instructions is not None:
        posed = (Instruction.model_validate(body) for body in context.ledger.products("instruction"))
        return [Opening(one.persona, one) for one in posed]
    people = [persona.id for persona in cast_personas(context)]
    before = [Transcript.model_validate(body) for _, body in context.ledger.inputs("transcript")]
    if section.transcripts is not None:
        return [Opening(people[place % len(people)], transcript=one) for place, one in enumerate(before)]
    return [Opening(id_) for id_ in people]


def cross(
    openings: Sequence[Opening], situations: Sequence[Situation], section: Conversations
) -> Iterator[tuple[Opening, Situation]]:
    """Return each opening with each situation, within the caps of ``section``.

    In the first round every opening meets one situation, dealt in turn, in the second the next one, and so on: so
    however few there are, they are spread over personas and situations alike.
    """
    met: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for turn in range(len(situations)):
        for place, opening in enumerate(openings):
            situation = situations[(place + turn) % len(situations)]
            if section.per_persona is not None and held[opening.persona] >= section.per_persona:
                continue
            if section.per_situation is not None and met[situation.name] >= section.per_situation:
                continue
            if section.count is not None and held.total() >= section.count:
                return
            held[opening.persona] += 1
            met[situation.name] += 1
            yield opening, situation


def manners(section: Conversations, cast: Sequence[str], seed: int) -> dict[str, tuple[Behaviour, ...]]:
    """Return the behaviours of each member of the cast that has any: the stated shares of it, drawn by ``seed``.

    The shares are met as nearly as whole people can (largest remainder); who is in which is a shuffle.

    Args:
        section: Names the profiles.
        cast: Ids.
        seed: Of the shuffle.
    """
    shuffled = list(cast)
    random.Random(seed).shuffle(shuffled)
    places = _apportioned([profile.share for profile in section.profiles], len(shuffled))
    drawn = iter(shuffled)
    return {
        id_: section.manner(profile)
        for profile, count in zip(section.profiles, places, strict=True)
        for _, id_ in zip(range(count), drawn, strict=False)
    }


def _apportioned(shares: Sequence[float], people: int) -> list[int]:
    """Return how many of ``people`` each share gets; what the shares leave over is a share of its own."""
    exact = [share * people for share in (*shares, max(0.0, 1 - sum(shares)))]
    counts = [int(value + 1e-9) for value in exact]
    order = sorted(range(len(exact)), key=lambda place: (counts[place] - exact[place], place))
    for place in order[: people - sum(counts)]:
        counts[place] += 1
    return counts[: len(shares)]
