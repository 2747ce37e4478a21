"""Versions of the ledger: a new one is laid out, an older one brought up to date, everything else refused untouched."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

from simulator.errors import RunDirectoryError
from simulator.runs.migrations import SCHEMA_VERSION, migrate

__all__ = ["APPLICATION_ID", "check_file", "known_version", "prepare"]

APPLICATION_ID = 0x51C80B  # marks the file as ours (SQLite's application_id)
_JOURNAL = bytes.fromhex("d9d505f920a163d7")  # begins a rollback journal; pages before the transaction: bytes 16 to 19


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Lay out an empty file, or bring an older ledger up to date.

    Raises:
        RunDirectoryError: It is not a ledger of a known version.
        sqlite3.Error: It cannot be written; it is as it was.
    """
    if _is_empty(connection):
        script = (resources.files("simulator.runs") / "schema.sql").read_text(encoding="utf-8")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {script}\n{marks} COMMIT;")
    version = known_version(connection, path)
    if version < SCHEMA_VERSION:
        migrate(connection, version)


def check_file(path: Path) -> None:
    """Refuse what is not a ledger that this Sixhop may write, before anything is opened for writing.

    Raises:
        RunDirectoryError: It is another program's file, or of a newer version.
        sqlite3.Error: It is not an SQLite file, or it is damaged.
    """
    if not path.exists() or path.stat().st_size == 0 or _began_empty(path):
        return
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        if not _is_empty(reader):
            known_version(reader, path)
    finally:
        reader.close()


def _began_empty(path: Path) -> bool:
    """Return whether a transaction on the file was interrupted that had begun when the file was empty.

    A kill while a ledger is laid out can leave that. SQLite undoes it at the next opening for writing and cannot
    before, so that nothing can be read; but the head of the rollback journal tells how many pages there were.
    """
    try:
        with path.with_name(f"{path.name}-journal").open("rb") as journal:
            head = journal.read(20)
    except OSError:
        return False
    return head.startswith(_JOURNAL) and head[16:] == bytes(4)


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether nothing was laid out yet: a new file, or one whose creation was interrupted."""
    return not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]


def known_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a ledger.

    Raises:
        RunDirectoryError: It is no ledger, or of no known version.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise RunDirectoryError(f"{str(path)!r} is an SQLite file but not a Sixhop ledger; name another run directory")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not 1 <= version <= SCHEMA_VERSION:
        raise RunDirectoryError(
            f"the ledger {str(path)!r} has version {version}; this Sixhop reads versions 1 to {SCHEMA_VERSION}. "
            f"Use the Sixhop that wrote it, or start a new run directory"
        )
    return version
