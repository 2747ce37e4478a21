"""Two runs of the same cast in the same situations against two assistants, pair by pair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulator.errors import InputError
from simulator.evidence.outcomes import Rate
from simulator.evidence.proportions import Paired, mcnemar, paired_difference
from simulator.models.base import Record
from simulator.models.conversation import Conversation, Spent
from simulator.models.outcome import Outcome
from simulator.runs.ledger import Ledger

__all__ = ["Comparison", "Difference", "Flip", "Side", "compare", "incomparable"]

METHOD = "Newcombe's hybrid score interval for paired proportions (1998, method 10), 95 %"

_ALPHA = 0.05  # of the exact test, as the interval is of 95 %
_SECTIONS = ("language", "seed", "candidates")
_WHO = ("user", "judge", "tool_player")
"""Roles whose model and prompt must be the same on both sides."""


class Difference(Record):
    """The second pass rate less the first.

    Attributes:
        value: From -1 to 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        method: Of the interval.
        p: Of McNemar's exact test.
    """

    value: float
    low: float
    high: float
    method: str = METHOD
    p: float


class Flip(Record):
    """A pair that passed with one assistant and not with the other.

    Attributes:
        persona: Id.
        situation: Name.
        conversations: The two ids.
        passed: Which of them passed: ``a`` or ``b``.
        failed: Names and evidence of the checks that the other one did not pass.
    """

    persona: str
    situation: str | None
    conversations: tuple[str, str]
    passed: str
    failed: dict[str, str]


class Side(Record):
    """One of the two runs, over the pairs.

    Attributes:
        assistant: Who was tested.
        rate: Pass rate.
        turns: Mean number of turns of a conversation.
        spent: By the assistant and its tools.
        user: By the simulated user.
    """

    assistant: str
    rate: Rate
    turns: float
    spent: Spent
    user: Spent


class Comparison(Record):
    """What came of the comparison.

    Attributes:
        a: The first run.
        b: The second run.
        pairs: Conversations that both runs held and judged.
        unpaired: Conversations that only one run held, because the simulated user failed in the other.
        difference: B less A.
        situations: The pass rates of both, by situation.
        flips: Pairs that came out differently, those that got worse first.
    """

    a: Side
    b: Side
    pairs: int
    unpaired: int
    difference: Difference
    situations: dict[str, tuple[Rate, Rate]]
    flips: tuple[Flip, ...]

    @property
    def shown(self) -> bool:
        """Whether there is a difference by both measures: the interval leaves 0 out, and the exact test's p is low."""
        return not self.difference.low <= 0 <= self.difference.high and self.difference.p < _ALPHA


def incomparable(a: Ledger, b: Ledger, sections: tuple[dict[str, Any], dict[str, Any]]) -> list[str]:
    """Return why two runs cannot be compared; nothing when they can.

    Args:
        a: The first run.
        b: The second run.
        sections: Their sections ``conversations``.
    """
    reasons = [
        f"run {name} has no outcomes: its scenario names no 'assistant' and no 'checks', or it has not come so far"
        for name, ledger in (("A", a), ("B", b))
        if not _count(ledger, "SELECT COUNT(*) FROM products WHERE kind = 'outcome'")
    ]
    ours, theirs = a.meta("fingerprint") or {}, b.meta("fingerprint") or {}
    reasons += [f"{part} differs" for part in _SECTIONS if ours.get(part) != theirs.get(part)]
    for kind in ("models", "prompts", "data"):
        here, there = a.meta(kind), b.meta(kind)
        if here is None or there is None:  # a run of an older version does not say it
            continue
        reasons += [f"{kind}.{role} differs" for role in _WHO if here.get(role) != there.get(role)]
    differ = [key for key in {*sections[0], *sections[1]} if sections[0].get(key) != sections[1].get(key)]
    reasons += [f"conversations.{key} differs" for key in sorted(differ) if key not in ("assistant", "system")]
    one, other = _planned(a), _planned(b)
    if one != other:
        reasons.append(
            f"the casts or situations differ: {len(one - other)} of {len(one)} conversations of A have no "
            f"counterpart in B, {len(other - one)} of {len(other)} of B none in A"
        )
    return reasons


def compare(a: Ledger, b: Ledger) -> Comparison:
    """Compare two runs that :func:`incomparable` has nothing against.

    Raises:
        InputError: No conversation was held and judged in both.
    """
    ours, theirs = _by_pair(a), _by_pair(b)
    pairs = [(ours[key], theirs[key]) for key in ours if key in theirs]
    if not pairs:
        raise InputError("the two runs have no conversation that both held and judged")
    table = _table(pairs)
    found = paired_difference(table)
    return Comparison(
        a=_side(a, [one for one, _ in pairs]),
        b=_side(b, [other for _, other in pairs]),
        pairs=len(pairs),
        unpaired=len(ours.keys() ^ theirs.keys()),
        difference=Difference(value=found.value, low=found.low, high=found.high, p=mcnemar(table)),
        situations=_situations(pairs),
        flips=tuple(sorted(_flips(pairs), key=lambda flip: flip.passed)),
    )


def _count(ledger: Ledger, sql: str) -> int:
    return int(next(ledger.rows(sql))[0])


def _planned(ledger: Ledger) -> set[str]:
    """Return what tells the conversations of a run apart, held or failed, but for the assistant's part."""
    found = set()
    for (inputs,) in ledger.rows("SELECT inputs FROM units WHERE stage = 'converse'"):
        given = json.loads(inputs)
        found.add(json.dumps([given["persona"], given.get("opener"), given.get("situation"), given.get("behaviours")]))
    return found


def _by_pair(ledger: Ledger) -> dict[str, Outcome]:
    outcomes = (Outcome.model_validate(body) for body in ledger.products("outcome"))
    return {one.pair: one for one in outcomes}


def _table(pairs: list[tuple[Outcome, Outcome]]) -> Paired:
    counted = [(one.passed, other.passed) for one, other in pairs]
    return Paired(
        both=counted.count((True, True)),
        first=counted.count((True, False)),
        second=counted.count((False, True)),
        neither=counted.count((False, False)),
    )


def _side(ledger: Ledger, outcomes: list[Outcome]) -> Side:
    wanted = {one.conversation for one in outcomes}
    turns, assistant, user = 0, Spent(), Spent()
    for body in ledger.products("conversation"):
        if body["id"] not in wanted:
            continue
        talk = Conversation.model_validate(body)
        turns += len(talk.turns)
        for role, spent in talk.spent.items():
            if role in ("assistant", "tool_player"):
                assistant += spent
            elif role == "user":
                user += spent
    return Side(
        assistant=(ledger.meta("models") or {}).get("assistant", ""),
        rate=Rate.of(one.passed for one in outcomes),
        turns=turns / len(outcomes),
        spent=assistant,
        user=user,
    )


def _situations(pairs: list[tuple[Outcome, Outcome]]) -> dict[str, tuple[Rate, Rate]]:
    names = dict.fromkeys(one.situation or "" for one, _ in pairs)
    found = {}
    for name in names:
        there = [pair for pair in pairs if (pair[0].situation or "") == name]
        found[name] = (Rate.of(one.passed for one, _ in there), Rate.of(other.passed for _, other in there))
    return found


def _flips(pairs: list[tuple[Outcome, Outcome]]) -> Iterator[Flip]:
    for one, other in pairs:
        if one.passed != other.passed:
            failed = other if one.passed else one
            yield Flip(
                persona=one.persona,
                situation=one.situation,
                conversations=(one.conversation, other.conversation),
                passed="a" if one.passed else "b",
                failed={check.name: check.evidence for check in failed.checks if not check.passed},
            )
