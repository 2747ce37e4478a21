"""Conversations that go on from transcripts: what is read, what is refused, and a run that continues them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.fork import Branch, fork
from simulator.assembly.simulate import resume
from simulator.errors import InputError
from simulator.exports.formats import FORMATS
from simulator.scenario.transcripts import read_transcripts


def message(role: str, content: object) -> dict:
    return {"role": role, "content": content}


ASK, ANSWER = message("user", "Where does the ferry leave?"), message("assistant", "At the north quay.")


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_are_read_once_and_messages_of_one_side_are_one_turn(tmp_path: Path) -> None:
    first = {"messages": [message("system", "Be brief."), ASK, message("user", "And when?"), ANSWER]}
    found, failures = read_transcripts(written(tmp_path / "t.jsonl", first, first, {"messages": [ASK]}))
    assert failures == []
    assert [[turn.content for turn in one.turns] for one in found] == [
        ["Where does the ferry leave?\n\nAnd when?", "At the north quay."],
        ["Where does the ferry leave?"],
    ]
    assert [one.system for one in found] == ["Be brief.", ""]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": "x"}, "no list 'messages'"),
        ([1], "no list 'messages'"),
        ({"messages": [ANSWER]}, "does not begin with the user"),
        ({"messages": [ASK, message("tool", "7")]}, "the role 'tool'"),
        ({"messages": [ASK, message("assistant", None)]}, "message 2: its text is null"),
        ({"messages": [message("user", " ")]}, "message 1: it is empty"),
        ({"messages": ["hello"]}, "message 1"),
    ],
)
def test_a_bad_row_is_a_failure_that_says_why(tmp_path: Path, row: object, problem: str) -> None:
    found, [failure] = read_transcripts(written(tmp_path / "t.jsonl", row))
    assert found == []
    assert problem in failure.message
    assert failure.unit == "row t.jsonl:1"


@pytest.mark.parametrize(("exchanges", "more", "good"), [(61, 3, True), (62, 3, False), (63, 1, True), (64, 1, False)])
def test_a_talk_that_is_too_long_to_go_on_is_a_bad_row(tmp_path: Path, exchanges: int, more: int, good: bool) -> None:
    said = [message(("user", "assistant")[place % 2], f"turn {place}") for place in range(2 * exchanges)]
    found, failures = read_transcripts(written(tmp_path / "t.jsonl", {"messages": said}), more)
    assert (len(found), len(failures)) == (int(good), int(not good))
    if not good:
        assert (
            f"it has {exchanges} exchanges, and {more} are to follow; a conversation has at most 64"
            in failures[0].message
        )


def test_a_run_with_a_talk_that_is_too_long_holds_the_others(tmp_path: Path) -> None:
    long = [message(("user", "assistant")[place % 2], f"turn {place}") for place in range(124)]
    file = written(tmp_path / "t.jsonl", {"messages": long}, {"messages": [ASK, ANSWER]})
    talks = {"exchanges": 3, "least": 1, "flawed": "keep", "transcripts": str(file)}
    sections = {"instructions": None, "npcs": None, "tools": None, "expand": {"hops": 0}, "cast": {"size": 1}}
    scenario = story.scenario(conversations=talks, **sections)
    with simulate_sync(scenario, tmp_path / "run", models=story.models()) as run:
        assert [talk.turns[0].content for talk in run.conversations] == [ASK["content"]]
        assert [failure.unit for failure in run.failures] == ["row t.jsonl:1"]


def test_a_run_goes_on_from_them_and_resumes_without_the_file(tmp_path: Path) -> None:
    file = written(
        tmp_path / "t.jsonl", {"messages": [ASK, ANSWER, message("user", "And in fog?")]}, {"messages": [ASK, ANSWER]}
    )
    scenario = story.scenario(
        conversations={"exchanges": 2, "transcripts": str(file)},
        instructions=None,
        npcs=None,
        tools=None,
        expand={"hops": 0},
        cast={"size": 3},
    )
    models = story.models()
    simulate_sync(scenario, tmp_path / "run", models=models).close()
    with open_run(tmp_path / "run") as run:
        one, two = run.conversations
        assert [turn.content for turn in one.turns[:3]] == [ASK["content"], ANSWER["content"], "And in fog?"]
        assert (len(one.turns), len(two.turns)) == (6, 6)
        assert one.turns[0].speaker == one.persona != two.persona
    assert len(models["user"].requests) == 3
    again = story.models()
    file.unlink()
    asyncio.run(resume(tmp_path / "run", models=again)).close()
    assert sum(len(model.requests) for model in again.values()) == 0


def test_a_training_row_has_the_system_prompt_that_the_assistant_was_given(tmp_path: Path) -> None:
    own = message("system", "You sell paint and never discuss rope.")
    file = written(tmp_path / "t.jsonl", {"messages": [own, ASK, ANSWER]}, {"messages": [ASK, ANSWER]})
    talks = {"exchanges": 1, "least": 1, "transcripts": str(file)}
    sections = {"instructions": None, "npcs": None, "tools": None, "expand": {"hops": 0}, "cast": {"size": 2}}
    scenario = story.scenario(conversations=talks, **sections)
    simulate_sync(scenario, tmp_path / "run", models=story.models()).close()
    with open_run(tmp_path / "run") as run:
        second = run.conversations[1]
        branch = Branch(at=2, system="You are a harbour master.")
        asyncio.run(fork(tmp_path / "run", second.id, branch, models=story.models()))
    with open_run(tmp_path / "run") as run:
        write = FORMATS["messages"].write_talks
        assert write is not None
        write(run.ledger, tmp_path / "out", True, False)
    rows = [json.loads(line) for line in next((tmp_path / "out").glob("*.jsonl")).read_text().splitlines()]
    systems = [[one["content"] for one in row["messages"] if one["role"] == "system"] for row in rows]
    assert systems == [["You sell paint and never discuss rope."], [], ["You are a harbour master."]]


def test_a_file_without_a_talk_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "t.jsonl", {"messages": [ANSWER]})
    scenario = story.scenario(conversations={"transcripts": str(file)}, instructions=None, npcs=None, tools=None)
    with pytest.raises(InputError, match="no talk to go on from; the first row: it does not begin with the user"):
        simulate_sync(scenario, tmp_path / "run", models=story.models())
