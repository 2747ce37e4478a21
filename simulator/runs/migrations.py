"""How a ledger of an older version becomes one of this version: ordered steps, each whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

__all__ = ["MIGRATIONS", "SCHEMA_VERSION", "migrate"]

MIGRATIONS: Mapping[int, tuple[str, ...]] = {
    # What each reply cost, and the batches that a provider works on.
    2: (
        "ALTER TABLE replies ADD COLUMN usd REAL",
        "CREATE TABLE batches (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL,"
        " role TEXT NOT NULL, stage TEXT NOT NULL, state TEXT NOT NULL, remote TEXT NOT NULL, keys TEXT NOT NULL,"
        " told TEXT NOT NULL)",
    ),
    # Units that were given another try (sixhop retry).
    3: ("CREATE TABLE retries (unit TEXT PRIMARY KEY, times INTEGER NOT NULL CHECK (times > 0)) WITHOUT ROWID",),
    # What was found out by running code.
    4: ("CREATE TABLE findings (key TEXT PRIMARY KEY, stage TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",),
}
"""From the version before to this one: the statements that lead there. ``schema.sql`` is what all of them lead to."""

SCHEMA_VERSION = max(MIGRATIONS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a ledger of ``version`` up to :data:`SCHEMA_VERSION`; a kill in between leaves the old version, unharmed.

    Args:
        connection: In autocommit mode.
        version: What the ledger has now, 1 or more.

    Raises:
        sqlite3.Error: It could not be written; nothing was changed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version + 1, SCHEMA_VERSION + 1):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
