"""What it takes to forget stages, or how units ended: the statements that remove it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.runs.writer import Statement

__all__ = ["PLAN", "ends_forgotten", "forgetting"]

PLAN = "plan:"
"""Before a stage's name: the kind of input under which what that stage planned is kept."""

_MADE = ("personas", "relations", "decisions", "products", "failures")


def forgetting(stages: Sequence[str], inputs: Sequence[str], meta: Sequence[str]) -> Iterator[Statement]:
    """Yield the statements that remove units with all that followed from them, inputs by kind and values by name.

    Replies stay: they were paid for, and what is done anew finds them.
    """
    rows = [(stage,) for stage in stages]
    for table in _MADE:
        sql = f"DELETE FROM {table} WHERE unit IN (SELECT id FROM units WHERE stage = ?)"  # noqa: S608 - our names
        yield Statement(sql, rows)
    yield Statement("DELETE FROM units WHERE stage = ?", rows)
    yield Statement("DELETE FROM failures WHERE stage = ?", rows)
    yield Statement("DELETE FROM inputs WHERE kind = ?", [(kind,) for kind in inputs])
    yield Statement("DELETE FROM meta WHERE key = ?", [(key,) for key in meta])


def ends_forgotten(units: Sequence[str]) -> list[Statement]:
    """Return the statements that remove how ``units`` ended, so that they are done again."""
    deletes = ("DELETE FROM units WHERE id = ?", "DELETE FROM failures WHERE unit = ?")
    return [Statement(sql, [(id_,) for id_ in units]) for sql in deletes]
