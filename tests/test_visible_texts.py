"""Texts of which nothing can be seen: no persona and no text to start from, but a row like any other where rows are kept."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from simulator.assembly import open_run
from simulator.cli.main import main
from simulator.errors import InputError
from simulator.scenario.sources import Texts
from simulator.scenario.texts import read_texts
from simulator.scenario.visible import unseen

PEOPLE = ["a midwife who cycles between three mountain villages", "a piano tuner who is losing the hearing in one ear"]
UNSEEN = ["\u200b\ufeff", "\x01\x02\x03\x04", "\u2800 \u3164", "\ufe0f", "\u202e\u2066", "\U000e0041", "\0", "\ufffd"]
SEEN = ["a", ".", "女", "\U0001f980", "\u200fא", "\u0301", "\ue000", "\u200ba\u200b", "a\ufffd"]

Shown = pytest.CaptureFixture[str]


def people(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"persona": text}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize("text", UNSEEN, ids=ascii)
def test_what_shows_nothing_is_told_by_its_code_points(text: str) -> None:
    told = unseen(text)
    assert told is not None
    assert told.startswith(f"it has no visible text, only U+{ord(text[0]):04X}")
    assert told.endswith(", ...") == (len(set(text)) > 3)


@pytest.mark.parametrize("text", SEEN, ids=ascii)
def test_a_single_sign_is_enough_to_be_a_text(text: str) -> None:
    assert unseen(text) is None


def test_a_row_that_shows_nothing_is_no_persona_whatever_the_filters(tmp_path: Path, capsys: Shown) -> None:
    file, out = people(tmp_path / "people.jsonl", [PEOPLE[0], *UNSEEN, " ", PEOPLE[1]]), tmp_path / "run"
    assert main(["import", str(file), "--out", str(out), "--filters", "none", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["admitted"], told["failed"]) == (len(UNSEEN) + 3, 2, len(UNSEEN) + 1)
    with open_run(out) as run:
        assert [one.text for one in run.personas] == PEOPLE
        assert run.failures[0].unit == "row people.jsonl:2"
        assert [one.message for one in run.failures] == [
            "it has no visible text, only U+200B, U+FEFF",
            "it has no visible text, only U+0001, U+0002, U+0003, ...",
            "it has no visible text, only U+2800, U+3164",
            "it has no visible text, only U+FE0F",
            "it has no visible text, only U+202E, U+2066",
            "it has no visible text, only U+E0041",
            "it has no visible text, only U+FFFD",
            "it has no visible text, only U+FFFD",
            "it is empty",
        ]
    nobody = people(tmp_path / "nobody.jsonl", UNSEEN)
    assert main(["import", str(nobody), "--out", str(tmp_path / "other"), "--filters", "none"]) == 2
    assert "nobody.jsonl:1: it has no visible text, only U+200B, U+FEFF" in capsys.readouterr().err


def test_one_of_an_older_run_is_left_there(tmp_path: Path, capsys: Shown) -> None:
    file, old, out = people(tmp_path / "people.jsonl", PEOPLE), tmp_path / "old", tmp_path / "new"
    assert main(["import", str(file), "--out", str(old), "--quiet"]) == 0
    with sqlite3.connect(old / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE personas SET text = ? WHERE seq = 1", ("\u200b",))
    ledger.close()
    capsys.readouterr()
    assert main(["import", str(old), "--out", str(out), "--filters", "none", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["admitted"], told["failed"]) == (1, 1)


def test_a_text_that_shows_nothing_is_a_bad_row(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\u200b\n\ufeff\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no text to start from \(a\.txt: it has no visible text, only U\+200B"):
        read_texts(Texts(paths=("a.txt",)), tmp_path)
    (tmp_path / "b.txt").write_text("The tide table of the north pier.", encoding="utf-8")
    texts, failures = read_texts(Texts(paths=("*.txt",)), tmp_path)
    assert ([one.source for one in texts], [one.unit for one in failures]) == (["b.txt"], ["row a.txt"])


def test_dedup_keeps_such_a_row_as_it_came(tmp_path: Path) -> None:
    file = people(tmp_path / "people.jsonl", [PEOPLE[0], "\u200b", "\u200b", "\u200d", "", PEOPLE[1]])
    lines = file.read_bytes().splitlines()
    assert main(["dedup", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert (tmp_path / "out" / "kept.jsonl").read_bytes().splitlines() == [lines[0], lines[1], lines[3], lines[5]]
    (rejected,) = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert (json.loads(rejected)["line"], json.loads(rejected)["stage"]) == (3, "exact")
    (failed,) = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert json.loads(failed) == {"line": 5, "problem": "it is empty"}
