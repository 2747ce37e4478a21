"""What the checks of NPCs and tools turned down, and what became of it: drawn again to an end, or a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import Field

from simulator.models.base import Record
from simulator.runs.ledger import Ledger

__all__ = ["MendRow", "mending", "mending_lines"]

_STAGES = ("npcs", "tools")


class MendRow(Record):
    """One check of one role.

    Attributes:
        role: Whose replies it judged.
        check: Its name.
        rejected: Replies that it turned down.
        units: Units in which it did.
        mended: Those of them that ended with a product all the same.
    """

    role: str
    check: str
    rejected: int = Field(ge=1)
    units: int = Field(ge=1)
    mended: int = Field(ge=0)


def mending(ledger: Ledger) -> tuple[MendRow, ...]:
    """Return what the checks of a run's NPCs and tools turned down, the most frequent first for each role."""
    rejected, units, mended = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for stage in _STAGES:
        for unit, result in ledger.results(stage):
            flaws = Counter((unit.role, attempt.flaw) for attempt in result.rejected)
            rejected.update(flaws)
            units.update(flaws.keys())
            mended.update(flaws.keys() if result.failure is None else ())
    order = sorted(rejected, key=lambda key: (key[0], -rejected[key], key[1]))
    return tuple(
        MendRow(role=key[0], check=key[1], rejected=rejected[key], units=units[key], mended=mended[key])
        for key in order
    )


def mending_lines(rows: Sequence[MendRow]) -> Iterator[str]:
    """Yield the rows as a Markdown table."""
    yield "| role | check | replies turned down | units | of these with a product |"
    yield "|---|---|---:|---:|---:|"
    yield from (f"| {row.role} | {row.check} | {row.rejected} | {row.units} | {row.mended} |" for row in rows)
