"""The rows of ``.jsonl`` and ``.parquet`` files: read one by one, and what is wrong with one told with its line."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from simulator.errors import InputError, install
from simulator.transport.body import clean

__all__ = [
    "MAX_TEXT",
    "ROW_SUFFIXES",
    "Row",
    "check_row_file",
    "clean_text",
    "each_once",
    "field_text",
    "first_field",
    "read_rows",
    "relative_name",
]

ROW_SUFFIXES = (".jsonl", ".parquet")
MAX_TEXT = 1_000_000
"""Characters of one text: more is a file that was not cut into texts."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: where it stands, and its value or what is wrong with it.

    Attributes:
        file: The file's name.
        number: Its line in a ``.jsonl`` file, or its number in another, from 1; 0 if the file is one text.
        value: Whatever JSON can hold; of Parquet, what its columns hold.
        problem: Why there is no value.
        raw: The line as it stands in a ``.jsonl`` file, without its end.
    """

    file: str
    number: int
    value: Any = None
    problem: str | None = None
    raw: bytes = b""

    @property
    def place(self) -> str:
        """``FILE:LINE``, or the file alone."""
        return f"{self.file}:{self.number}" if self.number else self.file


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a ``.jsonl`` or ``.parquet`` file, a bad line with its problem; blank lines are no rows.

    Raises:
        InputError: The file cannot be read, or is Parquet and pyarrow is not installed.
    """
    try:
        yield from _parquet_rows(path) if path.suffix == ".parquet" else _jsonl_rows(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def each_once(paths: Iterable[Path]) -> list[Path]:
    """Return the files that ``paths`` name, each once, however many names and globs lead to it."""
    found: dict[Path, Path] = {}
    for path in paths:
        found.setdefault(path.resolve(), path)
    return list(found.values())


def relative_name(path: Path, base: Path) -> str:
    """Return where ``path`` is, from ``base`` if it is within."""
    try:
        return path.absolute().relative_to(base.absolute()).as_posix()
    except ValueError:
        return str(path)


def check_row_file(path: Path) -> None:
    """Check that ``path`` is a file of rows, before anything is done with it.

    Raises:
        InputError: It is missing, a folder, or of another kind.
    """
    if path.suffix not in ROW_SUFFIXES:
        raise InputError(f"{str(path)!r} is not a file of rows; allowed: {', '.join(ROW_SUFFIXES)}")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "missing"
        raise InputError(f"{str(path)!r} is {what}: name a {' or '.join(ROW_SUFFIXES)} file")


def first_field(path: Path, allowed: Sequence[str]) -> str:
    """Return which of the fields ``allowed`` the rows of a file have: that of the first good row, in their order.

    Raises:
        InputError: The first good row has none of them, or there is no good row.
    """
    for row in read_rows(path):
        if isinstance(row.value, dict):
            found = next((name for name in allowed if name in row.value), None)
            if found is not None:
                return found
            had = ", ".join(map(repr, row.value)) or "none"
            raise InputError(f"{row.place} has the fields {had}: name the one that holds the text with --field")
        if row.problem is None:
            raise InputError(f"{row.place} is {_called(row.value)}, not an object with fields")
    raise InputError(f"{str(path)!r} has no row that can be read")


def field_text(row: Row, field: str) -> tuple[str, str | None]:
    """Return the text in ``field`` of a row, fit to be stored (Unicode NFC, trimmed), or what is wrong with the row."""
    if row.problem is not None:
        return "", row.problem
    if not isinstance(row.value, dict):
        return "", f"it is {_called(row.value)}, not an object"
    if field not in row.value:
        return "", f"it has no field {field!r}; it has {', '.join(map(repr, row.value)) or 'none'}"
    return clean_text(row.value[field])


_CALLED: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    str: "a text",
    type(None): "null",
}
"""What JSON's values are called."""


def _called(value: Any) -> str:
    """Return what a value that is no text is called.

    >>> _called(7), _called([]), _called(None)
    ('a number', 'a list', 'null')
    """
    return _CALLED.get(type(value), f"of the type {type(value).__name__}")


def clean_text(value: Any) -> tuple[str, str | None]:
    """Return a text fit to be stored (Unicode NFC, trimmed), or what is wrong with it.

    What cannot be stored (lone surrogates, NUL) becomes U+FFFD, as in the replies of models: it shows that something
    was there.
    """
    if not isinstance(value, str):
        return "", f"its text is {_called(value)}, not a string"
    if len(value) > MAX_TEXT:
        return "", f"it has {len(value):,} characters; at most {MAX_TEXT:,} are allowed: cut it into texts"
    text = unicodedata.normalize("NFC", clean(value)).strip()
    return text, None if text else "it is empty"


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            raw = line.strip()
            if not raw:
                continue
            try:
                yield Row(path.name, number, _parsed(raw), raw=raw)
            except (ValueError, RecursionError) as error:
                yield Row(path.name, number, problem=f"it is not JSON: {error}", raw=raw)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:  # large numbers and lone surrogates, which json takes; and its messages are plainer
        return json.loads(raw)


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{str(path)!r}: reading Parquet needs pyarrow; {install('pyarrow')}") from error
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(8_192):
            for value, problem in _batch_rows(batch):
                number += 1
                yield Row(path.name, number, value, problem)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:  # names of columns may be broken too
        raise InputError(f"{str(path)!r} is not a Parquet file that can be read: {error}") from error


def _batch_rows(batch: Any) -> Iterator[tuple[Any, str | None]]:
    """Yield each row of a batch, or what is wrong with it: text that is not UTF-8, a time beyond the year 9999."""
    try:
        yield from ((value, None) for value in batch.to_pylist())
    except (ValueError, OverflowError):
        # Only now, because one by one takes a hundred times as long. Nothing was yielded yet: the list is made at once.
        for place in range(batch.num_rows):
            yield _batch_row(batch.slice(place, 1))


def _batch_row(row: Any) -> tuple[Any, str | None]:
    value = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            (value[name],) = column.to_pylist()
        except (ValueError, OverflowError) as error:
            return None, f"its column {name!r} cannot be read: {error}"
    return value, None
