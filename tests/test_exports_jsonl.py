"""JSONL: whole files or none, the same bytes for the same records, a reason where nothing is written."""

import json
import os
from pathlib import Path

import pytest
from cli_cases import build_run
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file, safe_name
from simulator.exports.jsonl import KINDS, export_jsonl, rows_of, write_jsonl
from simulator.models.instruction import Instruction
from simulator.runs.ledger import Ledger


def test_every_kind_of_a_run_is_written(tmp_path: Path) -> None:
    with Ledger.open(build_run(tmp_path / "run") / "ledger.sqlite", writable=False) as ledger:
        counts = export_jsonl(ledger, tmp_path / "out")
        assert set(counts) == set(KINDS)
        for kind, count in counts.items():
            lines = (tmp_path / "out" / f"{kind}.jsonl").read_text("utf-8").splitlines() if count else []
            assert len(lines) == count == sum(1 for _ in rows_of(ledger, kind))
        assert all(counts[kind] for kind in ("personas", "conversations", "npcs", "tools"))


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    with Ledger.open(build_run(tmp_path / "run") / "ledger.sqlite", writable=False) as ledger:
        for folder in ("one", "two"):
            export_jsonl(ledger, tmp_path / folder)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_kind_without_rows_leaves_no_file_that_looks_like_success(tmp_path: Path) -> None:
    (tmp_path / "tools.jsonl").write_text("{}\n", encoding="utf-8")
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        assert set(export_jsonl(ledger, tmp_path).values()) == {0}
    assert {file.name for file in tmp_path.glob("*.jsonl")} == {"failures.jsonl"}


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), max_size=5))
def test_a_line_is_a_row_whatever_stands_in_it(texts: list[str]) -> None:
    path = Path(os.environ.get("PYTEST_TMP", "/tmp")) / f"sixhop-{os.getpid()}.jsonl"
    rows = [Instruction(id=str(n), persona="p", text=text) for n, text in enumerate(texts)]
    try:
        assert write_jsonl(path, rows) == len(texts)
        lines = path.read_bytes().split(b"\n")[:-1]
        assert [json.loads(line)["text"] for line in lines] == texts
    finally:
        path.unlink(missing_ok=True)


def test_a_write_that_breaks_off_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"row": 1}])

    def rows():
        yield {"row": 2}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_jsonl(path, rows())
    assert path.read_text("utf-8") == '{"row":1}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(ExportError, match=r"rows\.jsonl' cannot be written"),
        atomic_file(tmp_path / "file" / "rows.jsonl"),
    ):
        pass


@pytest.mark.parametrize("id_", ["", "../up", "a/b", "n-1\n", "é", "a.b", "a b"])
def test_what_is_not_an_id_names_no_file(id_: str) -> None:
    with pytest.raises(ExportError, match="is not an id"):
        safe_name(id_, ".json")
    assert safe_name("n-0af3", ".json") == "n-0af3.json"
