"""Connections to the file of a ledger."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from simulator.errors import RunDirectoryError
from simulator.runs.migrations import SCHEMA_VERSION, migrate
from simulator.runs.versions import known_version

__all__ = ["connect", "connect_to_read", "instead_of", "is_copy"]

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

    Of a ledger of an older version a copy is read, as it is at this moment and brought up to date: a nameless database
    that SQLite keeps in memory and in its folder for temporary files, and that is gone when it is closed.

    Raises:
        RunDirectoryError: The file is another program's or of a newer version, its log cannot be read, or there is no
            room for a copy.
        sqlite3.Error: It is damaged or locked, or it cannot be read.
    """
    try:
        return _reader(path, "mode=ro")
    except sqlite3.OperationalError as error:
        unwritable = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not unwritable or not os.access(path, os.R_OK) or path.with_name(f"{path.name}-journal").exists():
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
        version = known_version(reader, path)
        if version == SCHEMA_VERSION:
            return reader
        copy = _copy_up_to_date(reader, path, version)
    except BaseException:
        reader.close()
        raise
    reader.close()
    return copy


def _copy_up_to_date(reader: sqlite3.Connection, path: Path, version: int) -> sqlite3.Connection:
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        reader.backup(copy)
        migrate(copy, version)
        copy.execute("PRAGMA query_only = ON")
    except sqlite3.OperationalError as error:
        copy.close()
        raise RunDirectoryError(
            f"the ledger {str(path)!r} was written by an older Sixhop (version {version}, now {SCHEMA_VERSION}), and "
            f"no copy of it can be brought up to date to be read: {error}. Name a folder with room in SQLITE_TMPDIR, "
            f"or let 'sixhop resume {path.parent}' bring the ledger itself up to date"
        ) from error
    except BaseException:
        copy.close()
        raise
    return copy


def is_copy(connection: sqlite3.Connection) -> bool:
    """Return whether a copy of the ledger is read, and not the file itself."""
    return not connection.execute("PRAGMA database_list").fetchone()[2]


def instead_of(ledger: Path) -> str:
    """Return what there is where ``ledger`` is missing: nothing, runs in folders of their own, or something else."""
    folder = ledger.parent
    if not folder.exists():
        return "it does not exist"
    runs = [str(path.parent) for path in sorted(folder.glob(f"*/{ledger.name}"))]
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"name one of the runs in it: {', '.join(runs[:_NAMED])}{more}" if runs else f"it has no {ledger.name}"
