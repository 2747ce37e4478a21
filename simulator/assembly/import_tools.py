"""Importing tools that others released into a run directory, where everything else that reads runs can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from simulator.scenario.rows import Row, check_row_file, clean_text, read_rows
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

    An import that was interrupted goes on when it is done again; one that was done is not done again.

    Args:
        file: JSON Lines (or Parquet), as Persona Hub released them.
        root: A new or empty folder, or one that holds an import of the same file.
        embedder: To find those that do the same.
        merge: Without it every definition is kept.

    Raises:
        InputError: The file cannot be read, or no row of it holds a tool.
        RunDirectoryError: The folder holds something else.
    """
    check_row_file(file)
    rows = [_row(row) for row in read_rows(file)]
    source = {"kind": "tools", "merge": merge, "sha256": content_hash([row.place for row in rows], *map(_said, rows))}
    directory = RunDirectory(root)
    directory.create()
    with directory.held(), Ledger.open(directory.ledger, create=True) as ledger:
        if (done := _done_before(ledger, source, root)) is not None:
            return done
        if not any(row.mended for row in rows):
            first = next((row.failure.message for row in rows if row.failure), "it has no rows")
            raise InputError(f"no row of {str(file)!r} holds a tool; the first: {first}")
        made = await _write(ledger, rows, embedder, source, merge=merge)
        export_jsonl(ledger, directory.products)
        write_manifest(directory, ledger, "done", "")
        return made


def _done_before(ledger: Ledger, source: dict[str, Any], root: Path) -> ToolImport | None:
    kept, begun = ledger.meta("import"), ledger.meta("importing")
    if kept is not None and kept["source"] == source:
        return ToolImport.model_validate(kept["made"])
    if begun not in (None, source) or kept is not None or ledger.meta("scenario") is not None:
        raise RunDirectoryError(f"{str(root)!r} holds something else already; name a new or empty folder with --out")
    return None


def _row(row: Row) -> _Row:
    if row.problem is not None or not isinstance(row.value, dict):
        problem = row.problem or f"the row is no object but {type(row.value).__name__}"
        return _Row(row.place, failure=_failure(row, "bad_row", problem))
    text = normalise_text(clean_text(row.value.get(PERSONA_FIELD))[0])
    persona = Persona(id=persona_id(text), text=text, hop=0, origin="import", source=row.place) if text else None
    try:
        return _Row(row.place, persona, mend(row.value, [persona.id] if persona else []))
    except Unmendable as error:
        return _Row(row.place, failure=_failure(row, error.cause, str(error)))


def _failure(row: Row, cause: str, message: str) -> Failure:
    raw = row.raw.decode("utf-8", "replace")[:_RAW]
    return Failure(unit=row.place, stage="import", role="import", cause=cause, message=message, raw=raw, attempts=1)


def _said(row: _Row) -> Any:
    """Return what the row says, as JSON: two files that say the same are one to an import."""
    if row.failure is not None:
        return row.failure.model_dump(mode="json")
    return [tool.model_dump(mode="json") for tool in row.mended.tools] if row.mended else []


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
    if ledger.meta("importing") is None:
        ledger.put_meta(importing=source)
    if not next(ledger.rows("SELECT COUNT(*) FROM products"))[0]:  # one transaction: all of it is there, or nothing
        await ledger.commit([_entry(rows, decisions, desk.tools)])
    told = {"source": source, "made": made.model_dump(mode="json")}
    sets = [group.model_dump(mode="json") for group in groups]
    ledger.keep([], [row.failure for row in rows if row.failure], {"toolsets": sets, "import": told})
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
