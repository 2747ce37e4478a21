"""JSON Lines: every kind of row of a run, one file per kind, byte for byte the same for the same records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from simulator.exports.atomic import atomic_file
from simulator.models.base import Record

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["KINDS", "export_jsonl", "rows_of", "write_jsonl"]

_PRODUCTS = {
    "instructions": "instruction",
    "conversations": "conversation",
    "npcs": "npc",
    "tools": "tool",
    "problems": "problem",
    "solutions": "solution",
    "texts": "text",
    "outcomes": "outcome",
}
KINDS = ("personas", "relations", "decisions", *_PRODUCTS, "toolsets", "failures")
"""What a run can be exported as, each to ``KIND.jsonl``."""

_ALWAYS = frozenset({"failures"})  # an empty file of failures says something: nothing failed


def write_jsonl(path: Path, rows: Iterable[Record | Mapping[str, Any]]) -> int:
    """Write one JSON object per line, and return how many.

    Args:
        path: The file; it appears when all rows are written.
        rows: Records or JSON-able mappings; read once, not held in memory.

    Raises:
        ExportError: The file cannot be written.
    """
    count = 0
    with atomic_file(path) as file:
        for row in rows:
            body = row.model_dump(mode="json") if isinstance(row, Record) else dict(row)
            file.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def export_jsonl(ledger: Ledger, folder: Path, kinds: Iterable[str] = KINDS) -> dict[str, int]:
    """Write the rows of a run, and return the count of each kind.

    A kind without rows leaves no file (and takes away an older one): an empty file would look like success. Only
    ``failures.jsonl`` is always written.

    Args:
        ledger: The run.
        folder: Where ``KIND.jsonl`` go.
        kinds: Some of :data:`KINDS`.

    Raises:
        ExportError: A file cannot be written.
    """
    counts = {}
    for kind in kinds:
        path = folder / f"{kind}.jsonl"
        counts[kind] = write_jsonl(path, rows_of(ledger, kind))
        if not counts[kind] and kind not in _ALWAYS:
            path.unlink(missing_ok=True)
    return counts


def rows_of(ledger: Ledger, kind: str) -> Iterator[Record | dict[str, Any]]:
    """Yield the rows of one of :data:`KINDS`, in the order in which the run made them."""
    if kind in _PRODUCTS:
        yield from ledger.products(_PRODUCTS[kind])  # type: ignore[arg-type]
    elif kind == "personas":
        yield from ledger.personas()
    elif kind == "relations":
        yield from ledger.relations()
    elif kind == "decisions":
        yield from ledger.decisions()
    elif kind == "toolsets":
        yield from ledger.meta("toolsets", [])
    else:
        yield from ledger.failures()
