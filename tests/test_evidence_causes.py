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
    *said: str, label: str = "", fault: str = "", id_: str = "c-1", checks: tuple[CheckResult, ...] = (UNMET,)
) -> tuple[Outcome, Conversation, Situation]:
    labels = (Label(detector=label, evidence="so"),) if label else ()
    turns = [Turn(role="user", speaker="p-1", content=text, labels=labels) for text in said]
    talk = Conversation(id=id_, persona="p-1", turns=tuple(turns), stop="max_turns", fault=fault)
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
