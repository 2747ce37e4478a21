"""A test that was stopped or killed goes on with ``sixhop resume`` and gives its verdict."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import story
from test_cli_trial import AGENT, desk, server, sixhop, write

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import EndpointError
from simulator.llm.fake_server import FakeServer, Fault

__all__ = ["desk", "server"]  # the fixtures that stand there


def test_a_stopped_test_is_gone_on_with_and_gives_its_verdict(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = ("test", desk / "desk.yaml", "--out", "a", "--threshold", "0.5", "--junit", "j.xml")
    code, _, err = sixhop(capsys, *said, "--max-calls", "20")
    assert code == 3
    again = shlex.split(err[err.index("Go on with:") :].splitlines()[1])
    assert again == ["sixhop", "resume", "a"]
    assert json.loads(Path("a/manifest.json").read_text())["test"] == {
        "threshold": 0.5,
        "junit": str(tmp_path / "j.xml"),
    }
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, out, _ = sixhop(capsys, "resume", "../a")
    assert (code, "8 of 8" in out, (tmp_path / "j.xml").exists()) == (0, True, True)
    monkeypatch.chdir(tmp_path)
    code, out, _ = sixhop(capsys, *said)
    assert (code, "8 of 8" in out) == (0, True), "the same command goes on as well"


def test_a_stopped_test_that_fails_says_so_when_it_is_gone_on_with(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, said = tmp_path / "a", ("--assistant", "agent.py:bad", "--cast-of", tmp_path / "whole")
    assert sixhop(capsys, "test", desk / "desk.yaml", "--out", tmp_path / "whole", "--threshold", "0.2", "-q")[0] == 0
    assert sixhop(capsys, "test", desk / "desk.yaml", "--out", root, *said, "--max-calls", "3", "-q")[0] == 3
    code, out, _ = sixhop(capsys, "resume", root, "-q")
    assert (code, "did not pass" in out) == (1, True), "the threshold is its own, and not that of whose cast it has"
    code, out, _ = sixhop(capsys, "resume", root, "--threshold", "0", "--junit", tmp_path / "k.xml", "--json", "-q")
    assert (code, json.loads(out)["passed"], json.loads(out)["threshold"]) == (0, True, 0.0)
    assert (tmp_path / "k.xml").exists()
    assert sixhop(capsys, "resume", root, "-q")[0] == 0, "what was said last holds"


def test_a_run_that_is_no_test_is_summed_up_and_can_be_made_one(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sixhop(capsys, "run", desk / "desk.yaml", "--out", tmp_path / "a", "-q")[0] == 0
    code, out, _ = sixhop(capsys, "resume", tmp_path / "a", "-q")
    assert (code, "desk is done" in out) == (0, True)
    code, out, _ = sixhop(capsys, "resume", tmp_path / "a", "--threshold", "0.9", "-q")
    assert (code, "8 of 8" in out, "desk is done" in out) == (0, True, False)
    plain = write(desk / "plain.yaml", assistant=None, checks=[])
    assert sixhop(capsys, "run", plain, "--out", tmp_path / "b", "-q")[0] == 0
    code, _, said = sixhop(capsys, "resume", tmp_path / "b", "--threshold", "0.9", "-q")
    assert (code, "tests nothing" in said) == (2, True)


def test_what_a_function_of_the_users_said_is_not_asked_for_again(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "checks.py").write_text(
        "from pathlib import Path\n"
        "def asked(conversation, state):\n"
        "    with Path(__file__).with_name('asked').open('a') as file:\n"
        "        file.write(conversation['id'] + '\\n')\n"
        "    return True\n"
    )
    rubric = {"name": "rude", "rubric": "The assistant is rude.", "absent": True}
    path = write(tmp_path / "desk.yaml", checks=[{"name": "asked", "python": "checks.py:asked"}, rubric], count=4)
    models = story.models()

    def gone(request: Any) -> Any:
        return EndpointError("the endpoint is gone")

    with simulate_sync(path, tmp_path / "a", models={**models, "judge": story.ScriptedModel(gone)}) as run:
        assert {one.cause for one in run.failures if one.stage == "check"} == {"endpoint"}
        assert not run.outcomes
    asyncio.run(resume(tmp_path / "a", models=models)).close()
    with open_run(tmp_path / "a") as run:
        outcomes = run.outcomes
    asked = (tmp_path / "asked").read_text().split()
    assert len(outcomes) == len(asked) == len(set(asked)) == 4
    assert all(check.passed for one in outcomes for check in one.checks if check.name == "asked")


def test_retry_of_a_test_names_what_gives_its_verdict(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], server: FakeServer
) -> None:
    server.faults.append(Fault.error(400, "not today"))
    assert sixhop(capsys, "test", desk / "desk.yaml", "--out", tmp_path / "a", "--threshold", "0", "-q")[0] == 0
    code, out, _ = sixhop(capsys, "retry", tmp_path / "a", "-q")
    assert (code, "1 of 1 failed units are done now" in out) == (0, True), out
    assert shlex.join(["sixhop", "resume", str(tmp_path / "a")]) in out
    assert sixhop(capsys, "resume", tmp_path / "a", "-q")[0] == 0
