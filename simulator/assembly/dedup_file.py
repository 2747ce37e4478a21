"""Deduplication of a file of rows, on its own: no run, no model; what is kept, what is not, and why."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from simulator.embeddings.many import embed_many
from simulator.errors import ExportError, InputError
from simulator.exports.atomic import atomic_file
from simulator.scenario.rows import Row, check_row_file, field_text, first_field, read_rows

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder, Vectors
    from simulator.population.bulk.deduplicate import BulkVerdicts
    from simulator.population.dedup.verdict import DedupSettings

__all__ = ["FIELDS", "DedupSummary", "dedup_file", "sweep_file"]

FIELDS = ("persona", "input persona", "text")
"""Where the text is looked for when no field is named: Persona Hub's two, and that of plain texts."""

_FILES = ("kept.jsonl", "rejected.jsonl", "failures.jsonl", "summary.json")
_NAMED = 3  # bad rows that an error names

Say = Callable[[str], None]
"""Told what was done, in a sentence."""


@dataclass(frozen=True)
class DedupSummary:
    """What became of a file's rows: ``rows = kept + sum(rejected) + failed``.

    Attributes:
        file: The file.
        field: The field that was compared.
        rows: Its rows; blank lines are none.
        kept: Rows that stay.
        rejected: Rows that duplicate a kept one, by the stage that found out.
        failed: Rows that could not be read.
        mode: ``exact`` or ``paper``.
        proposer: ``prefix`` or ``minhash``.
        jaccard: Threshold of the lexical stage, or ``None``.
        cosine: Threshold of the embedding stage, or ``None``.
        embedder: The embedder's identity, if there was an embedding stage.
        cells: Cells that vectors were compared in: 1 if every one was compared with every other.
        folder: Where the files are.
    """

    file: str
    field: str
    rows: int
    kept: int
    rejected: dict[str, int]
    failed: int
    mode: str
    proposer: str
    jaccard: float | None
    cosine: float | None
    embedder: str | None
    cells: int
    folder: str


@dataclass(frozen=True)
class _Texts:
    """The good rows of a file, in columns, and the bad ones."""

    file: Path
    field: str
    texts: list[str]
    lines: array[int]
    failures: list[tuple[int, str]]


async def dedup_file(
    file: Path,
    folder: Path,
    *,
    field: str | None = None,
    settings: DedupSettings | None = None,
    embedder: Embedder | None = None,
    exhaustive: bool = False,
    say: Say = lambda _: None,
) -> DedupSummary:
    """Deduplicate the rows of a file: the earlier of two like ones stays.

    Writes ``kept.jsonl`` (the rows as they came), ``rejected.jsonl`` (line, text, stage, score, and the survivor's line
    and text), ``failures.jsonl`` (line and problem) and ``summary.json``, which is written last: it is there if and
    only if the others are complete.

    Args:
        file: ``.jsonl`` or ``.parquet``.
        folder: Where the four files go.
        field: The field with the text; by default the first of :data:`FIELDS` that the first row has.
        settings: Thresholds and mode.
        embedder: Needed unless the embedding stage is off.
        exhaustive: Compare every vector with every other whatever the number of rows.
        say: Told how far it is.

    Raises:
        InputError: The file cannot be read or has no usable row, or the folder holds what it did not write.
        ExportError: A file cannot be written.
        EndpointError: A remote embedder failed.
    """
    from simulator.population.bulk.deduplicate import EXACT_ROWS, deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    settings = settings or DedupSettings()
    check_row_file(file)
    _check_folder(file, folder)
    read = _read(file, field, say)
    vectors = await _vectors(read, settings, embedder, say)
    verdicts = deduplicate(read.texts, vectors, settings, exact_rows=len(read.texts) if exhaustive else EXACT_ROWS)
    name = embedder.name if embedder is not None and settings.cosine is not None else None
    summary = _summed_up(read, verdicts, settings, name, folder)
    _write(folder, read, verdicts, summary)
    return summary


async def sweep_file(
    file: Path,
    thresholds: Sequence[float],
    *,
    field: str | None = None,
    settings: DedupSettings | None = None,
    embedder: Embedder | None = None,
    say: Say = lambda _: None,
) -> list[tuple[float, dict[str, int]]]:
    """Return for each threshold how many rows of a file would be kept and how many each stage would reject.

    Raises:
        InputError: As for :func:`dedup_file`.
    """
    from simulator.population.bulk.sweep import sweep
    from simulator.population.dedup.verdict import DedupSettings

    settings = settings or DedupSettings()
    check_row_file(file)
    read = _read(file, field, say)
    vectors = await _vectors(read, settings, embedder, say)
    say(f"{len(thresholds):,} thresholds are tried")
    return list(sweep(read.texts, vectors, thresholds, settings))


def _summed_up(
    read: _Texts, verdicts: BulkVerdicts, settings: DedupSettings, embedder: str | None, folder: Path
) -> DedupSummary:
    counts = verdicts.counts()
    return DedupSummary(
        file=str(read.file),
        field=read.field,
        rows=len(read.texts) + len(read.failures),
        kept=counts.pop("kept"),
        rejected=counts,
        failed=len(read.failures),
        mode=settings.mode,
        proposer=settings.proposer,
        jaccard=settings.jaccard,
        cosine=settings.cosine,
        embedder=embedder,
        cells=verdicts.cells,
        folder=str(folder),
    )


def _check_folder(file: Path, folder: Path) -> None:
    if any((folder / name).resolve() == file.resolve() for name in _FILES):
        raise InputError(f"{str(file)!r} would be overwritten: name another folder with --out")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{str(folder)!r} is a file: name a folder with --out")
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    foreign = [name for name in there if not name.startswith(".")]
    if foreign and not _is_ours(folder / "summary.json"):
        named = ", ".join(map(repr, foreign[:_NAMED])) + (", ..." if len(foreign) > _NAMED else "")
        raise InputError(
            f"{str(folder)!r} holds {named}, and the summary.json of an earlier dedup is not there: nothing is "
            "overwritten; name an empty or a new folder with --out"
        )


def _is_ours(summary: Path) -> bool:
    """Return whether a file is the summary of an earlier deduplication, whose files may be written anew."""
    try:
        found = orjson.loads(summary.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and {one.name for one in fields(DedupSummary)} <= found.keys()


def _read(file: Path, field: str | None, say: Say) -> _Texts:
    chosen = field or first_field(file, FIELDS)
    read = _Texts(file, chosen, [], array("q"), [])
    for row in read_rows(file):
        text, problem = field_text(row, chosen)
        if problem is None:
            read.texts.append(text)
            read.lines.append(row.number)
        else:
            read.failures.append((row.number, problem))
    if not read.texts:
        named = "; ".join(f"line {line}: {problem}" for line, problem in read.failures[:_NAMED])
        raise InputError(f"{str(file)!r} has no text in the field {chosen!r} ({named or 'it has no rows'})")
    say(f"{len(read.texts):,} texts in the field {chosen!r}" + _bad(len(read.failures)))
    return read


def _bad(count: int) -> str:
    return f", {count:,} bad {'row' if count == 1 else 'rows'}" if count else ""


async def _vectors(read: _Texts, settings: DedupSettings, embedder: Embedder | None, say: Say) -> Vectors | None:
    if settings.cosine is None:
        return None
    if embedder is None:
        raise InputError("the embedding stage needs an embedder; give one, or set the cosine threshold to none")
    vectors = await embed_many(embedder, read.texts)
    say(f"embedded by {embedder.name}")
    return vectors


def _write(folder: Path, read: _Texts, verdicts: BulkVerdicts, summary: DedupSummary) -> None:
    """Write the four files, the summary last; those of an earlier time are gone before, the summary first."""
    try:
        for name in reversed(_FILES):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{str(folder)!r} cannot be written: {error.strerror or error}") from error
    with atomic_file(folder / "kept.jsonl") as kept:
        for line in _kept(read, verdicts):
            kept.write(line + b"\n")
    with atomic_file(folder / "rejected.jsonl") as rejected:
        for body in _rejected(read, verdicts):
            rejected.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))
    with atomic_file(folder / "failures.jsonl") as failures:
        for number, problem in read.failures:
            body = {"line": number, "problem": problem.encode("utf-8", "replace").decode()}
            failures.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))
    with atomic_file(folder / "summary.json") as file:
        file.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _kept(read: _Texts, verdicts: BulkVerdicts) -> Iterator[bytes]:
    """Yield the rows that stay, as they stand in the file, which is read once more: rows are not held in memory.

    Raises:
        InputError: The file is not the one that was read before.
    """
    staying = iter(verdicts.kept.tolist())
    next_ = next(staying, None)
    for row in read_rows(read.file):
        if next_ is None:
            return
        if row.number < read.lines[next_]:
            continue
        if row.number > read.lines[next_] or field_text(row, read.field) != (read.texts[next_], None):
            raise _changed(read, next_)
        yield row.raw or _dumped(row)
        next_ = next(staying, None)
    if next_ is not None:
        raise _changed(read, next_)


def _changed(read: _Texts, row: int) -> InputError:
    return InputError(f"{str(read.file)!r} changed while it was read: line {read.lines[row]} is another; start again")


def _dumped(row: Row) -> bytes:
    return orjson.dumps(row.value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> str:
    """Return what JSON has no form for (dates, decimals, bytes of Parquet) as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _rejected(read: _Texts, verdicts: BulkVerdicts) -> Iterator[dict[str, Any]]:
    for row in verdicts.stages.nonzero()[0].tolist():
        verdict, survivor = verdicts[row], int(verdicts.survivors[row])
        yield {
            "line": read.lines[row],
            "text": read.texts[row],
            "stage": verdict.stage,
            "score": verdict.score,
            "survivor": {"line": read.lines[survivor], "text": read.texts[survivor]},
        }
