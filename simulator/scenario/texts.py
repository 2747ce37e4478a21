"""The texts that Text-to-Persona starts from: read, checked, and every bad one recorded with its place."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.models.base import Record, content_id, normalise_text
from simulator.models.unit import Failure
from simulator.scenario.schema import Texts

__all__ = ["Row", "SourceText", "read_rows", "read_texts", "text_id"]

_SUFFIXES = (".txt", ".md", ".jsonl", ".parquet")
_MAX_TEXT = 1_000_000  # characters of one text: more is a file that was not cut into texts


class SourceText(Record):
    """One text. ``id`` is its content hash; ``source`` says where it stood (file, or file and line)."""

    id: str
    text: str
    source: str


@dataclass(frozen=True)
class Row:
    """One row of a file: its place, and its value or what is wrong with it."""

    place: str
    value: Any = None
    problem: str | None = None


def text_id(text: str) -> str:
    """Return the id of a text; white space and Unicode form do not matter."""
    return content_id("t", normalise_text(text))


def read_texts(section: Texts, base: Path) -> tuple[list[SourceText], list[Failure]]:
    """Read the texts of a scenario.

    Args:
        section: The scenario's ``texts``.
        base: The folder that its paths are relative to.

    Returns:
        The texts in order (files sorted by name within a folder or glob), and a failure for each bad row.

    Raises:
        InputError: A path is missing or of an unknown kind, or no text is left.
    """
    texts: dict[str, SourceText] = {}
    failures: list[Failure] = []
    for pattern in section.paths:
        for path in _files(pattern, base):
            for row in _texts_of(path, section.field):
                text, problem = _text(row)
                id_ = text_id(text)
                if problem is None and id_ in texts:
                    problem = f"the same text as {texts[id_].source}"
                if problem is None:
                    texts[id_] = SourceText(id=id_, text=text, source=row.place)
                else:
                    failures.append(_failure(row.place, problem))
    if not texts:
        reasons = "; ".join(f"{failure.unit.removeprefix('row ')}: {failure.message}" for failure in failures[:3])
        raise InputError(f"texts.paths {list(section.paths)}: no text to start from ({reasons or 'no rows'})")
    return list(texts.values())[: section.limit], failures


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a ``.jsonl`` or ``.parquet`` file, a bad line with its problem.

    Raises:
        InputError: The file cannot be read, or is Parquet and pyarrow is not installed.
    """
    try:
        yield from _parquet_rows(path) if path.suffix == ".parquet" else _jsonl_rows(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _files(pattern: str, base: Path) -> list[Path]:
    if "\0" in pattern:
        raise InputError(f"texts.paths: {pattern!r} is not a path")
    path = base / pattern
    if has_magic(pattern):
        found = sorted(Path("/").glob(str(path.absolute()).lstrip("/")))
    elif path.is_dir():
        found = sorted(child for child in path.iterdir() if child.suffix in _SUFFIXES)
    else:
        found = [path]
    found = [file for file in found if not file.is_dir()]
    if not found or not found[0].exists():
        raise InputError(f"texts.paths: there is no text at {str(path)!r} (a file, a folder, or a glob)")
    for file in found:
        if file.suffix not in _SUFFIXES:
            raise InputError(f"texts.paths: {file.name!r} is not a text file; allowed: {', '.join(_SUFFIXES)}")
    return found


def _texts_of(path: Path, field: str) -> Iterator[Row]:
    if path.suffix in (".txt", ".md"):
        try:
            yield Row(path.name, path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            yield Row(path.name, problem=f"it is not UTF-8: {error.reason} at byte {error.start}")
        except OSError as error:
            raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
        return
    for row in read_rows(path):
        if row.problem is None and not isinstance(row.value, dict):
            yield Row(row.place, problem=f"it is a {type(row.value).__name__}, not an object")
        elif row.problem is None and field not in row.value:
            yield Row(
                row.place, problem=f"it has no field {field!r}; it has {', '.join(map(repr, row.value)) or 'none'}"
            )
        else:
            yield row if row.problem else Row(row.place, row.value[field])


def _text(row: Row) -> tuple[str, str | None]:
    if row.problem is not None:
        return "", row.problem
    if not isinstance(row.value, str):
        return "", f"its text is a {type(row.value).__name__}, not a string"
    if len(row.value) > _MAX_TEXT:
        return "", f"it has {len(row.value):,} characters; at most {_MAX_TEXT:,} are allowed: cut it into texts"
    text = unicodedata.normalize("NFC", row.value.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")).strip()
    return text, None if text else "it is empty"


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = f"{path.name}:{number}"
            if not line.strip():
                continue
            try:
                yield Row(place, json.loads(line))
            except (ValueError, RecursionError) as error:
                yield Row(place, problem=f"it is not JSON: {error}")


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{str(path)!r}: reading Parquet needs pyarrow: pip install 'sixhop[parquet]'") from error
    number = 0
    for batch in parquet.ParquetFile(path).iter_batches():
        for value in batch.to_pylist():
            number += 1
            yield Row(f"{path.name}:{number}", value)


def _failure(place: str, problem: str) -> Failure:
    return Failure(unit=f"row {place}", stage="extract", role="reader", cause="input", message=problem)
