"""Parquet: one file per kind of record. Plain values are columns, whatever is nested or differs is a JSON text.

Arrow gives every row of a nested column the keys of all others, as nulls, and those leak into prompts; so only lists
of texts and the messages of a chat (role and content, nothing else) stay nested.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import ExportError, UsageError, install
from simulator.exports.atomic import atomic_file
from simulator.exports.conversations import message_rows, tools_of
from simulator.exports.jsonl import KINDS, rows_of
from simulator.exports.lint import Linted
from simulator.exports.scenario_facts import ScenarioFacts, facts_of
from simulator.models.base import Record
from simulator.models.conversation import Conversation

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["export_parquet", "table_of", "write_parquet"]

_ROWS = 10_000  # of one row group: what a reader holds at least


def export_parquet(ledger: Ledger, folder: Path, kinds: Iterable[str] = KINDS) -> dict[str, int]:
    """Write ``KIND.parquet`` for every kind that has rows, and return the counts.

    Conversations have, besides what they are, the column ``messages`` for trainers; those that a trainer could not take
    are counted and have none.

    Raises:
        ExportError: There is nothing to write, or a file cannot be written.
        UsageError: pyarrow is not installed.
    """
    counts, told, facts = dict[str, int](), Linted(), facts_of(ledger)
    for kind in kinds:
        rows = [row.model_dump(mode="json") if isinstance(row, Record) else dict(row) for row in rows_of(ledger, kind)]
        if kind == "conversations":
            rows = list(_with_messages(rows, told, facts))
        if rows:
            counts[kind] = write_parquet(folder / f"{kind}.parquet", rows)
        else:
            (folder / f"{kind}.parquet").unlink(missing_ok=True)
    if not counts:
        raise ExportError(f"nothing was written to {str(folder)!r}: the run has no records yet")
    return {**counts, **told.counts()}


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> int:
    """Write ``rows`` as one file, and return how many.

    Raises:
        ExportError: It cannot be written.
        UsageError: pyarrow is not installed.
    """
    table = table_of(rows)
    from pyarrow import parquet

    with atomic_file(path) as file:
        parquet.write_table(table, file, row_group_size=_ROWS, compression="zstd")
    return len(rows)


def table_of(rows: list[dict[str, Any]]) -> Any:
    """Return ``rows`` as an Arrow table whose schema depends on no row's nesting.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise UsageError(f"Parquet needs pyarrow; {install('pyarrow')}") from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    arrays = {name: _array(pyarrow, values) for name, values in columns.items()}
    return pyarrow.table(arrays)


def _array(pyarrow: Any, values: list[Any]) -> Any:
    present = [value for value in values if value is not None]
    for kind, type_ in (
        (bool, pyarrow.bool_()),
        (int, pyarrow.int64()),
        (float, pyarrow.float64()),
        (str, pyarrow.string()),
    ):
        if present and all(type(value) is kind for value in present):
            return pyarrow.array(values, type_)
    if present and all(type(value) in (int, float) for value in present):
        return pyarrow.array([None if value is None else float(value) for value in values], pyarrow.float64())
    if present and all(isinstance(value, list) and all(isinstance(item, str) for item in value) for value in present):
        return pyarrow.array(values, pyarrow.list_(pyarrow.string()))
    if present and all(_is_chat(value) for value in present):
        message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
        return pyarrow.array(values, pyarrow.list_(message))
    return pyarrow.array([None if value is None else _json(value) for value in values], pyarrow.string())


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, Mapping) and item.keys() == {"role", "content"} and isinstance(item["content"], str)
            for item in value
        )
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _with_messages(rows: list[dict[str, Any]], told: Linted, facts: ScenarioFacts) -> Iterator[dict[str, Any]]:
    for row in rows:
        talk = Conversation.model_validate(row)
        made, offered = next(message_rows([talk], told, facts), None), tools_of(talk, facts.tools_of(talk))
        chat = made["messages"] if made is not None else None
        tools = {"tools": _json(list(offered))} if offered or facts.tools else {}
        yield {**row, "messages": chat, **tools}
