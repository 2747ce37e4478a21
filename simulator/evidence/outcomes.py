"""What a test came to: pass rates, by check and by situation, and each conversation that did not pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from simulator.evidence.proportions import wilson
from simulator.models.base import Record
from simulator.models.outcome import Outcome
from simulator.runs.ledger import Ledger

__all__ = ["Rate", "TestSummary", "summarise"]


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


def summarise(ledger: Ledger) -> TestSummary:
    """Return what the test in ``ledger`` came to."""
    outcomes = [Outcome.model_validate(body) for body in ledger.products("outcome")]
    talks = list(
        ledger.rows(
            "SELECT json_extract(body, '$.stop'), json_extract(body, '$.fault'), json_array_length(body, '$.turns')"
            " FROM products WHERE kind = 'conversation' ORDER BY seq"
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
    )
