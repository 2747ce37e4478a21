"""``export`` writes what the ledger holds, in a format of the table."""

import json
from pathlib import Path

import pytest
from cli_cases import CHILD, NURSE, PILOT, build_run

from simulator.cli.main import main
from simulator.exports.formats import FORMATS

Shown = pytest.CaptureFixture[str]


def test_without_a_format_the_formats_are_listed(tmp_path: Path, capsys: Shown) -> None:
    root = build_run(tmp_path / "run")
    assert main(["export", str(root)]) == 0
    shown = capsys.readouterr().out
    assert FORMATS
    assert all(name in shown for name in FORMATS)


def test_jsonl_holds_every_record(tmp_path: Path, capsys: Shown) -> None:
    root, out = build_run(tmp_path / "run"), tmp_path / "elsewhere"
    assert main(["export", str(root), "--to", "jsonl", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for kind, count in told["counts"].items():
        file = out / f"{kind}.jsonl"
        assert (len(file.read_text("utf-8").splitlines()) if file.exists() else 0) == count
    assert main(["show", str(root), "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert told["counts"] == {kind: held.get(kind, 0) for kind in told["counts"]}


def test_it_goes_into_the_run_directory_by_default(tmp_path: Path, capsys: Shown) -> None:
    root = build_run(tmp_path / "run")
    assert main(["export", str(root), "--to", "jsonl"]) == 0
    assert (root / "products" / "tools.jsonl").read_text("utf-8").count("\n") == 1
    assert str(root / "products") in capsys.readouterr().out.replace("\n", "")  # a long path is folded


@pytest.mark.parametrize("to", ["messages", "messages-trl", "sharegpt", "alpaca"])
def test_rows_of_conversations_have_ids_where_asked_and_the_file_is_named(
    to: str, tmp_path: Path, capsys: Shown
) -> None:
    root = build_run(tmp_path / "run")
    file = root / "exports" / f"conversations.{to}.jsonl"
    assert main(["export", str(root), "--to", to]) == 0
    assert f"conversations.{to}.jsonl" in capsys.readouterr().out.replace("\n", "")
    (plain,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert main(["export", str(root), "--to", to, "--with-ids"]) == 0
    (row,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert {key: value for key, value in row.items() if key not in ("id", "persona")} == plain
    assert (row["id"][:2], row["persona"][:2]) == ("c-", "p-")
    capsys.readouterr()
    assert main(["export", str(root), "--to", "csv", "--with-ids"]) == 2
    assert "--with-ids goes with formats of conversations" in capsys.readouterr().err


def test_the_file_that_a_format_names_is_the_one_it_writes(tmp_path: Path, capsys: Shown) -> None:
    root = build_run(tmp_path / "run")
    for name, one in FORMATS.items():
        if one.file and name != "xlam":  # the run's tool has no worked example
            assert main(["export", str(root), "--to", name, "--out", str(tmp_path / name)]) == 0, (
                capsys.readouterr().err
            )
            assert [path.name for path in (tmp_path / name).iterdir()] == [one.file]


def test_an_unknown_format_names_those_that_there_are(tmp_path: Path, capsys: Shown) -> None:
    root = build_run(tmp_path / "run")
    assert main(["export", str(root), "--to", "papyrus"]) == 2
    assert "'papyrus' is not a format; allowed: " + ", ".join(FORMATS) in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, capsys: Shown) -> None:
    root, file = build_run(tmp_path / "run"), tmp_path / "file"
    file.write_text("not a folder", encoding="utf-8")
    assert main(["export", str(root), "--to", "jsonl", "--out", str(file / "below")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_lint_names_the_rows_and_writes_those_that_are_left(tmp_path: Path, capsys: Shown) -> None:
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    bad = {"messages": [{"role": "assistant", "content": "x"}, *good["messages"]]}
    path, fixed = tmp_path / "rows.jsonl", tmp_path / "fixed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (good, bad, {"messages": []})))
    assert main(["lint", str(path)]) == 1
    shown = capsys.readouterr()
    assert "role_order" in shown.out
    assert "no_messages" in shown.out
    assert main(["lint", str(path), "--fix", str(fixed), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["written"], told["fixed: role_order"], told["dropped: no_messages"]) == (2, 1, 1)
    assert [json.loads(line) for line in fixed.read_text().splitlines()] == [good, good]
    assert main(["lint", str(fixed)]) == 0


@pytest.mark.parametrize("to", ["graphml", "gexf", "node-link", "csv", "graph-html"])
def test_the_graph_around_a_person(tmp_path: Path, capsys: Shown, to: str) -> None:
    root = build_run(tmp_path / "run")
    arguments = ["export", str(root), "--to", to, "--around", "harbour pilot", "--json", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--hops", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"personas": 3, "relations": 2}
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "out").iterdir())
    assert PILOT in written
    assert NURSE in written
    assert CHILD not in written
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"personas": 6, "relations": 6}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--to", "jsonl", "--around", "harbour pilot"],
            "go with formats of the graph (graphml, gexf, node-link, csv,",
        ),
        (["--to", "graphml", "--hops", "2"], "name the person with --around"),
        (["--to", "graphml", "--around", "harbour pilot", "--hops", "7"], "0 to 6 are allowed"),
        (["--to", "graph-html", "--around", "nobody at all"], "No persona has"),
        (["--to", "graph-html", "--around", "village"], "2 personas fit"),
        (["--around", "harbour pilot"], "need a format"),
    ],
)
def test_a_part_that_cannot_be_exported_is_said(tmp_path: Path, capsys: Shown, options: list[str], said: str) -> None:
    root = build_run(tmp_path / "run")
    assert main(["export", str(root), *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (root / "exports").exists()
