"""What is not a ledger of a known version is refused, and left as it was."""

import asyncio
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from test_runs_ledger import entry

from simulator.errors import LedgerError, RunDirectoryError
from simulator.runs.ledger import Ledger
from simulator.runs.migrations import SCHEMA_VERSION
from simulator.runs.versions import APPLICATION_ID


@pytest.mark.parametrize("number", [SCHEMA_VERSION + 1, 999, -1, 0])
def test_a_ledger_of_no_known_version_is_refused_and_not_touched(tmp_path: Path, number: int) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger.open(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
    before = path.read_bytes()
    for writable in (True, False):
        with pytest.raises(RunDirectoryError, match=f"has version {number}; this Sixhop reads versions 1 to"):
            Ledger.open(path, writable=writable)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (address TEXT)")
    connection.close()
    before = path.read_bytes()
    for writable in (True, False):
        with pytest.raises(RunDirectoryError, match="not a Sixhop ledger"):
            Ledger.open(path, writable=writable)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("damage", ["header", "truncated", "inside", "text"])
def test_a_damaged_ledger_is_told_and_not_touched(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path, create=True) as ledger:
        asyncio.run(ledger.commit([entry(number) for number in range(60)]))
    good = path.read_bytes()
    path.write_bytes(
        {
            "header": b"\0" * 100 + good[100:],
            "truncated": good[: len(good) // 2 + 100],
            "inside": good[:4096] + b"\xa5" * (len(good) - 4096),
            "text": b"these are notes, and no database at all\n" * 200,
        }[damage]
    )
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="is damaged or not a ledger"), Ledger.open(path, writable=False) as ledger:
        list(ledger.personas())
    with pytest.raises(LedgerError, match="is damaged or not a ledger"), Ledger.open(path) as ledger:
        list(ledger.personas())
    assert path.read_bytes() == before


def test_a_creation_that_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert path.stat().st_size > 0
    with Ledger.open(path, create=True) as ledger:
        asyncio.run(ledger.commit([entry(0)]))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


def _interrupted(path: Path, before: str) -> None:
    """Leave a file as a kill leaves it in the middle of a transaction, after it was written and before it was undone."""
    child = os.fork()
    if not child:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript(f"{before} PRAGMA cache_size = 1; BEGIN; CREATE TABLE notes (text);")
        connection.executemany("INSERT INTO notes VALUES (?)", [("x" * 900,)] * 200)  # more than the cache holds
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.stat().st_size > 0
    assert path.with_name(f"{path.name}-journal").stat().st_size > 0


def test_a_ledger_whose_layout_was_killed_is_laid_out_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    _interrupted(path, "")
    with Ledger.open(path, create=True) as ledger:
        assert list(ledger.personas()) == []
        assert next(ledger.rows("SELECT COUNT(*) FROM sqlite_master WHERE name = 'notes'")) == (0,)
    assert not path.with_name(f"{path.name}-journal").exists()


def test_another_programs_interrupted_transaction_is_not_undone_by_us(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    _interrupted(path, "CREATE TABLE bookmarks (address TEXT);")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(LedgerError):
        Ledger.open(path, create=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
