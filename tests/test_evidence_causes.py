"""Why conversations of a test did not pass, and whose doing it was."""

from __future__ import annotations

import pytest

from simulator.evidence.causes import causes_of, whose_text
from simulator.models.conversation import Conversation, Label, Turn
from simulator.models.outcome import CheckResult, Outcome
from simulator.models.situation import Situation

OPEN = Situation.model_validate(
    {"goal": "Learn whether the shop is open on Saturdays.", "success": {"said": "saturday"}}
)
UNMET = CheckResult(name="goal", kind="goal", passed=False, evidence="nobody said 'saturday'")


def failed(
    *said: str,
    label: str = "",
    fault: str = "",
    reason: str = "",
    id_: str = "c-1",
    checks: tuple[CheckResult, ...] = (UNMET,),
) -> tuple[Outcome, Conversation, Situation]:
    labels = (Label(detector=label, evidence="so"),) if label else ()
    turns = [Turn(role="user", speaker="p-1", content=text, labels=labels) for text in said]
    talk = Conversation(id=id_, persona="p-1", turns=tuple(turns), stop="max_turns", fault=fault, reason=reason)
    known = CheckResult(name="answered", kind="answered", passed=not fault)
    outcome = Outcome(id="o", conversation=id_, persona="p-1", pair="x", passed=False, checks=(known, *checks))
    return outcome, talk, OPEN


@pytest.mark.parametrize(
    ("case", "whose", "what"),
    [
        (failed("Are you open on Saturday?"), "assistant", "goal: nobody said 'saturday'"),
        (failed("When are you open?"), "perhaps user", "'saturday', which its goal is about"),
        (failed("Saturday? How can I help you?", label="role_flip"), "user", "role_flip"),
        (failed("Saturday? Saturday?", label="stutter"), "assistant", "goal"),
        (failed("Saturday?", fault="timeout"), "assistant", "timeout"),
        (
            failed("Saturday?", checks=(UNMET.model_copy(update={"broken": True, "evidence": "no verdict"}),)),
            "check",
            "no verdict",
        ),
        (
            failed(
                "When?", checks=(UNMET.model_copy(update={"name": "polite", "kind": "rubric", "evidence": "Huh."}),)
            ),
            "assistant",
            "polite: Huh.",
        ),
    ],
)
def test_whose_doing_it_was(case: tuple[Outcome, Conversation, Situation], whose: str, what: str) -> None:
    (cause,) = causes_of([case])
    assert cause.whose == whose
    assert what in cause.what
    assert cause.conversations == ("c-1",)
    assert whose_text(cause.whose)


def test_the_same_reason_is_one_group_and_the_most_frequent_stands_first() -> None:
    cases = [failed("Saturday?", fault="timeout", id_="c-1"), failed("When?", id_="c-2"), failed("Well?", id_="c-3")]
    found = causes_of(cases)
    assert [one.conversations for one in found] == [("c-2", "c-3"), ("c-1",)]
    assert causes_of([]) == ()


def broke(number: int, why: str) -> tuple[Outcome, Conversation, Situation]:
    told = f"turn {number} of the assistant: {why}; left without an answer: 'Saturday {number}?'"
    return failed("Saturday?", fault="raised", reason=told, id_=f"c-{number}")


def test_what_the_assistant_raised_is_told_and_each_exception_is_a_cause() -> None:
    key, value = "KeyError: 'member' (at bot.py:6 in reply)", "ValueError: {} (at bot.py:9 in reply)"
    found = causes_of([broke(1, key), broke(2, key), broke(3, value.format("7a")), broke(4, value.format("7b"))])
    assert [(one.what, one.conversations) for one in found] == [
        (f"it failed (raised): {key}", ("c-1", "c-2")),
        (f"it failed (raised), for example: {value.format('7a')}", ("c-3", "c-4")),
    ]
    (bare,) = causes_of([broke(5, "RuntimeError (at bot.py:1 in reply)")])
    assert bare.what == "it failed (raised): RuntimeError (at bot.py:1 in reply)"
