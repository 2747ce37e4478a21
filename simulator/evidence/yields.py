"""What expansion was worth: new people per question, by hop and by kind of relation, and why it ended."""

from __future__ import annotations

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


_SQL = """
SELECT CAST(substr(u.stage, 8) AS INTEGER) AS hop, json_extract(u.inputs, '$.kind'), COUNT(*),
       TOTAL(d.admitted), TOTAL(NOT d.admitted AND d.survivor IS NOT NULL),
       TOTAL(NOT d.admitted AND d.survivor IS NULL), TOTAL(u.state = 'failed')
FROM units u LEFT JOIN decisions d ON d.unit = u.id AND d.subject = 'persona'
WHERE u.stage LIKE 'expand-%' GROUP BY 1, 2 ORDER BY 1, 2
"""


def expansion(ledger: Ledger) -> Expansion:
    """Return what the questions for relations brought, as the ledger has it."""
    names = ("hop", "kind", "asked", "new", "known", "other", "failed")
    rows = [Yield.model_validate(dict(zip(names, row, strict=True))) for row in ledger.rows(_SQL)]
    calls = next(ledger.rows("SELECT COUNT(*) FROM replies WHERE role = 'relator'"))[0]
    ended = ledger.meta("expansion_ended", "")
    return Expansion(rows=tuple(rows), calls=calls, ended=ended)


def _total(rows: Iterable[Yield], hop: int | None = None, kind: str | None = None) -> Yield:
    some = list(rows)
    names = ("asked", "new", "known", "other", "failed")
    return Yield(hop=hop, kind=kind, **{name: sum(getattr(row, name) for row in some) for name in names})
