"""Conversations for trainers: roles in the order that they demand, nothing empty, nothing invented."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ExportError
from simulator.exports.conversations import alpaca_row, export_conversations, message_rows, messages_row, sharegpt_row
from simulator.exports.lint import Finding, Linted, lint_file, lint_row, linted, mend
from simulator.models.conversation import Conversation, Forked, Turn
from simulator.models.step import Step, ToolCall


def talk(*roles: str) -> Conversation:
    turns = tuple(Turn(role=role, speaker=role, content=f"{role} {n}") for n, role in enumerate(roles))  # type: ignore[arg-type]
    return Conversation(id="c-1", persona="p-1", turns=turns, stop="max_turns")


PAIR = talk("user", "assistant")
STEPS = (
    Step(content="I look.", calls=(ToolCall(id="c1", name="find", arguments={"order": "A-1"}),)),
    Step(role="tool", content="sent", call="c1", name="find"),
    Step(content="It was sent."),
)
CALLING = Conversation(
    id="c-2",
    persona="p-1",
    turns=(
        Turn(role="user", speaker="p-1", content="Where is it?"),
        Turn(role="assistant", speaker="assistant", content="I look.\n\nIt was sent.", steps=STEPS),
    ),
    stop="max_turns",
)


def test_messages() -> None:
    assert messages_row(PAIR, "Be brief.") == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "user 0"},
            {"role": "assistant", "content": "assistant 1"},
        ]
    }


def test_a_row_has_what_the_assistant_was_given_and_not_what_the_scenario_says() -> None:
    tool = {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}
    known = PAIR.model_copy(update={"system": "Be long."})
    assert messages_row(known, "Be brief.")["messages"][0]["content"] == "Be long."
    assert messages_row(PAIR.model_copy(update={"system": ""}), "Be brief.")["messages"][0]["role"] == "user"
    other = Forked(conversation="c-1", at=1, assistant="openai:gpt-x")
    assert messages_row(PAIR, tools=[tool])["tools"] == [tool]
    assert "tools" not in messages_row(PAIR.model_copy(update={"forked": other}), tools=[tool])
    assert messages_row(CALLING.model_copy(update={"forked": other}), tools=[tool])["tools"] == [tool]


def test_sharegpt_and_alpaca() -> None:
    row = messages_row(PAIR)
    assert sharegpt_row(row) == {
        "conversations": [{"from": "human", "value": "user 0"}, {"from": "gpt", "value": "assistant 1"}]
    }
    assert sharegpt_row(messages_row(PAIR, "Be brief."))["system"] == "Be brief."
    assert alpaca_row(row) == {"instruction": "user 0", "input": "", "output": "assistant 1"}


def test_tool_calls_are_messages_with_arguments_as_each_consumer_wants_them() -> None:
    api, trl = messages_row(CALLING)["messages"], messages_row(CALLING, arguments="object")["messages"]
    assert api[1]["tool_calls"][0]["function"]["arguments"] == '{"order":"A-1"}'
    assert trl[1]["tool_calls"][0]["function"]["arguments"] == {"order": "A-1"}
    assert (api[2]["role"], api[2]["tool_call_id"]) == ("tool", "c1")
    assert lint_row({"messages": api}) == lint_row({"messages": trl}) == []
    assert sharegpt_row(messages_row(CALLING))["conversations"][1]["value"] == "I look.\n\nIt was sent."


def test_turns_of_one_side_are_joined_and_open_ends_left_out() -> None:
    told = Linted()
    (row,) = message_rows([talk("assistant", "user", "user", "assistant", "user")], told)
    assert row == {
        "messages": [
            {"role": "user", "content": "user 1\n\nuser 2"},
            {"role": "assistant", "content": "assistant 3"},
        ]
    }
    assert told.counts() == {"fixed: role_order": 1}


@given(st.lists(st.sampled_from(["user", "assistant"]), max_size=12))
def test_humans_stand_at_odd_places_and_answers_at_even_ones(roles: list[str]) -> None:
    rows = [sharegpt_row(row) for row in message_rows([talk(*roles)], Linted())]
    sides = [turn["from"] for row in rows for turn in row["conversations"]]
    assert sides == ["human", "gpt"] * (len(sides) // 2)
    assert bool(rows) == ("user" in roles and "assistant" in roles[roles.index("user") :])


MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "narrator"])},
    optional={
        "content": st.sampled_from(["words", "", "  ", None, ["parts"]]),
        "tool_call_id": st.sampled_from(["a", "b"]),
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.sampled_from(["a", "b"]),
                    "function": st.fixed_dictionaries(
                        {"name": st.just("f"), "arguments": st.sampled_from(["{}", {}, "[", "3"])}
                    ),
                }
            ),
            max_size=2,
        ),
    },
)


@given(st.lists(MESSAGE, max_size=8))
def test_what_the_linter_lets_through_has_nothing_wrong_with_it(messages: list[dict[str, object]]) -> None:
    told = Linted()
    for row in linted([{"messages": messages}], told):
        assert lint_row(row) == []
    assert told.rows + sum(told.dropped.values()) == 1


def test_a_row_without_messages_says_what_it_has() -> None:
    (found,) = lint_row({"conversations": [{"from": "human", "value": "a"}], "system": "b"})
    assert (found.rule, found.evidence) == ("no_messages", "it has 'conversations', 'system'")


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ([], "no_messages"),
        ([{"role": "assistant", "content": "a"}], "role_order"),
        ([{"role": "user", "content": "a"}], "ends_unanswered"),
        ([{"role": "user", "content": " "}, {"role": "assistant", "content": "b"}], "empty_content"),
        ([{"role": "user", "content": ["a"]}, {"role": "assistant", "content": "b"}], "content_not_text"),
        ([{"role": "human", "content": "a"}], "unknown_role"),
        ([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}], "system_not_first"),
        (
            [
                {"role": "user", "content": "a"},
                {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]},
            ],
            "arguments",
        ),
        (
            [
                {"role": "user", "content": "a"},
                {"role": "tool", "tool_call_id": "9", "content": "x"},
                {"role": "assistant", "content": "b"},
            ],
            "stray_result",
        ),
        (
            [
                {"role": "user", "content": "a"},
                {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "assistant", "content": "b"},
            ],
            "unanswered_call",
        ),
    ],
)
def test_each_fault_has_a_name(messages: list[dict[str, object]], rule: str) -> None:
    assert rule in {one.rule for one in lint_row({"messages": messages})}


def test_tools_of_differing_shape_become_a_text() -> None:
    tools = [{"function": {"parameters": {"a": 1}}}, {"function": {"parameters": {"b": {"c": 1}}}}]
    row = {**messages_row(PAIR), "tools": tools}
    assert [one.rule for one in lint_row(row)] == ["tools_nested"]
    assert json.loads(mend(row)["tools"]) == tools  # type: ignore[index]


def test_a_file_is_looked_over_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(messages_row(PAIR)) + "\n{\n\n" + json.dumps(messages_row(talk("user"))) + "\n")
    found = list(lint_file(path))
    assert [(number, [one.rule for one in wrong]) for number, _, wrong in found] == [
        (1, []),
        (2, ["not_json"]),
        (4, ["ends_unanswered"]),
    ]
    assert found[2][2][0] == Finding("ends_unanswered", 0, "user")


@pytest.mark.parametrize("to", ["messages", "messages-trl", "sharegpt", "alpaca"])
def test_a_file_has_one_row_per_conversation_with_an_exchange(tmp_path: Path, to: str) -> None:
    path = tmp_path / "rows.jsonl"
    counts = export_conversations(path, [PAIR, talk("user"), PAIR], to)  # type: ignore[arg-type]
    assert counts == {"conversations": 2, "dropped: ends_unanswered": 1}
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(rows) == 2
    assert len({frozenset(row) for row in rows}) == 1


def test_nothing_to_write_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no conversation has a turn and its answer"):
        export_conversations(tmp_path / "rows.jsonl", [talk("user")], "messages")
    with pytest.raises(ExportError, match=r"no conversations\. 'conversations: {exchanges: 1}'"):
        export_conversations(tmp_path / "rows.jsonl", [], "messages")
    assert not list(tmp_path.iterdir())
