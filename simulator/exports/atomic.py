"""Files of an export, which appear whole or not at all, and their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from simulator.errors import ExportError
from simulator.runs.replacing import replacing

__all__ = ["atomic_file", "safe_name"]


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing; it takes its place when the block ends well, and a reader never sees a part of it.

    Raises:
        ExportError: It cannot be written (folder, rights, full disk). What stood at ``path`` before is intact.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise ExportError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def safe_name(id_: str, suffix: str) -> str:
    """Return a file name made of an id and nothing that the product says of itself.

    Raises:
        ExportError: The id has a character that ids do not have.
    """
    if not id_ or not all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in id_):
        raise ExportError(f"{id_!r} is not an id (ASCII letters, digits, '-', '_'), so no file can be named by it")
    return id_ + suffix
