"""Importing tools that others released into a run directory, where everything else that reads runs can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from simulator.assembly.manifest import write_manifest
from simulator.errors import InputError, RunDirectoryError
from simulator.exports.jsonl import export_jsonl
from simulator.models.base import Record, content_hash, normalise_text
from simulator.models.decision import Decision
from simulator.models.persona import Persona, persona_id
from simulator.models.tool import Tool
from simulator.models.unit import Failure
from simulator.runs.directory import RunDirectory
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.tools.grouping import toolsets
from simulator.tools.released import PERSONA_FIELD, Mended, Unmendable, mend
from simulator.tools.toolset import ToolDesk, ToolVerdict, tool_text

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder

__all__ = ["ToolImport", "import_tools"]

_RAW = 4000  # characters of a refused row that are kept with its failure


class ToolImport(Record):
    """What became of a file. ``rows = mended + failed``; ``tools + merged`` are the definitions in the mended rows.

    Attributes:
        rows: Lines that are not blank.
        mended: Rows whose every tool is valid now.
        failed: Rows that were recorded as failures.
        tools: Definitions in the set, each valid and with a name of its own.
        merged: Definitions that do what an earlier one does: one more persona asked for that.
        toolsets: Groups of tools that work on the same thing.
        repairs: Rows in which something was mended, by cause.
        failures: Failed rows by cause.
    """

    rows: int
    mended: int
    failed: int
    tools: int
    merged: int
    toolsets: int
    repairs: dict[str, int]
    failures: dict[str, int]


@dataclass(frozen=True)
class _Row:
    """One line of the file: what is in it, or why nothing is."""

    place: str
    persona: Persona | None = None
    mended: Mended | None = None
    failure: Failure | None = None


async def import_tools(file: Path, root: Path, embedder: Embedder, *, merge: bool = True) -> ToolImport:
    """Make definitions of released tools, and write them, who asked for them, and what failed, into a run directory.

    All of it is one transaction: an import that was interrupted left nothing, and one that was done is not done again.

    Args:
        file: JSON Lines, as Persona Hub released them.
        root: A new or empty folder, or one that holds an import of the same file.
        embedder: To find those that do the same.
        merge: Without it every definition is kept.

    Raises:
        InputError: The file cannot be read, or no row of it holds a tool.
        RunDirectoryError: The folder holds something else.
    """
    data = _read(file)
    source = {"kind": "tools", "merge": merge, "sha256": content_hash(data.decode("utf-8", "replace"))}
    directory = RunDirectory(root)
    directory.create()
    with directory.held(), Ledger.open(directory.ledger, create=True) as ledger:
        if (done := _done_before(ledger, source, root)) is not None:
            return done
        rows = list(_rows(data, file.name))
        if not any(row.mended for row in rows):
            first = next((row.failure.message for row in rows if row.failure), "it has no rows")
            raise InputError(f"no row of {str(file)!r} holds a tool; the first: {first}")
        made = await _write(ledger, rows, embedder, source, merge=merge)
        export_jsonl(ledger, directory.products)
        write_manifest(directory, ledger, "done", "")
        return made


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read: {error.strerror or error}") from error


def _done_before(ledger: Ledger, source: dict[str, Any], root: Path) -> ToolImport | None:
    kept = ledger.meta("import")
    if kept is None and next(ledger.rows("SELECT COUNT(*) FROM products"))[0] == 0 and ledger.meta("scenario") is None:
        return None
    if kept is not None and kept["source"] == source:
        return ToolImport.model_validate(kept["made"])
    raise RunDirectoryError(f"{str(root)!r} holds something else already; name a new or empty folder with --out")


def _rows(data: bytes, name: str) -> Iterator[_Row]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield _row(line, f"{name}:{number}")


def _row(line: bytes, place: str) -> _Row:
    try:
        row = orjson.loads(line)
    except ValueError as error:
        return _Row(place, failure=_failure(place, "bad_row", f"the line is not JSON: {error}", line))
    if not isinstance(row, dict):
        return _Row(place, failure=_failure(place, "bad_row", f"the line is no object but {type(row).__name__}", line))
    said = row.get(PERSONA_FIELD)
    text = normalise_text(said) if isinstance(said, str) else ""
    persona = Persona(id=persona_id(text), text=text, hop=0, origin="import", source=place) if text else None
    try:
        return _Row(place, persona, mend(row, [persona.id] if persona else []))
    except Unmendable as error:
        return _Row(place, failure=_failure(place, error.cause, str(error), line))


def _failure(place: str, cause: str, message: str, line: bytes) -> Failure:
    raw = line.decode("utf-8", "replace")[:_RAW]
    return Failure(unit=place, stage="import", role="import", cause=cause, message=message, raw=raw, attempts=1)


async def _write(
    ledger: Ledger, rows: Sequence[_Row], embedder: Embedder, source: dict[str, Any], *, merge: bool
) -> ToolImport:
    found = [(row, tool) for row in rows if row.mended for tool in row.mended.tools]
    vectors = await embedder.embed([tool_text(tool) for _, tool in found])
    desk, verdicts = ToolDesk(merge=merge), list[ToolVerdict]()
    for (row, tool), vector in zip(found, vectors, strict=True):
        sister = row.mended is not None and len(row.mended.tools) > 1
        verdicts.append(desk.admit(tool, vector, sister=sister))
    groups = toolsets(desk.tools, await embedder.embed([tool_text(tool) for tool in desk.tools]))
    made = _counted(rows, len(desk.tools), len(found), len(groups))
    decisions = [_decision(row.place, tool, one) for (row, tool), one in zip(found, verdicts, strict=True)]
    await ledger.commit([_entry(rows, decisions, desk.tools)])
    ledger.put_failures([row.failure for row in rows if row.failure])
    ledger.put_meta(
        toolsets=[group.model_dump(mode="json") for group in groups],
        **{"import": {"source": source, "made": made.model_dump(mode="json")}},
    )
    return made


def _entry(rows: Sequence[_Row], decisions: Sequence[Decision], tools: Sequence[Tool]) -> Entry:
    people = {row.persona.id: row.persona for row in reversed(rows) if row.persona}
    first = {row.persona.id: None for row in rows if row.persona}
    products = [Product("tool", tool.id, next(iter(tool.personas), ""), tool) for tool in tools]
    return Entry(None, None, personas=[people[id_] for id_ in first], decisions=decisions, products=products)


def _decision(place: str, tool: Tool, verdict: ToolVerdict) -> Decision:
    return Decision(
        subject="tool",
        candidate=verdict.tool.id if verdict.admitted else tool.id,
        text=tool_text(tool),
        admitted=verdict.admitted,
        stage=verdict.stage,
        survivor=None if verdict.admitted else verdict.tool.id,
        score=verdict.score,
        reason=verdict.reason,
        unit=place,
    )


def _counted(rows: Sequence[_Row], tools: int, found: int, groups: int) -> ToolImport:
    failures = Counter(row.failure.cause for row in rows if row.failure)
    repairs = Counter(cause for row in rows if row.mended for cause in row.mended.repairs)
    return ToolImport(
        rows=len(rows),
        mended=len(rows) - failures.total(),
        failed=failures.total(),
        tools=tools,
        merged=found - tools,
        toolsets=groups,
        repairs=dict(repairs.most_common()),
        failures=dict(failures.most_common()),
    )
