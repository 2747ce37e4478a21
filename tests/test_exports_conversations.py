"""Conversations for trainers: roles in the order that they demand, nothing empty, nothing invented."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ExportError
from simulator.exports.conversations import alpaca_row, export_conversations, messages_row, sharegpt_row
from simulator.models.conversation import Conversation, Turn


def talk(*roles: str) -> Conversation:
    turns = tuple(Turn(role=role, speaker=role, content=f"{role} {n}") for n, role in enumerate(roles))  # type: ignore[arg-type]
    return Conversation(id="c-1", persona="p-1", turns=turns, stop="max_turns")


PAIR = talk("user", "assistant")


def test_messages() -> None:
    assert messages_row(PAIR, "Be brief.") == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "user 0"},
            {"role": "assistant", "content": "assistant 1"},
        ]
    }


def test_sharegpt_and_alpaca() -> None:
    assert sharegpt_row(PAIR) == {
        "conversations": [{"from": "human", "value": "user 0"}, {"from": "gpt", "value": "assistant 1"}]
    }
    assert sharegpt_row(PAIR, "Be brief.")["system"] == "Be brief."  # type: ignore[index]
    assert alpaca_row(PAIR) == {"instruction": "user 0", "input": "", "output": "assistant 1"}


def test_turns_of_one_side_are_joined_and_open_ends_left_out() -> None:
    row = messages_row(talk("assistant", "user", "user", "assistant", "user"))
    assert row == {
        "messages": [
            {"role": "user", "content": "user 1\n\nuser 2"},
            {"role": "assistant", "content": "assistant 3"},
        ]
    }


@given(st.lists(st.sampled_from(["user", "assistant"]), max_size=12))
def test_humans_stand_at_odd_places_and_answers_at_even_ones(roles: list[str]) -> None:
    row = sharegpt_row(talk(*roles))
    sides = [turn["from"] for turn in row["conversations"]] if row else []
    assert sides == ["human", "gpt"] * (len(sides) // 2)
    assert bool(row) == ("user" in roles and "assistant" in roles[roles.index("user") :])


@pytest.mark.parametrize("to", ["messages", "sharegpt", "alpaca"])
def test_a_file_has_one_row_per_conversation_with_an_exchange(tmp_path: Path, to: str) -> None:
    path = tmp_path / "rows.jsonl"
    assert export_conversations(path, [PAIR, talk("user"), PAIR], to) == 2  # type: ignore[arg-type]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(rows) == 2
    assert len({frozenset(row) for row in rows}) == 1


def test_nothing_to_write_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no conversation has a turn and its answer"):
        export_conversations(tmp_path / "rows.jsonl", [talk("user")], "messages")
    assert not list(tmp_path.iterdir())
