"""Texts are read from files, folders, globs and rows; what is bad is recorded with its place."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.scenario.sources import Texts
from simulator.scenario.texts import read_texts


def section(*paths: str, **more: object) -> Texts:
    return Texts.model_validate({"paths": list(paths), **more})


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name, text in (("b.txt", "the second"), ("a.md", "\ufeffthe first\n\nof two\n"), ("c.png", "no text")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts, failures = read_texts(section("."), tmp_path)
    assert [(text.text, text.source) for text in texts] == [("the first\n\nof two", "a.md"), ("the second", "b.txt")]
    assert not failures


def test_a_glob_finds_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("deep")
    texts, _ = read_texts(section("**/*.txt"), tmp_path)
    assert [text.text for text in texts] == ["deep"]


def test_each_bad_row_is_a_failure_with_its_line(tmp_path: Path) -> None:
    rows = [
        json.dumps({"body": "a good one"}),
        "{broken",
        json.dumps({"other": 1}),
        json.dumps({"body": 5}),
        json.dumps({"body": "  "}),
        json.dumps({"body": "a  good one "}),
        "[" * 100_000,
        '{"body": "\\ud800 mended"}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    texts, failures = read_texts(section("rows.jsonl", field="body"), tmp_path)
    assert [text.text for text in texts] == ["a good one", "\ufffd mended"]
    assert [failure.unit for failure in failures] == [f"row rows.jsonl:{n}" for n in (2, 3, 4, 5, 6, 7)]
    reasons = [
        "not JSON",
        "no field 'body'; it has 'other'",
        "is a number",
        "empty",
        "same text as rows.jsonl:1",
        "JSON",
    ]
    for failure, reason in zip(failures, reasons, strict=True):
        assert reason in failure.message


def test_a_file_that_is_not_utf8_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    (tmp_path / "good.txt").write_text("fine")
    texts, failures = read_texts(section("."), tmp_path)
    assert len(texts) == 1
    assert "not UTF-8" in failures[0].message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.txt", "none.txt' does not exist"),
        ("no*.txt", "nothing fits"),
        ("a.png", "not a text file"),
        ("\0", "not a path"),
    ],
)
def test_a_wrong_path_is_an_error(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match=message):
        read_texts(section(path), tmp_path)


def test_nothing_but_empty_texts_is_an_error_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(InputError, match=r"no text to start from \(empty\.txt: it is empty\)"):
        read_texts(section("empty.txt"), tmp_path)


def test_the_limit_keeps_the_first(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"text": f"text {n}"}) for n in range(9)))
    texts, _ = read_texts(section("rows.jsonl", limit=2), tmp_path)
    assert [text.text for text in texts] == ["text 0", "text 1"]


def test_rows_of_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.jsonl").write_text(json.dumps({"text": f"good {folder}"}) + '\n{"text": ""}\n')
    texts, failures = read_texts(section("a", "b"), tmp_path)
    assert [text.source for text in texts] == ["a/rows.jsonl:1", "b/rows.jsonl:1"]
    assert [failure.unit for failure in failures] == ["row a/rows.jsonl:2", "row b/rows.jsonl:2"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name)
    texts, failures = read_texts(section("b.txt", "*.txt", "."), tmp_path)
    assert [text.source for text in texts] == ["b.txt", "a.txt"]
    assert not failures


def test_what_is_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    rows = [json.dumps({"text": "one"}), "{broken", json.dumps({"text": "two"}), "{broken", json.dumps({"text": "one"})]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    (tmp_path / "z.txt").write_bytes(b"caf\xe9")
    texts, failures = read_texts(section("rows.jsonl", "z.txt", limit=2), tmp_path)
    assert [text.text for text in texts] == ["one", "two"]
    assert [failure.unit for failure in failures] == ["row rows.jsonl:2"]


def test_what_is_missing_can_be_installed_for_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError) as caught:
        read_texts(section("a.parquet"), tmp_path)
    assert f"{shlex.quote(sys.executable)} -m pip install pyarrow" in str(caught.value)


def test_a_folder_without_texts_and_a_link_to_nothing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    with pytest.raises(InputError, match=r"has no file that can be read; allowed: \.txt, \.md"):
        read_texts(section("texts"), tmp_path)
    (folder / "a.txt").write_text("a text")
    (folder / "b.txt").symlink_to(tmp_path / "gone.txt")
    texts, failures = read_texts(section("texts"), tmp_path)
    assert [text.source for text in texts] == ["a.txt"]
    assert [(one.unit, one.message) for one in failures] == [("row b.txt", "it is a link to nothing")]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_texts(section("~/texts/a.txt"), Path("/"))[0][0].text == "a text"
