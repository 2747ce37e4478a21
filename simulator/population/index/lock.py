"""One process at a time: two that write in one Chroma folder damage it without an error."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["FolderLock", "is_locked"]


LOCK = "lock.sqlite"


class FolderLock:
    """A lock that its process cannot leave behind, not even when killed.

    It is an exclusive transaction in an empty SQLite file: the operating system takes it back with the process, and
    it works wherever SQLite does.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """Return the lock of ``folder``; ``None`` if somebody else has it."""
        try:
            return cls._take(folder)
        except sqlite3.DatabaseError:
            # Somebody wrote into the file: nothing is in it, so a new one is as good.
            (folder / LOCK).unlink()
            return cls._take(folder)

    @classmethod
    def _take(cls, folder: Path) -> FolderLock | None:
        # Closed by whichever thread ends the run.
        connection = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            connection.close()
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                return None
            raise
        return cls(connection)

    def release(self) -> None:
        """Give the lock back."""
        self._connection.close()


def is_locked(database: Path) -> bool:
    """Return whether another process holds the SQLite file ``database``."""
    if not database.is_file():
        return False  # to connect would create it
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return False
