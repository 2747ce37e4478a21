"""A part of a table of the ledger: which of its rows are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ALL", "Part"]


@dataclass(frozen=True)
class Part:
    """The rows for which ``where`` holds, in the order in which they were written.

    Attributes:
        where: A condition in SQL, written by us and never taken from anybody's text; ``?`` stands for a value.
        values: The values.
        most: At most so many rows; -1 for all.
        skipped: Rows to pass over first.
    """

    where: str = "1"
    values: tuple[Any, ...] = ()
    most: int = -1
    skipped: int = 0

    def select(self, columns: Sequence[str], table: str) -> tuple[str, tuple[Any, ...]]:
        """Return the query for ``columns`` of the rows, and its values."""
        sql = f"SELECT {','.join(columns)} FROM {table} WHERE {self.where} ORDER BY seq LIMIT ? OFFSET ?"  # noqa: S608
        return sql, (*self.values, self.most, self.skipped)

    def count(self, table: str) -> tuple[str, tuple[Any, ...]]:
        """Return the query for the number of rows, whatever ``most`` and ``skipped`` are, and its values."""
        return f"SELECT COUNT(*) FROM {table} WHERE {self.where}", self.values  # noqa: S608 - our names

    def of(self, where: str, *values: Any) -> Part:
        """Return those of its rows for which ``where`` holds too."""
        return Part(f"({where}) AND ({self.where})", (*values, *self.values), self.most, self.skipped)

    def page(self, most: int, skipped: int) -> Part:
        """Return a page of it."""
        return Part(self.where, self.values, most, skipped)


ALL = Part()
"""Every row."""
