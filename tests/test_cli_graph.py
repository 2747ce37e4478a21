"""``sixhop graph find`` on a run directory whose index is missing, damaged, locked or behind: told, and nothing lost."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_cases import CHILD, HERMIT, MIDWIFE, NURSE, PILOT, SISTER, TEACHER, TUNER, build_run

from simulator.cli.main import main
from simulator.models.persona import Persona, persona_id
from simulator.population.index.chroma import PersonaIndex
from simulator.runs.entry import Entry
from simulator.runs.ledger import Ledger

Shown = pytest.CaptureFixture[str]
PEOPLE = {PILOT, MIDWIFE, TUNER, HERMIT, SISTER, NURSE, CHILD, TEACHER}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = build_run(tmp_path_factory.mktemp("runs") / "harbour")
    assert main(["graph", str(root), "find", "a bird watcher", "--json"]) == 0
    return root


@pytest.fixture
def run(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "harbour"))


def find(run: Path, text: str, capsys: Shown, *more: str) -> tuple[list[dict[str, object]], str]:
    assert main(["graph", str(run), "find", text, "--json", *more]) == 0
    shown = capsys.readouterr()
    return json.loads(shown.out), shown.err


def test_the_nearest_in_meaning_come_first(run: Path, capsys: Shown) -> None:
    hits, told = find(run, "somebody who helps mothers to give birth", capsys, "-n", "3")
    assert told == ""
    assert len(hits) == 3
    assert hits[0]["text"] == MIDWIFE
    assert hits[0]["id"] == persona_id(MIDWIFE)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert main(["graph", str(run), "find", "birth"]) == 0
    assert "cosine" in capsys.readouterr().out


def _delete(run: Path) -> None:
    shutil.rmtree(run / "index")


def _garble(run: Path) -> None:
    generator = random.Random(4)
    for path in (run / "index").rglob("*"):
        if path.is_file() and path.name != "seal.json":
            path.write_bytes(generator.randbytes(path.stat().st_size))


def _truncate(run: Path) -> None:
    database = next((run / "index").rglob("chroma.sqlite3"))
    database.write_bytes(database.read_bytes()[:5_000])


def _another(run: Path) -> None:
    shutil.rmtree(run / "index")
    (run / "index").write_text("not a folder")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(_delete, "missing"), (_garble, "damaged"), (_truncate, "damaged"), (_another, "cannot be used")],
)
def test_whatever_befalls_the_index_everybody_is_found(
    run: Path, harm: Callable[[Path], None], reason: str, capsys: Shown
) -> None:
    before, _ = find(run, "lonely people", capsys, "-n", "100")
    harm(run)
    after, told = find(run, "lonely people", capsys, "-n", "100")
    assert reason in told
    assert "from the ledger" in told or "of the ledger" in told
    assert {hit["text"] for hit in after} == PEOPLE
    assert [hit["id"] for hit in after] == [hit["id"] for hit in before]
    again, told = find(run, "lonely people", capsys, "-n", "100")
    assert again == after
    assert told == "" or reason == "cannot be used"


def test_an_index_that_another_process_has_is_left_alone(run: Path, capsys: Shown) -> None:
    before, _ = find(run, "a child", capsys)
    holder = sqlite3.connect(run / "index" / "lock.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    files = {path: path.stat().st_mtime_ns for path in (run / "index").rglob("*") if path.is_file()}
    after, told = find(run, "a child", capsys)
    assert "another process has it" in told
    assert [hit["id"] for hit in after] == [hit["id"] for hit in before]
    assert files == {path: path.stat().st_mtime_ns for path in (run / "index").rglob("*") if path.is_file()}
    holder.close()
    assert find(run, "a child", capsys)[1] == ""


def test_a_full_disk_is_no_reason_not_to_answer(run: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = find(run, "a child", capsys)
    shutil.rmtree(run / "index")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PersonaIndex, "add", full)
    after, told = find(run, "a child", capsys)
    assert "No space left on device" in told
    assert [hit["id"] for hit in after] == [hit["id"] for hit in before]
    monkeypatch.undo()
    assert "missing or unfinished" in find(run, "a child", capsys)[1]
    assert find(run, "a child", capsys)[1] == ""


def test_people_who_came_later_are_taken_in(run: Path, capsys: Shown) -> None:
    text = "a falconer who keeps gulls away from an airfield"
    with Ledger.open(run / "ledger.sqlite") as ledger:
        person = Persona(id=persona_id(text), text=text, hop=0, origin="import", source="row 1")
        asyncio.run(ledger.commit([Entry(unit=None, result=None, personas=[person])]))
    hits, told = find(run, "falconry", capsys, "-n", "1")
    assert hits[0]["text"] == text
    assert "8 of 9" in told
    assert "not used" not in told


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["find", "  "], "nothing to look for"),
        (["neighbours", "who"], "8 personas fit"),
        (["path", "p-", "x"], "fit 'p-'"),
    ],
)
def test_what_cannot_be_answered_is_said(run: Path, words: list[str], part: str, capsys: Shown) -> None:
    assert main(["graph", str(run), *words]) == 2
    shown = capsys.readouterr()
    assert part in shown.err
    assert shown.out == ""


def test_an_ambiguous_name_lists_who_is_meant(run: Path, capsys: Shown) -> None:
    assert main(["graph", str(run), "neighbours", "hospital"]) == 0
    assert main(["graph", str(run), "neighbours", "village"]) == 2
    shown = capsys.readouterr().err
    for text in (MIDWIFE, TEACHER):
        assert f"{persona_id(text)[:10]}  {text[:40]}" in shown
    assert main(["graph", str(run), "within", f"'{CHILD.upper()}'", "--hops", "1"]) == 0
    assert main(["graph", str(run), "within", persona_id(CHILD).removeprefix("p-")[:9]]) == 0
