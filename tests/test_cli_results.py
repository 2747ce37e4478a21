"""What a run says it came to: what is empty, what could not be read, what was held; and its exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import story
import yaml
from story import responder

from simulator.cli.main import main
from simulator.evidence.compare import Comparison, Difference
from simulator.llm.fake_server import FakeServer, default_responder, in_thread
from simulator.runs.directory import RunDirectory


def answers(body: dict[str, Any]) -> str:
    """Answer as the story does, but for NPCs, of which nothing comes."""
    npc = "greeting" in json.dumps(body.get("response_format") or {})
    return default_responder(body) if npc else responder(body)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with in_thread(FakeServer(answers)) as there:
        monkeypatch.setenv("SIXHOP_MODEL", f"{there.url}#fake")
        yield there


def write(folder: Path, **sections: Any) -> str:
    rows = [
        json.dumps({"text": path.read_text("utf-8")}) for path in sorted((story.ROOT / "scenarios/texts").glob("*.txt"))
    ]
    (folder / "texts.jsonl").write_text("\n".join([*rows[:6], "no JSON", '{"other": 1}']))
    data = {"name": "demo", "texts": "texts.jsonl", "cast": 3, "instructions": 1, **sections}
    (folder / "demo.yaml").write_text(yaml.safe_dump(data))
    return str(folder / "demo.yaml")


def sixhop(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_what_came_out_empty_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = write(tmp_path, npcs={"world": str(story.ROOT / "scenarios/worlds/saltmere")})
    code, out, err = sixhop(capsys, "run", scenario, "--out", tmp_path / "run")
    assert code == 1
    assert "0 of 3 NPCs" in out
    assert f"sixhop show {tmp_path}/run failures" in out
    assert f"sixhop retry {tmp_path}/run" in out
    assert "something that it was asked for is empty: 0 of 3 NPCs" in err
    assert f"Once more: sixhop retry {tmp_path}/run" in err
    assert "npcs: 3 units; 0 written, 3 failed" in err
    assert sixhop(capsys, "show", tmp_path / "run", "personas")[0] == 0
    code, out, _ = sixhop(capsys, "run", scenario, "--out", tmp_path / "run", "--json", "-q")
    assert (code, json.loads(out)["state"]) == (1, "done")


def test_bad_rows_are_told_and_a_new_index_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = write(tmp_path, conversations={"exchanges": 2})
    code, out, err = sixhop(capsys, "run", scenario, "--out", tmp_path / "run")
    assert code == 0
    assert "2 rows of the inputs could not be used" in out
    assert f"sixhop show {tmp_path}/run failures" in out
    assert "sixhop retry" not in out
    assert "3 held, 0 failed" in err
    assert "index" not in err


def test_a_directory_says_who_holds_it(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    assert directory.holder() == ""
    with directory.held():
        assert directory.holder() == str(os.getpid())
    assert directory.holder() == ""


def test_a_difference_is_shown_when_both_measures_say_so() -> None:
    def shown(p: float, high: float) -> bool:
        found = Difference(value=-0.4, low=-0.6, high=high, p=p)
        return Comparison.model_construct(difference=found).shown

    assert shown(0.01, -0.1)
    assert not shown(0.125, -0.1)
    assert not shown(0.01, 0.1)


def test_paths_that_lead_nowhere_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a/ledger.sqlite").touch()
    assert f"name one of the runs in it: {tmp_path}/runs/a" in sixhop(capsys, "show", tmp_path / "runs")[2]
    assert "it does not exist" in sixhop(capsys, "show", tmp_path / "gone")[2]
    scenario = write(tmp_path, personas="people", npcs={"world": "saltmere"})
    code, _, err = sixhop(capsys, "validate", scenario)
    assert code == 2
    assert f"personas.paths: '{tmp_path}/people' does not exist" in err
    assert "npcs.world: " in err
    assert "scenarios/worlds: halden, ninefords, saltmere" in err
