"""A run whose judge answers over HTTP: verdicts that quote what was said count, everything else is no verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from story import responder

from simulator.assembly import load_scenario, simulate_sync
from simulator.assembly.testing import summary_of
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.llm.fakes.responder import default_responder
from simulator.models.conversation import Conversation

SCENARIO = """
name: judged
seed: 5
personas: people.jsonl
cast: {size: 2}
conversations:
  exchanges: 2
  system: You are the desk of a district office.
  judge: [turns, goal, behaviours]
  profiles: [{share: 1, behaviours: [adversarial]}]
  situations:
    - name: permit
      about: The permit for the stall ran out.
      goal: have the permit renewed
      success: The desk says that the permit is renewed.
  checks: [{name: goal, goal: true}, {name: kind, rubric: The desk is rude., absent: true}]
"""
PEOPLE = ("a clockmaker who sells waffles at fairs", "a diver who collects enamel signs")
Judge = Callable[[list[str], str], dict[str, str]]


def judging(judge: Judge) -> Callable[[dict[str, Any]], str]:
    """Return a server's replies in which ``judge`` gets the conversation's lines and the question."""

    def reply(body: dict[str, Any]) -> str:
        if "referee" not in str(body["messages"][0]["content"]):
            return responder(body)
        asked = str(body["messages"][-1]["content"])
        lines = asked.split("<conversation>\n")[-1].split("\n</conversation>")[0].splitlines()
        return json.dumps(judge(lines, asked))

    return reply


def run(folder: Path, reply: Callable[[dict[str, Any]], str], monkeypatch: pytest.MonkeyPatch) -> Any:
    (folder / "people.jsonl").write_text("".join(json.dumps({"persona": one}) + "\n" for one in PEOPLE))
    (folder / "judged.yaml").write_text(SCENARIO)
    with in_thread(FakeServer(reply)) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#fake")
        return simulate_sync(load_scenario(folder / "judged.yaml"), folder / "run")


def verdicts(talks: list[Conversation]) -> list[bool | None]:
    return [one.holds for talk in talks for one in talk.verdicts if one.by == "judge"]


def sound(lines: list[str], asked: str) -> dict[str, str]:
    if "Was the goal" in asked:
        quote = next(line for line in lines if line.startswith("OTHER SIDE: ")).removeprefix("OTHER SIDE: ")
        return {"quote": quote[:40], "reason": "It says so.", "answer": "yes"}
    return {"quote": "", "reason": "Nothing of the kind.", "answer": "none" if "none:" in asked else "no"}


def test_what_the_judge_can_show_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run(tmp_path, judging(sound), monkeypatch) as made:
        talks = list(made.conversations)
        assert [talk.goal.holds for talk in talks if talk.goal] == [True, True]
        assert {talk.stop for talk in talks} <= {"goal", "max_turns"}
        assert verdicts(talks) == [True] * 4
        assert summary_of(made).overall.passed == 2


def claims(lines: list[str], asked: str) -> dict[str, str]:
    """Take the user's word for everything."""
    quote = next((line for line in lines if line.startswith("USER: ")), "USER: I have it.").removeprefix("USER: ")
    return {"quote": quote[:40], "reason": "They say so.", "answer": "none" if "none:" in asked else "yes"}


def invents(_lines: list[str], asked: str) -> dict[str, str]:
    return {"quote": "It is all settled.", "reason": "So.", "answer": "role_flip" if "none:" in asked else "yes"}


def forgets(_lines: list[str], _asked: str) -> dict[str, str]:
    return {"quote": "", "reason": "Who knows.", "answer": "perhaps"}


@pytest.mark.parametrize("judge", [claims, invents, forgets])
def test_what_it_cannot_show_is_no_verdict(judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run(tmp_path, judging(judge), monkeypatch) as made:
        talks = list(made.conversations)
        assert [talk.goal.holds for talk in talks if talk.goal] == [None, None]
        assert not [
            label for talk in talks for turn in talk.turns for label in turn.labels if label.detector == "role_flip"
        ]
        if judge is not claims:  # of a rubric, anybody's words may be the evidence
            assert verdicts(talks) == [None] * 4
        summary = summary_of(made)
        assert summary.overall.passed == 0
        assert summary.broken >= 2
        if judge is not claims:
            assert {cause.whose for cause in summary.causes} == {"check"}


def test_replies_of_the_right_form_and_no_sense_decide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(body: dict[str, Any]) -> str:
        return default_responder(body) if "referee" in str(body["messages"][0]["content"]) else responder(body)

    with run(tmp_path, reply, monkeypatch) as made:
        talks = list(made.conversations)
        assert len(talks) == 2
        assert [talk.goal.holds for talk in talks if talk.goal] == [None, None]
        assert verdicts(talks) == [None] * 4
        assert {cause.whose for cause in summary_of(made).causes} == {"check"}
