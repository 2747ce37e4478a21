"""Does the persona matter? How the users of the conversations kept to who they are, to their manner and to their goal.

Coherence is the cosine of all that a user said to their persona. It means nothing alone, because everybody in a run
speaks of similar things; so each user is also compared with another persona of the same run, drawn by the
conversation's id. The difference is what the persona did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, derive_seed
from simulator.models.conversation import Conversation, Goal
from simulator.runs.ledger import Ledger

__all__ = ["Adherence", "BehaviourRow", "TalkReport", "build_talk_report", "goal_state", "talk_lines"]

_AT_ONCE = 1024  # conversations embedded at once


class BehaviourRow(Record):
    """How often a behaviour was kept, of the verdicts that were given on it by rule or by the judge."""

    name: str
    by: str
    kept: int
    given: int


class Adherence(Record):
    """What users said, compared with their own persona and with a random other one; cosines, -1 to 1.

    Attributes:
        compared: Conversations.
        own: Mean cosine to the own persona. What two people said word for word (a script) does not count.
        other: Mean cosine to the other one.
        nearer: Share of users who are nearer to their own, 0 to 1; by chance it would be 0.5.
    """

    compared: int = Field(ge=1)
    own: float
    other: float
    nearer: float = Field(ge=0, le=1)


class TalkReport(Record):
    """What a run says of its conversations.

    Attributes:
        conversations: How many.
        turns: Turns in all of them.
        stops: Conversations by why they ended.
        labels: Kept turns by what the detectors found in them.
        goals: Conversations by what became of the goal: ``reached``, ``not reached``, ``only claimed``,
            ``not decided``; without those whose goal nobody can check.
        behaviours: How the behaviours were kept.
        adherence: Whether users are nearer to their own persona; ``None`` with fewer than two personas.
    """

    conversations: int
    turns: int
    stops: dict[str, int]
    labels: dict[str, int]
    goals: dict[str, int]
    behaviours: tuple[BehaviourRow, ...]
    adherence: Adherence | None = None


async def build_talk_report(ledger: Ledger, embedder: Embedder) -> TalkReport | None:
    """Return what the run says of its conversations, or ``None`` when it has none.

    Raises:
        EndpointError: A remote embedder failed.
    """
    tally, turns = {name: Counter[str]() for name in ("stops", "labels", "goals")}, 0
    kept, given = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    spoken: list[tuple[str, str, tuple[str, ...]]] = []
    for talk in map(Conversation.model_validate, ledger.products("conversation")):
        turns += len(talk.turns)
        tally["stops"][talk.stop] += 1
        tally["labels"].update(label.detector for turn in talk.turns for label in turn.labels)
        tally["goals"].update(_goal(talk))
        for verdict in talk.verdicts:
            if verdict.holds is not None:
                given[verdict.name, verdict.by] += 1
                kept[verdict.name, verdict.by] += verdict.holds
        said = tuple(turn.content for turn in talk.turns if turn.role == "user")
        if said:  # an assistant under test that failed at once leaves a talk without turns
            spoken.append((talk.id, talk.persona, said))
    if not spoken:
        return None
    rows = [BehaviourRow(name=key[0], by=key[1], kept=kept[key], given=given[key]) for key in sorted(given)]
    counted = {name: dict(counter.most_common()) for name, counter in tally.items()}
    adherence = await _adherence(spoken, dict(ledger.rows("SELECT id, text FROM personas")), embedder)
    return TalkReport(conversations=len(spoken), turns=turns, behaviours=tuple(rows), adherence=adherence, **counted)


def _goal(talk: Conversation) -> Iterator[str]:
    if talk.goal is not None:
        yield goal_state(talk.goal)


def goal_state(goal: Goal) -> str:
    """Return what became of a goal, in words."""
    if goal.holds is None:
        return "not decided"
    return "reached" if goal.holds else "only claimed" if goal.claimed else "not reached"


def _own_words(held: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[tuple[str, str, str]]:
    """Return what each user said, without turns that another persona said word for word too: those were given."""
    speakers: dict[str, str | None] = {}
    for _, persona, turns in held:
        for text in turns:
            speakers[text] = persona if speakers.get(text, persona) == persona else None
    own = ((talk, persona, " ".join(text for text in turns if speakers[text])) for talk, persona, turns in held)
    return [row for row in own if row[2].strip()]


async def _adherence(
    held: Sequence[tuple[str, str, tuple[str, ...]]], texts: dict[str, str], embedder: Embedder
) -> Adherence | None:
    spoken = _own_words(held)
    people = sorted({persona for _, persona, _ in spoken if persona in texts})
    if len(people) < 2:
        return None
    place = {id_: number for number, id_ in enumerate(people)}
    personas = await embedder.embed([texts[id_] for id_ in people])
    own, other = list[float](), list[float]()
    rows = [row for row in spoken if row[1] in place]
    for start in range(0, len(rows), _AT_ONCE):
        batch = rows[start : start + _AT_ONCE]
        said = await embedder.embed([text for _, _, text in batch])
        for (talk, persona, _), vector in zip(batch, said, strict=True):
            mine = place[persona]
            another = (mine + 1 + derive_seed(talk, "another") % (len(people) - 1)) % len(people)
            own.append(float(vector @ personas[mine]))
            other.append(float(vector @ personas[another]))
    nearer = sum(mine > theirs for mine, theirs in zip(own, other, strict=True)) / len(own)
    means = {"own": round(float(np.mean(own)), 4), "other": round(float(np.mean(other)), 4)}
    return Adherence(compared=len(own), nearer=round(nearer, 4), **means)


def talk_lines(report: TalkReport) -> Iterator[str]:
    """Yield the report as lines of Markdown."""
    yield f"{report.conversations:,} conversations, {report.turns:,} turns."
    for title, counted in (
        ("Why they ended", report.stops),
        ("Goals", report.goals),
        ("Found in turns that were kept", report.labels),
    ):
        if counted:
            yield ""
            yield f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in counted.items()) + "."
    if report.adherence is not None:
        found = report.adherence
        yield ""
        yield (
            f"What users said is at cosine {found.own:.3f} to their own persona and at {found.other:.3f} to a random "
            f"other one of the run (difference {found.own - found.other:+.3f}); {found.nearer:.0%} of "
            f"{found.compared:,} are nearer to their own, where chance is 50%."
        )
    if report.behaviours:
        yield ""
        yield "| behaviour | by | kept | of |"
        yield "|---|---|---:|---:|"
        yield from (f"| {row.name} | {row.by} | {row.kept:,} | {row.given:,} |" for row in report.behaviours)
