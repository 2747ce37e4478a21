"""What expansion was worth: new people per question, by hop and by kind of relation, and why it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from simulator.models.base import Record
from simulator.runs.ledger import Ledger

__all__ = ["Expansion", "Yield", "expansion"]


class Yield(Record):
    """What became of questions for a relation: ``asked = new + known + other + failed``.

    Attributes:
        hop: The hop that the answers belong to; ``None`` in a total over hops.
        kind: The kind of relation; ``None`` in a total over kinds.
        asked: Units that ended.
        new: Personas that were admitted.
        known: Answers that were somebody known already: the relation leads to them.
        other: Answers that were rejected for another reason (a check, the limit of hops).
        failed: Units without an answer.
    """

    hop: int | None = None
    kind: str | None = None
    asked: int = 0
    new: int = 0
    known: int = 0
    other: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """New personas a question, 0 to 1."""
        return self.new / self.asked if self.asked else 0.0


class Expansion(Record):
    """The yield of a run's Persona-to-Persona.

    Attributes:
        rows: By hop and kind, in this order.
        calls: Replies that the questions took, those that checks turned down included.
        ended: Why expansion ended before the scenario's last hop; empty if it did not.
    """

    rows: tuple[Yield, ...] = ()
    calls: int = 0
    ended: str = ""

    @property
    def by_hop(self) -> tuple[Yield, ...]:
        """One total a hop."""
        hops = sorted({row.hop for row in self.rows if row.hop is not None})
        return tuple(_total([row for row in self.rows if row.hop == hop], hop=hop) for hop in hops)

    @property
    def by_kind(self) -> tuple[Yield, ...]:
        """One total a kind, the one that was asked for most first."""
        kinds = {row.kind for row in self.rows if row.kind is not None}
        totals = [_total([row for row in self.rows if row.kind == kind], kind=kind) for kind in kinds]
        return tuple(sorted(totals, key=lambda row: (-row.asked, row.kind or "")))


_DECIDED = """
SELECT unit, CASE WHEN admitted THEN 'new' WHEN survivor IS NULL THEN 'other' ELSE 'known' END
FROM decisions WHERE subject = 'persona'
"""
_ASKED = """
SELECT id, stage, json_extract(inputs, '$.kind'), state = 'failed' FROM units WHERE stage LIKE 'expand-%'
"""


def expansion(ledger: Ledger) -> Expansion:
    """Return what the questions for relations brought, as the ledger has it."""
    decided: dict[str, str] = dict(ledger.rows(_DECIDED))  # joined here: SQLite would take three times as long
    found: dict[tuple[int, str], Counter[str]] = {}
    for id_, stage, kind, failed in ledger.rows(_ASKED):
        outcome = "failed" if failed else decided.get(id_, "other")
        found.setdefault((int(stage.removeprefix("expand-")), kind), Counter())[outcome] += 1
    rows = [
        Yield(hop=hop, kind=kind, asked=counted.total(), **counted) for (hop, kind), counted in sorted(found.items())
    ]
    calls = next(ledger.rows("SELECT COUNT(*) FROM replies WHERE role = 'relator'"))[0]
    return Expansion(rows=tuple(rows), calls=calls, ended=ledger.meta("expansion_ended", ""))


def _total(rows: Iterable[Yield], hop: int | None = None, kind: str | None = None) -> Yield:
    some = list(rows)
    names = ("asked", "new", "known", "other", "failed")
    return Yield(hop=hop, kind=kind, **{name: sum(getattr(row, name) for row in some) for name in names})
