"""Conversations with an assistant under test: taken as it is, its failures recorded, its steps and state kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from conversation_cases import ASKED, OPENER, context, product, said, talk

from simulator.models.unit import UnitResult
from simulator.subjects.function import FunctionSubject
from simulator.subjects.workshop import Workshop


def test(function: Any, **inputs: object) -> UnitResult:
    subject = FunctionSubject(function, "f", Workshop(), 0.3)
    return talk(replace(context(ASKED, None), subject=subject), **inputs)


test.__test__ = False  # type: ignore[attr-defined]


def dull(messages: list[dict[str, Any]]) -> str:
    return f"As an AI language model I have seen {len(messages)} messages."


def test_its_replies_are_kept_as_they_are_with_labels() -> None:
    got = product(test(dull, exchanges=2, system="You are dull."))
    assert [turn.content for turn in got.turns if turn.role == "assistant"] == [
        "As an AI language model I have seen 2 messages.",
        "As an AI language model I have seen 4 messages.",
    ]
    assert got.turns[1].labels
    assert got.fault == ""


def counting(messages: list[Any], state: Any) -> dict[str, Any]:
    seen = (state or {"seen": 0})["seen"] + 1
    call = {"id": f"c{seen}", "function": {"name": "look", "arguments": "{}"}}
    steps = [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{seen}", "content": json.dumps([one["role"] for one in messages])},
        f"Put pocket number {seen} near the window.",
    ]
    return {"messages": steps, "state": {"seen": seen}, "ended": seen == 2}


def test_its_steps_come_back_to_it_and_its_state_is_kept() -> None:
    got = product(test(counting, exchanges=3))
    assert got.state == {"seen": 2}
    assert (got.stop, got.reason) == ("assistant_ended", "it closed the conversation")
    second = json.loads(got.turns[3].steps[1].content)
    assert second == ["user", "assistant", "tool", "assistant", "user"]


def broken(messages: list[Any]) -> str:
    if len(messages) > 1:
        raise ValueError("no such order")
    return "Put each page in a clear pocket."


@pytest.mark.parametrize("flawed", ["end", "keep", "drop"])
def test_its_failure_is_an_outcome_and_no_failure_of_the_run(flawed: str) -> None:
    got = product(test(broken, exchanges=3, flawed=flawed))
    assert (got.stop, got.fault, len(got.turns)) == ("error", "raised", 2)
    assert "no such order" in got.reason
    assert ASKED[0] in got.reason


def test_a_failure_at_the_first_turn_is_an_outcome_too() -> None:
    got = product(test(lambda messages: {}, exchanges=3))
    assert (got.fault, got.turns) == ("nonsense", ())
    assert OPENER in got.reason


def test_the_user_goes_on_from_what_it_said() -> None:
    got = said(test(lambda messages: f"Answer {len(messages)} is to fold the page twice.", exchanges=2))
    assert got[0] == OPENER
    assert got[2] == ASKED[0]
