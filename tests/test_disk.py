"""Full disks, I/O errors, locked and read-only ledgers: a clear error, and the run goes on when it can."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import story

from simulator.assembly import simulate_sync
from simulator.errors import LedgerBusy, LedgerError, LedgerUnwritable
from simulator.models.base import content_hash
from simulator.runs import ledger as ledger_module
from simulator.runs.ledger import Ledger

ROOT = Path(__file__).parent.parent

FAULTS = {
    "database or disk is full": LedgerUnwritable,
    "disk I/O error": LedgerUnwritable,
    "attempt to write a readonly database": LedgerUnwritable,
    "unable to open database file": LedgerUnwritable,
    "database is locked": LedgerBusy,
}


class Faulty:
    """A connection whose every transaction fails the first time that it is tried, in one way and place after another."""

    def __init__(self, connection: sqlite3.Connection, seen: dict[str, str]) -> None:
        self._connection = connection
        self._seen = seen
        self._parts: list[str] = []

    def execute(self, sql: str, *values: Any) -> Any:
        if sql.startswith("BEGIN"):
            self._parts = []
        if sql == "COMMIT":
            self._fail_once("commit", "".join(self._parts))
        return self._connection.execute(sql, *values)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
        self._parts.append(content_hash(sql, [list(map(str, row)) for row in rows]))
        self._fail_once("statement", self._parts[-1])
        return self._connection.executemany(sql, rows)

    def _fail_once(self, place: str, content: str) -> None:
        key = f"{place} {content}"
        if key not in self._seen:
            self._seen[key] = list(FAULTS)[len(self._seen) % len(FAULTS)]
            raise sqlite3.OperationalError(self._seen[key])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def break_writes(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let every statement and every commit of every ledger's writer fail once; return what failed."""
    failed: dict[str, str] = {}
    writer = ledger_module.Writer
    monkeypatch.setattr(ledger_module, "Writer", lambda connection, path: writer(Faulty(connection, failed), path))
    return failed


def scenario() -> Any:
    return story.scenario(
        concurrency=4,
        texts={"paths": "scenarios/texts", "limit": 3},
        expand={"hops": 1, "per_persona": 1},
        cast={"size": 2},
        conversations={"exchanges": 1, "count": 1},
        npcs=None,
    )


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def test_every_write_may_fail_and_the_run_goes_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_sync(scenario(), tmp_path / "whole", models=story.models()).close()
    models, root, seen = story.models(), tmp_path / "run", break_writes(monkeypatch)
    told: list[LedgerError] = []
    while True:
        try:
            simulate_sync(scenario(), root, models=models).close()
            break
        except LedgerError as error:
            told.append(error)
            with Ledger.open(root / "ledger.sqlite", writable=False) as ledger:
                assert next(ledger.rows("PRAGMA integrity_check"))[0] == "ok"
        assert len(told) <= len(seen), "an execution failed without a fault"
    assert len(seen) > 60
    assert {type(error) for error in told} == set(FAULTS.values())
    for error in told:
        assert str(root / "ledger.sqlite") in str(error)
        assert "resume" in str(error)
    assert products(root) == products(tmp_path / "whole")


def test_a_ledger_that_another_program_locks_is_told(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ledger._writing()._connection.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(LedgerBusy, match="locked by another process"):
            ledger.put_meta(a=1)
        other.execute("ROLLBACK")
        ledger.put_meta(a=2)
        assert ledger.meta("a") == 2
        other.close()


def run_harness(way: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "tests/disk_harness.py", "--way", way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    if done.returncode and "mount" in done.stderr and "kill_child" not in done.stderr:
        pytest.skip("a file system cannot be mounted here")
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["rlimit", "tmpfs"])
def test_a_full_disk_at_any_size_is_told_and_the_run_goes_on_when_there_is_room(way: str) -> None:
    """The harness compares the products of each run that it went on with (see its first lines)."""
    if way == "tmpfs" and os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    told = run_harness(way)
    errors = [one["error"] for one in told]
    assert errors[0] == "LedgerUnwritable"
    assert set(errors) <= {"LedgerUnwritable", "RunUnwritable", "ExportError", None}
    assert errors.count("LedgerUnwritable") >= 4
    for one in told:
        assert one["error"] is None or "cannot be written" in one["message"], one
