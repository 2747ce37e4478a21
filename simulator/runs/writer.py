"""The one writer of a ledger: a thread that commits what is queued, many pieces in one transaction."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.errors import LedgerBusy, LedgerError, LedgerUnwritable

__all__ = ["Statement", "Writer", "ledger_error"]

_MOST_AT_ONCE = 512  # pieces in one transaction: keeps the wait for a commit short


@dataclass(frozen=True)
class Statement:
    """One SQL statement and its rows."""

    sql: str
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class _Piece:
    """Statements that are written together; ``settle`` is told, by the writer, why they were not, or ``None``."""

    statements: Sequence[Statement]
    settle: Callable[[LedgerError | None], None]


class Writer:
    """Commits pieces in the order in which they were given; a piece is written wholly or not at all.

    Args:
        connection: Used by the writer's thread alone from now on; closed by :meth:`close`.
        path: For messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._pieces: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sixhop-ledger", daemon=True)
        self._thread.start()

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write ``statements`` in one transaction; when this returns they survive a SIGKILL.

        They are queued before anything is awaited, and written even when the caller is cancelled: they were paid for.

        Raises:
            LedgerBusy: Another process has the file locked.
            LedgerUnwritable: Disk full, read-only, I/O error. Nothing of the piece was stored.
            LedgerError: The file is damaged or the writer is closed.
        """
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()

        def settle(error: LedgerError | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, stored, error)

        self._queue(_Piece(statements, settle))
        await stored

    def write_now(self, statements: Sequence[Statement]) -> None:
        """Like :meth:`write`, for callers without an event loop."""
        stored: Future[None] = Future()
        self._queue(_Piece(statements, partial(_settle, stored)))
        stored.result()

    def close(self) -> None:
        """Commit what is queued, close the connection and end the thread."""
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _queue(self, piece: _Piece) -> None:
        if not self._thread.is_alive():
            raise LedgerError(f"the ledger {self._path!r} is closed")
        self._pieces.put(piece)

    def _run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._take()
            if batch:
                self._commit(batch)
        self._connection.close()

    def _take(self) -> tuple[list[_Piece], bool]:
        batch: list[_Piece] = []
        piece = self._pieces.get()
        while piece is not None:
            batch.append(piece)
            if len(batch) >= _MOST_AT_ONCE:
                return batch, True
            try:
                piece = self._pieces.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: list[_Piece]) -> None:
        try:
            self._transaction(batch)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the piece; the thread must live
            if len(batch) > 1:  # one bad piece must not take the others with it
                for piece in batch:
                    self._commit([piece])
                return
            batch[0].settle(ledger_error(error, self._path))
            return
        for piece in batch:
            piece.settle(None)

    def _transaction(self, batch: list[_Piece]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for piece in batch:
                for statement in piece.statements:
                    self._connection.executemany(statement.sql, statement.rows)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _settle(stored: asyncio.Future[None] | Future[None], error: LedgerError | None) -> None:
    if stored.done():  # whoever waited was cancelled
        return
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)


def ledger_error(error: Exception, path: str) -> LedgerError:
    """Return our error for what SQLite (or the encoding of a value) said of the ledger at ``path``."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerBusy(f"the ledger {path!r} is locked by another process; end that process and resume")
    if any(word in text for word in ("full", "readonly", "read-only", "disk I/O", "unable to open")):
        return LedgerUnwritable(
            f"the ledger {path!r} cannot be written ({text}); what was stored before is intact: make room or give "
            f"write access, then resume"
        )
    if "malformed" in text or "not a database" in text:
        return LedgerError(f"the ledger {path!r} is damaged or not a ledger ({text}); restore it from a copy")
    return LedgerError(f"the ledger {path!r}: {text}")
