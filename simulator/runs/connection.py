"""Connections to the file of a ledger."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from simulator.errors import RunDirectoryError
from simulator.runs.versions import check_current

__all__ = ["connect", "connect_to_read", "instead_of"]

_NAMED = 8  # runs in a folder that an error names


def connect(path: Path) -> sqlite3.Connection:
    """Open for reading and writing, in WAL mode.

    Raises:
        sqlite3.Error: It is damaged, locked, or cannot be written.
    """
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open for reading, with what stands in the write-ahead log.

    In a folder that cannot be written SQLite opens the file only when it is told that nobody writes it; it leaves the
    log unread then, so that this is right only where there is none.

    Raises:
        RunDirectoryError: The file is another program's or of another version, or its log cannot be read.
        sqlite3.Error: It is damaged or locked, or it cannot be read.
    """
    try:
        return _reader(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if "unable to open" not in str(error) or not os.access(path, os.R_OK):
            raise
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise RunDirectoryError(
            f"the run in {str(path.parent)!r} was not closed (its newest rows stand in {log.name}), and the folder "
            f"cannot be written, so that they cannot be read; copy the whole folder to a writable place"
        )
    return _reader(path, "mode=ro&immutable=1")


def _reader(path: Path, mode: str) -> sqlite3.Connection:
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=5, check_same_thread=False)
    try:
        check_current(reader, path)
    except BaseException:
        reader.close()
        raise
    return reader


def instead_of(ledger: Path) -> str:
    """Return what there is where ``ledger`` is missing: nothing, runs in folders of their own, or something else."""
    folder = ledger.parent
    if not folder.exists():
        return "it does not exist"
    runs = [str(path.parent) for path in sorted(folder.glob(f"*/{ledger.name}"))]
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"name one of the runs in it: {', '.join(runs[:_NAMED])}{more}" if runs else f"it has no {ledger.name}"
