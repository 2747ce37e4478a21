"""Forks of a conversation: nothing before the turn is paid again, and the run keeps both."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.fork import Branch, fork
from simulator.assembly.simulate import resume
from simulator.cli.main import main
from simulator.errors import InputError
from simulator.models.conversation import Conversation


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fork") / "run"
    talks = {"exchanges": 3, "count": 2}
    scenario = story.scenario(conversations=talks, npcs=None, tools=None, expand={"hops": 0}, cast={"size": 3})
    simulate_sync(scenario, root, models=story.models()).close()
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def first(root: Path) -> Conversation:
    with open_run(root) as run:
        return run.conversations[0]


def forked(root: Path, branch: Branch, **scripts) -> tuple[Conversation, dict]:
    models = story.models(**scripts)
    result = asyncio.run(fork(root, first(root).id, branch, models=models))
    return Conversation.model_validate(result.value), models


def asked(models: dict) -> dict[str, int]:
    return {role: len(model.requests) for role, model in models.items() if model.requests}


def test_another_reply_is_answered_and_only_what_follows_is_asked_for(root: Path) -> None:
    before = first(root)
    talk, models = forked(root, Branch(at=3, reply="Ask the harbour master on Monday at nine."))
    assert [turn.content for turn in talk.turns[:3]] == [turn.content for turn in before.turns[:3]]
    assert talk.turns[3].content == "Ask the harbour master on Monday at nine."
    assert talk.turns[3].role == "assistant"
    assert len(talk.turns) == 6
    assert asked(models) == {"user": 1, "assistant": 1}
    assert (talk.forked.conversation, talk.forked.at) == (before.id, 3)
    with open_run(root) as run:
        assert [one.id for one in run.conversations[-1:]] == [talk.id]
    rows = [json.loads(line) for line in (root / "products/conversations.jsonl").read_text().splitlines()]
    assert rows[-1]["id"] == talk.id


def test_the_same_course_again_costs_nothing(root: Path) -> None:
    talk, models = forked(root, Branch(at=2))
    assert [turn.content for turn in talk.turns] == [turn.content for turn in first(root).turns]
    assert asked(models) == {}


def test_the_same_fork_twice_is_one(root: Path) -> None:
    branch = Branch(at=2, seed=99)
    one, models = forked(root, branch)
    again, none = forked(root, branch)
    assert asked(models)["user"] >= 1
    assert (again, asked(none)) == (one, {})
    with open_run(root) as run:
        assert len(run.conversations) == 3


def test_a_run_with_a_fork_is_resumed_for_free_and_keeps_it(root: Path) -> None:
    talk, _ = forked(root, Branch(at=1, seed=3))
    models = story.models()
    asyncio.run(resume(root, models=models)).close()
    assert asked(models) == {}
    with open_run(root) as run:
        assert talk in run.conversations


def test_a_fork_can_be_forked_and_can_be_longer(root: Path) -> None:
    one, _ = forked(root, Branch(at=6, exchanges=4))
    assert len(one.turns) == 8
    result = asyncio.run(fork(root, one.id, Branch(at=7, reply="It is settled.", exchanges=5), models=story.models()))
    said = [turn["content"] for turn in result.value["turns"]]
    assert said[:8] == [*(turn.content for turn in one.turns[:7]), "It is settled."]
    assert len(said) == 10


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        (Branch(at=7), "can be forked at 1 to 6, not 7"),
        (Branch(at=6), "6 turns are all that 3 exchanges have"),
        (Branch(at=2, reply=" "), "the reply is empty"),
    ],
)
def test_what_cannot_be_forked_is_said(root: Path, branch: Branch, message: str) -> None:
    with pytest.raises(InputError, match=message):
        forked(root, branch)


def test_an_unknown_conversation_is_said(root: Path) -> None:
    with pytest.raises(InputError, match="no conversation 'c-0'"):
        asyncio.run(fork(root, "c-0", Branch(at=1), models=story.models()))


def test_the_command_says_what_cannot_be_forked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fork", str(root), "1", "--at", "99"]) == 2
    shown = capsys.readouterr()
    assert "can be forked at 1 to 6" in shown.err
    assert shown.out == ""


def test_the_command_prints_a_fork_that_is_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk, _ = forked(root, Branch(at=2, seed=99))
    assert main(["fork", str(root), "1", "--at", "2", "--seed", "99"]) == 0
    shown = capsys.readouterr()
    assert talk.turns[-1].content[:30] in " ".join(shown.out.split())
    assert talk.id in shown.err


def test_training_rows_are_of_no_fork_unless_they_are_wanted(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forked(root, Branch(at=2, seed=98))
    with open_run(root) as run:
        every, forks = len(run.conversations), sum(talk.forked is not None for talk in run.conversations)
    assert forks
    command = ["export", str(root), "--to", "messages", "--to", "sharegpt", "--out", str(tmp_path), "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["format"], one["counts"]["conversations"]) for one in told] == [
        ("messages", every - forks),
        ("sharegpt", every - forks),
    ]
    assert main([*command, "--with-forks"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["counts"]["conversations"] == every
    assert main(["export", str(root), "--to", "jsonl", "--with-forks"]) == 2
