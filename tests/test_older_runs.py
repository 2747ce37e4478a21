"""Runs of an older version are read without being changed, whatever the command, and where nothing can be written."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_cases import build_run
from test_runs_ledger import read_without_rights
from test_runs_migrations import OLD, shape

from simulator.assembly import open_run
from simulator.assembly.personas import read_personas
from simulator.cli.main import main
from simulator.runs.ledger import Ledger
from simulator.scenario.sources import Personas

Shown = pytest.CaptureFixture[str]


def make_old(path: Path) -> None:
    """Take out of a ledger what came with later versions."""
    connection = sqlite3.connect(path, isolation_level=None)
    for table in ("batches", "retries", "findings"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("ALTER TABLE replies DROP COLUMN usd")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build_run(tmp_path / "run")


def test_an_old_ledger_is_made_as_the_first_version_was(root: Path, tmp_path: Path) -> None:
    make_old(root / "ledger.sqlite")
    sqlite3.connect(tmp_path / "first.sqlite").executescript(OLD).close()
    assert shape(root / "ledger.sqlite") == shape(tmp_path / "first.sqlite")


@pytest.mark.parametrize(
    "words",
    ["show", "show personas", "show conversation 1", "show units", "report", "graph stats", "graph stats --json",
     "export --to jsonl", "export --to graph-html"],
)  # fmt: skip
def test_what_reads_says_the_same_of_an_older_run(words: str, root: Path, capsys: Shown) -> None:
    command, *rest = words.split()
    out = ["--out", str(root.parent / "out")] if command == "export" else []
    given = [command, str(root), *rest, *out]
    told = []
    for old in (False, True):
        if old:
            make_old(root / "ledger.sqlite")
        before = (root / "ledger.sqlite").read_bytes()
        code = main(given)
        shown = capsys.readouterr()
        told.append((code, shown.out, written(root.parent / "out")))
        assert ("made by an older Sixhop: a copy of its ledger is brought up to" in shown.err) is old
        assert (root / "ledger.sqlite").read_bytes() == before
        shutil.rmtree(root.parent / "out", ignore_errors=True)
    assert told[0] == told[1]
    assert told[0][0] == 0


def written(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else place.rglob("*")
    return {path.name: path.read_bytes() for path in files if path.is_file()}


def test_an_older_run_gives_its_people_to_a_new_one(root: Path) -> None:
    with open_run(root) as run:
        people = [persona.text for persona in run.personas]
    make_old(root / "ledger.sqlite")
    found, failures = read_personas(Personas(paths=(str(root),)), root)
    assert ([one.text for one in found], failures) == (people, [])


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that everybody may enter; the test closes it to writing."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        yield folder
        folder.chmod(0o755)


@pytest.mark.skipif(platform.system() != "Linux", reason="who may write a folder")
def test_an_older_run_is_read_where_nothing_can_be_written(tmp_path: Path, unwritable: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        ledger.put_meta(state="done")
    make_old(tmp_path / "ledger.sqlite")
    shutil.copy(tmp_path / "ledger.sqlite", unwritable)
    before = (unwritable / "ledger.sqlite").read_bytes()
    assert read_without_rights(unwritable) == "done"
    assert [(path.name, path.read_bytes()) for path in unwritable.iterdir()] == [("ledger.sqlite", before)]
