"""``sixhop test`` and ``sixhop compare``: exit codes, JUnit, frozen casts, what flipped, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import story
import yaml
from story import responder

from simulator.assembly import Overrides, assert_scenario, open_run
from simulator.cli.main import main
from simulator.errors import InputError, ScenarioError
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.runs.ledger import Ledger

AGENT = """
def good(messages):
    asked = messages[-1]["content"]
    return f"I understand that you ask this: {asked[:40]}... It is settled now, number {len(messages)}."

def bad(messages):
    if "tax" in messages[-1]["content"] or "heater" in messages[-1]["content"]:
        return "I do not know anything of that sort."
    return good(messages)

def raising(messages):
    return ask_the_back_office()

def ask_the_back_office():
    raise RuntimeError("the back office is closed \\x00 today")

print("loaded")

def chatty(messages):
    print("asked", len(messages))
    return good(messages)

def long_enough(conversation, state):
    return len(conversation["turns"]) >= 4, f"{len(conversation['turns'])} turns"

def wrong(conversation, state):
    return conversation["no such key"]
"""
CHECKS: list[dict[str, Any]] = [
    {"name": "settled", "regex": "it is settled", "where": "last"},
    {"name": "long", "python": "agent.py:long_enough"},
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scenario file with an agent beside it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "agent.py").write_text(AGENT)
    write(folder / "desk.yaml")
    return folder


def write(path: Path, **talks: Any) -> Path:
    sections = {
        "name": "desk",
        "seed": 11,
        "texts": {"paths": str(story.ROOT / "scenarios/texts"), "limit": 12},
        "cast": {"size": 8},
        "instructions": {},
        "conversations": {"exchanges": 2, "assistant": "agent.py:good", "checks": CHECKS, **talks},
    }
    path.write_text(yaml.safe_dump(sections))
    return path


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with in_thread(FakeServer(responder)) as there:
        monkeypatch.setenv("SIXHOP_MODEL", f"{there.url}#fake")
        yield there


def sixhop(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_test_passes_fails_and_writes_junit(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit = tmp_path / "junit.xml"
    code, out, _ = sixhop(capsys, "test", desk / "desk.yaml", "--out", tmp_path / "a", "--junit", junit, "-q")
    assert code == 0
    assert "passed" in out
    assert "8 of 8" in out
    suite = Xml.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("8", "0", "0")

    broken = ("test", desk / "desk.yaml", "--out", tmp_path / "b", "--assistant", "agent.py:raising", "--junit", junit)
    code, out, _ = sixhop(capsys, *broken, "-q")
    assert code == 1
    assert "raised 8" in out
    assert "did not pass (8), by cause" in out
    assert "it failed (raised): RuntimeError: the back" in " ".join(out.split())
    assert "without them" not in out  # all of it is the assistant's doing
    suite = Xml.parse(junit).getroot()[0]
    assert suite.get("failures") == "8"
    assert suite.findall("testcase")[0][0].get("message", "").startswith("the assistant's: answered: ")
    assert "## Test" in (tmp_path / "b" / "report" / "report.md").read_text("utf-8")
    code, out, _ = sixhop(capsys, "report", tmp_path / "b")
    assert "it failed (raised): RuntimeError: the back" in " ".join(out.split())
    assert "the back office is closed \ufffd today" in suite.findall("testcase")[0][0].get("message", "")

    told = "turn 1 of the assistant: RuntimeError: the back office is closed \ufffd today (at agent.py:"
    assert told in suite.findall("testcase")[0][0].get("message", "")
    assert "in ask_the_back_office, from agent.py:" in suite.findall("testcase")[0][0].get("message", "")
    _, shown, _ = sixhop(capsys, "show", tmp_path / "b", "conversation", 1)
    assert "in ask_the_back_office" in " ".join(shown.split())
    logged = (tmp_path / "b/logs/run.jsonl").read_text("utf-8")
    assert "Traceback (most recent call last)" in logged
    code, out, _ = sixhop(capsys, *broken, "--threshold", "0", "--json")
    assert (code, json.loads(out)["overall"]["rate"], json.loads(out)["passed"]) == (0, 0.0, True)


def test_what_an_assistant_prints_is_no_result(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chatty = ("test", desk / "desk.yaml", "--out", tmp_path / "a", "--assistant", "agent.py:chatty", "--json", "-q")
    code, out, err = sixhop(capsys, *chatty)
    assert (code, json.loads(out)["passed"]) == (0, True)
    assert "asked 1" in err
    with open_run(tmp_path / "a") as run:
        assert [row["unpriced"] for row in run.manifest["usage"] if row["role"] == "assistant"] == [0]


def test_two_assistants_meet_the_same_users(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    assert sixhop(capsys, "test", desk / "desk.yaml", "--out", a, "-q")[0] == 0
    other = ("test", desk / "desk.yaml", "--out", b, "--assistant", "agent.py:bad", "--cast-of", a, "-q")
    assert sixhop(capsys, *other)[0] == 1
    with open_run(a) as one, open_run(b) as two:
        assert one.personas == two.personas
        assert one.instructions == two.instructions
    code, out, _ = sixhop(capsys, "compare", a, b)
    assert code == 0
    assert "Newcombe" in out
    assert "B is worse" in out or "no difference is shown" in out
    shown = out
    code, out, _ = sixhop(capsys, "compare", a, b, "--json")
    found = json.loads(out)
    assert found["pairs"] == 8
    assert found["difference"]["value"] < 0
    assert {flip["passed"] for flip in found["flips"]} == {"a"}
    assert all("settled" in flip["failed"] for flip in found["flips"])
    assert -found["difference"]["value"] * 8 == pytest.approx(len(found["flips"]))
    ids = [flip["conversations"] for flip in found["flips"]]
    assert all(first == second and shown.count(first[:10]) == 1 for first, second in ids), "one id is said once"


def test_runs_that_are_not_comparable_are_refused(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    sixhop(capsys, "test", desk / "desk.yaml", "--out", a, "-q")
    sixhop(capsys, "test", desk / "desk.yaml", "--out", b, "--seed", 6, "-q")
    code, _, said = sixhop(capsys, "compare", a, b)
    assert code == 2
    assert "seed differs" in said
    assert "casts or situations differ" in said
    longer = write(desk / "longer.yaml", exchanges=3)
    code, _, said = sixhop(capsys, "test", longer, "--out", c, "--cast-of", a, "--threshold", "0", "-q")
    assert code == 0, said
    code, _, said = sixhop(capsys, "compare", a, c)
    assert (code, "conversations.exchanges differs" in said) == (2, True)
    for data, told in (
        ({"user": "sides.json 000000000000"}, True),
        (None, False),
    ):  # a run of an older version has none
        with Ledger.open(b / "ledger.sqlite") as ledger:
            ledger.put_meta(data=data)
        assert ("data.user differs" in sixhop(capsys, "compare", a, b)[2]) is told
    code, _, said = sixhop(capsys, "test", desk / "desk.yaml", "--out", tmp_path / "d", "--cast-of", a, "--seed", 9)
    assert (code, "other values of seed" in said) == (2, True)
    code, _, said = sixhop(capsys, "test", desk / "desk.yaml", "--out", b, "--cast-of", a)
    assert (code, "was not begun with the cast" in said) == (2, True)


def test_a_frozen_cast_stays_usable_when_its_run_is_held_anew(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    scenario, a, b = write(tmp_path / "desk.yaml"), tmp_path / "a", tmp_path / "b"
    assert sixhop(capsys, "test", scenario, "--out", a, "-q")[0] == 0
    other = ("test", scenario, "--out", b, "--assistant", "agent.py:bad", "--cast-of", a, "-q")
    assert sixhop(capsys, *other)[0] == 1
    (tmp_path / "agent.py").write_text(AGENT + "\n# another version\n")
    assert sixhop(capsys, "test", scenario, "--out", a, "-q")[0] == 0
    code, _, said = sixhop(capsys, *other)
    assert (code, "cannot go on" in said) == (1, False), said
    assert sixhop(capsys, "test", scenario, "--out", a, "--seed", 12, "--on-change", "reuse", "-q")[0] in (0, 1)
    code, _, said = sixhop(capsys, *other)
    assert (code, "as it was then: other people" in said) == (2, True)


def test_pytest_runs_a_scenario_without_a_plugin(desk: Path, tmp_path: Path) -> None:
    summary = assert_scenario(desk / "desk.yaml", tmp_path / "a")
    assert summary.overall.passed == 8
    with pytest.raises(AssertionError, match=r"(?s)of 8 conversations .* passed.*settled"):
        assert_scenario(desk / "desk.yaml", tmp_path / "b", assistant="agent.py:bad", cast_of=tmp_path / "a")
    with pytest.raises(AssertionError):
        few = Overrides(concurrency=2, assistant="agent.py:gone")
        assert_scenario(
            desk / "desk.yaml", tmp_path / "c", assistant="agent.py:bad", overrides=few, cast_of=tmp_path / "a"
        )


def test_an_edited_assistant_is_asked_anew(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    scenario = write(tmp_path / "desk.yaml")
    command = ("test", scenario, "--out", tmp_path / "a")
    code, out, _ = sixhop(capsys, *command)
    assert (code, "from before" in out) == (0, False)
    code, out, _ = sixhop(capsys, *command)
    assert (code, "8 of 8 conversations, from an earlier execution" in out) == (0, True)
    (tmp_path / "agent.py").write_text(AGENT.replace("It is settled now", "I cannot help"))
    code, out, said = sixhop(capsys, *command)
    assert (code, "0 of 8" in out, "from before" in out) == (1, True, False)
    assert "your code changed" in said
    assert "models.assistant" in said
    (tmp_path / "agent.py").write_text(AGENT)
    code, out, _ = sixhop(capsys, *command)
    assert (code, "16 answers, from an earlier execution" in out) == (0, True)
    stricter = AGENT.replace('return len(conversation["turns"]) >= 4', 'return len(conversation["turns"]) >= 99')
    (tmp_path / "checks.py").write_text(stricter)
    write(tmp_path / "desk.yaml", checks=[{"name": "long", "python": "checks.py:long_enough"}])
    code, _, said = sixhop(capsys, *command)
    assert (code, "--on-change reuse" in said) == (2, True)
    assert sixhop(capsys, *command, "--on-change", "reuse")[0] == 1
    (tmp_path / "checks.py").write_text(AGENT)
    code, _, said = sixhop(capsys, *command)
    assert (code, "your code changed (code.checks.py:long_enough" in said) == (0, True)


def test_a_fork_is_no_case_of_the_test(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("test", desk / "desk.yaml", "--out", tmp_path / "a")
    assert sixhop(capsys, *command, "-q")[0] == 0
    assert sixhop(capsys, "fork", tmp_path / "a", 1, "--at", 2, "--reply", "And what of the tax on my heater?")[0] == 0
    code, out, _ = sixhop(capsys, *command, "--json", "-q")
    assert (code, json.loads(out)["overall"]["total"]) == (0, 8)


def test_a_check_that_fails_itself_is_no_verdict(desk: Path, tmp_path: Path) -> None:
    path = write(desk / "wrong.yaml", checks=[{"name": "wrong", "python": "agent.py:wrong"}])
    assert assert_scenario(path, tmp_path / "a", threshold=0.0).broken == 8


def test_a_scenario_that_tests_nothing_is_refused(desk: Path, tmp_path: Path) -> None:
    path = write(desk / "nothing.yaml", assistant=None, checks=[])
    with pytest.raises(ScenarioError, match="tests nothing"):
        assert_scenario(path, tmp_path / "a")
    with pytest.raises(InputError, match="no file"):
        assert_scenario(path, tmp_path / "b", overrides=Overrides(assistant="gone.py:f"))


def test_users_that_nobody_could_play_are_errors_and_no_bad_input(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(body: dict[str, Any]) -> str:
        return responder(body) if "response_format" in body else " "

    path = write(desk / "silent.yaml", exchanges=2, opener="own", situations=[{"name": "a", "goal": "b"}])
    with in_thread(FakeServer(silent)) as there:
        words = (
            "test",
            path,
            "--out",
            tmp_path / "a",
            "--junit",
            tmp_path / "j.xml",
            "--model",
            f"{there.url}#f",
            "-q",
        )
        code, _, said = sixhop(capsys, *words)
    assert (code, "no conversation was held" in said) == (1, True), said
    suite = Xml.parse(tmp_path / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("errors")) == ("8", "8")


def test_an_assistant_that_is_not_there_leaves_no_directory(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, told in (
        ("agent.py:nosuch", "has no 'nosuch'"),
        ("agent.py", "agent.py:reply"),
        ("gone.py:f", "no file"),
    ):
        code, _, said = sixhop(capsys, "test", desk / "desk.yaml", "--out", tmp_path / "a", "--assistant", name)
        assert (code, told in said) == (2, True), said
        assert not (tmp_path / "a").exists()
    monkeypatch.setenv("SIXHOP_MODEL", "foo")
    code, _, said = sixhop(capsys, "run", desk / "desk.yaml", "--out", tmp_path / "b")
    assert (code, "SIXHOP_MODEL: model SPEC 'foo'" in said) == (2, True)
