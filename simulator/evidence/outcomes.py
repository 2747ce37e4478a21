"""What a test came to: pass rates, by check and by situation, and each conversation that did not pass."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from simulator.evidence.causes import Cause, Whose, causes_of, whose_text
from simulator.evidence.proportions import wilson
from simulator.models.base import Record
from simulator.models.conversation import Conversation
from simulator.models.outcome import Outcome
from simulator.models.situation import Situation
from simulator.runs.ledger import Ledger

__all__ = ["Rate", "TestSummary", "outcome_lines", "summarise"]


_TALKS = "FROM products WHERE kind = 'conversation'"


class Rate(Record):
    """A pass rate: the share, and Wilson's 95 % interval."""

    passed: int
    total: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Rate:
        """Return the rate of ``outcomes``; of none it is 0, and anything is possible."""
        known = list(outcomes)
        if not known:
            return cls(passed=0, total=0, rate=0.0, low=0.0, high=1.0)
        found = wilson(sum(known), len(known))
        return cls(passed=sum(known), total=len(known), rate=found.value, low=found.low, high=found.high)


class TestSummary(Record):
    """A test of an assistant.

    Attributes:
        assistant: Who was tested.
        overall: Of all conversations that were judged.
        situations: By situation.
        checks: By check.
        faults: How often the assistant failed, by cause.
        stops: Why the conversations ended.
        broken: Checks that failed themselves.
        lost: Conversations that the simulated user could not hold; they say nothing about the assistant.
        turns: Mean number of turns.
        causes: Why conversations did not pass, and whose doing it was; the most frequent first.
    """

    __test__ = False  # for pytest: not a test

    assistant: str
    overall: Rate
    situations: dict[str, Rate]
    checks: dict[str, Rate]
    faults: dict[str, int]
    stops: dict[str, int]
    broken: int
    lost: int
    turns: float
    causes: tuple[Cause, ...] = ()

    def failed(self, *whose: Whose) -> int:
        """Return how many conversations did not pass by ``whose`` doing."""
        return sum(len(cause.conversations) for cause in self.causes if cause.whose in whose)


def summarise(ledger: Ledger) -> TestSummary:
    """Return what the test in ``ledger`` came to; forks of conversations do not count."""
    forks = {id_ for (id_,) in ledger.rows(f"SELECT id {_TALKS} AND json_extract(body, '$.forked') IS NOT NULL")}
    found = (Outcome.model_validate(body) for body in ledger.products("outcome"))
    outcomes = [one for one in found if one.conversation not in forks]
    talks = list(
        ledger.rows(
            "SELECT json_extract(body, '$.stop'), json_extract(body, '$.fault'), json_array_length(body, '$.turns')"
            f" {_TALKS} AND json_extract(body, '$.forked') IS NULL ORDER BY seq"
        )
    )
    (lost,) = next(ledger.rows("SELECT COUNT(*) FROM failures WHERE stage = 'converse'"))
    names = dict.fromkeys(one.situation or "" for one in outcomes)
    checks = dict.fromkeys(check.name for one in outcomes for check in one.checks)
    return TestSummary(
        assistant=(ledger.meta("models") or {}).get("assistant", ""),
        overall=Rate.of(one.passed for one in outcomes),
        situations={name: Rate.of(one.passed for one in outcomes if (one.situation or "") == name) for name in names},
        checks={name: Rate.of(c.passed for one in outcomes for c in one.checks if c.name == name) for name in checks},
        faults=dict(Counter(fault for _, fault, _ in talks if fault).most_common()),
        stops=dict(Counter(stop for stop, _, _ in talks).most_common()),
        broken=sum(check.broken for one in outcomes for check in one.checks),
        lost=int(lost),
        turns=sum(turns for _, _, turns in talks) / len(talks) if talks else 0.0,
        causes=causes_of(_held(ledger, {one.conversation: one for one in outcomes if not one.passed})),
    )


def _held(ledger: Ledger, failed: Mapping[str, Outcome]) -> Iterator[tuple[Outcome, Conversation, Situation]]:
    """Yield the outcomes in ``failed`` with their conversations and situations, in the order of the run."""
    sql = "SELECT p.id, p.body, u.inputs FROM products p JOIN units u ON u.id = p.unit WHERE p.kind = 'conversation'"
    for id_, body, inputs in ledger.rows(f"{sql} ORDER BY p.seq"):
        if id_ in failed:
            situation = Situation.model_validate(Situation.of(json.loads(inputs).get("situation") or {}))
            yield failed[id_], Conversation.model_validate_json(body), situation


def outcome_lines(summary: TestSummary) -> Iterator[str]:
    """Yield the summary as lines of Markdown."""
    overall = summary.overall
    yield (
        f"{summary.assistant}: {overall.passed} of {overall.total} passed ({overall.rate:.1%}, 95 % interval "
        f"{overall.low:.1%} to {overall.high:.1%}); {summary.turns:.1f} turns a conversation."
    )
    for title, rates in (("situation", summary.situations), ("check", summary.checks)):
        yield from ("", f"| {title} | passed | of |", "|---|---:|---:|")
        yield from (f"| {name or '(none)'} | {rate.passed} | {rate.total} |" for name, rate in rates.items())
    if summary.causes:
        yield from ("", "| did not pass | whose | why | conversations |", "|---:|---|---|---|")
    for cause in summary.causes:
        what = cause.what.replace("|", "\\|")
        ids = " ".join(cause.conversations)
        yield f"| {len(cause.conversations)} | {whose_text(cause.whose)} | {what} | {ids} |"
