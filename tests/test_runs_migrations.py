"""A ledger of an older version is brought up to this one, or refused with a reason; never damaged."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from simulator.errors import LedgerError, RunDirectoryError
from simulator.models.message import Reply, Usage
from simulator.runs import connection as connection_module
from simulator.runs import migrations
from simulator.runs.ledger import Ledger

OLD = (Path(__file__).parent / "data" / "ledger-1.sql").read_text(encoding="utf-8")
REPLY = "INSERT INTO replies VALUES ('k', 'm', 'extractor', 'extract', 'stop', 'hello', 7, 2, 1, 0)"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD)
    connection.execute(REPLY)
    connection.commit()
    connection.close()
    return path


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [row[1:] for row in connection.execute(f"PRAGMA table_info({name})")] for name in sorted(tables)}


def test_an_old_ledger_is_brought_up_to_date_and_keeps_what_it_holds(old: Path, tmp_path: Path) -> None:
    with Ledger.open(old) as ledger:
        kept = asyncio.run(ledger.get_reply("k"))
        assert kept == Reply(text="hello", finish="stop", model="m", usage=Usage(prompt=7, completion=2, cached=1))
        assert kept.usd is None, "what it cost is not known, and not guessed"
        asyncio.run(ledger.put_reply("new", kept.model_copy(update={"usd": 0.25}), role="r", stage="s"))
        assert asyncio.run(ledger.get_reply("new")).usd == 0.25
    with Ledger.open(tmp_path / "new.sqlite", create=True):
        pass
    assert shape(old) == shape(tmp_path / "new.sqlite")


def test_of_an_old_ledger_a_copy_is_read_and_the_file_stays_as_it_is(old: Path) -> None:
    before = {path.name: path.read_bytes() for path in old.parent.iterdir()}
    with Ledger.open(old, writable=False) as ledger:
        assert ledger.outdated
        kept = asyncio.run(ledger.get_reply("k"))
        assert (kept.text, kept.usd) == ("hello", None)
        assert ledger.retries() == {}
        assert ledger.finding("x") is None
        with ledger.snapshot():
            assert ledger.count("batches") == 0
        with pytest.raises(LedgerError, match="readonly"):
            list(ledger.rows("DELETE FROM replies"))
    assert {path.name: path.read_bytes() for path in old.parent.iterdir()} == before
    with Ledger.open(old) as ledger:
        assert not ledger.outdated
    with Ledger.open(old, writable=False) as ledger:
        assert not ledger.outdated, "it was brought up to date"


def test_a_copy_that_finds_no_room_is_told_with_what_to_do(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(connection: sqlite3.Connection, version: int) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(connection_module, "migrate", full)
    told = (
        r"version 1, now \d+\), and no copy .*: database or disk is full. Name a folder .*'sixhop resume .* up to date"
    )
    with pytest.raises(RunDirectoryError, match=told):
        Ledger.open(old, writable=False)


def test_a_migration_that_fails_leaves_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {2: (*migrations.MIGRATIONS[2], "CREATE TABLE replies (twice)")}
    monkeypatch.setattr(migrations, "MIGRATIONS", broken)
    before = shape(old)
    with pytest.raises(LedgerError):
        Ledger.open(old)
    assert shape(old) == before
    assert sqlite3.connect(old).execute("PRAGMA user_version").fetchone() == (1,)
