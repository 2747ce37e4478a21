"""Conversations with a judge: the goal, the manner, turns that are turned down."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from conversation_cases import (
    ANSWERED,
    ASKED,
    ROOM,
    Bag,
    context,
    product,
    prompt,
    requests,
    said,
    talk,
)

from simulator.errors import InputError
from simulator.llm.scripted import ScriptedModel
from simulator.prompts.template import load_prompt
from simulator.roles.judge import judge
from simulator.roles.role import RoleContext
from simulator.scenario.behaviours import BEHAVIOURS


def judged(*replies: object, users=ASKED, **inputs: object):
    answers = [reply if isinstance(reply, str) else json.dumps(reply) for reply in replies]
    referee = RoleContext(judge(), prompt("judge", rounds=1), ScriptedModel(answers, name="j"), Bag())
    both = replace(context(users), judge=referee)
    return talk(both, **inputs), both


CRITERION = {**ROOM, "success": "the pages stay dry"}
YES = {"quote": "clear pocket", "reason": "It says how.", "answer": "yes"}
NO = {"quote": "", "reason": "It does not.", "answer": "no"}


def test_the_judge_is_asked_when_the_goal_is_claimed_and_at_the_end() -> None:
    users = ["That solves it for the pages. What about the cover?", *ASKED]
    result, both = judged(NO, YES, users=users, exchanges=3, situation=CRITERION, judge=["goal"])
    spoken = product(result)
    assert (spoken.stop, spoken.goal.holds, spoken.goal.by) == ("goal", True, "judge")
    assert spoken.goal.evidence == "clear pocket"
    assert len(spoken.turns) == 6
    first = requests(both.judge)[0].messages[-1].content
    assert "the pages stay dry" in first
    assert f"OTHER SIDE: {ANSWERED[1]}" in first
    assert ANSWERED[2] not in first


def test_a_verdict_whose_quote_nobody_said_is_none() -> None:
    invented = {**YES, "quote": "I will bring a heater"}
    result, _ = judged(invented, exchanges=2, situation=CRITERION, judge=["goal"])
    goal = product(result).goal
    assert goal.holds is None
    assert "no usable verdict" in goal.evidence


@pytest.mark.parametrize(
    ("said", "quote", "holds"),
    [
        ("Use a **clear pocket**, and `my_log` for `a`.", "Use a clear pocket, and my_log for a", True),
        ("Use a clear pocket.", "Use a **clear pocket**", True),
        ("Use a _clear_ pocket.", "a clear pocket", True),
        ("Use a **clear pocket**.", "***", None),
        ("Use a **clear pocket**.", "a clean pocket", None),
    ],
)
def test_a_quote_may_leave_out_the_marks_of_emphasis(said: str, quote: str, holds: bool | None) -> None:
    replies = [json.dumps({**YES, "quote": quote})] * 2
    both = replace(
        context(ASKED, [said, *ANSWERED]),
        judge=RoleContext(judge(), prompt("judge", rounds=1), ScriptedModel(replies, name="j"), Bag()),
    )
    assert product(talk(both, exchanges=2, situation=CRITERION, judge=["goal"])).goal.holds is holds


def test_a_claim_of_the_user_is_no_evidence_for_the_goal() -> None:
    users = ["That solves it, the pages stay dry. What about the cover?", *ASKED]
    claimed = {**YES, "quote": "the pages stay dry"}
    result, _ = judged(claimed, claimed, users=users, exchanges=2, situation=CRITERION, judge=["goal"])
    spoken = product(result)
    assert spoken.stop == "max_turns"
    assert spoken.goal.holds is None
    assert "a message of the other side" in spoken.goal.evidence


def test_between_two_people_advice_is_no_fault_that_the_judge_is_asked_for() -> None:
    lines = [ANSWERED[0], ASKED[0], ANSWERED[1]]
    referee = RoleContext(judge(), prompt("judge"), ScriptedModel([json.dumps(verdict("none"))], name="j"), Bag())
    both = replace(context(lines, None), judge=referee)
    clerk = "a clerk who reads the canal's books"
    product(talk(both, partner=clerk, relation="cousin", exchanges=2, judge=["turns"]))
    [asked] = requests(referee)
    assert f"You talk with your cousin: {clerk}." in asked.messages[-1].content
    assert "role_flip" not in asked.messages[-1].content
    assert "revealed_early" in asked.messages[-1].content


def test_rule_and_judge_must_both_hold_where_there_are_both() -> None:
    both = {**ROOM, "success": {"said": "clear pocket", "criterion": "the pages stay dry"}}
    denied, _ = judged(NO, NO, exchanges=2, situation=both, judge=["goal"])
    assert (product(denied).stop, product(denied).goal.holds) == ("max_turns", False)
    unsaid, judge_context = judged(
        YES, exchanges=2, situation={**both, "success": {**both["success"], "said": "heater"}}, judge=["goal"]
    )
    assert not product(unsaid).goal.holds
    assert requests(judge_context.judge) == []


def test_the_judge_says_at_the_end_how_they_talked() -> None:
    terse = BEHAVIOURS["terse"]
    result, both = judged(
        NO, {**YES, "quote": "sleeves fog up"}, exchanges=3, judge=["behaviours"], behaviours=[terse.model_dump()]
    )
    by_judge = [one for one in product(result).verdicts if one.by == "judge"]
    assert [(one.holds, one.statement) for one in by_judge] == list(
        zip([True, False], terse.violation_rubrics, strict=True)
    )
    assert len(requests(both.judge)) == 2


def test_a_conversation_that_wants_a_judge_says_when_there_is_none() -> None:
    with pytest.raises(InputError, match="give it the role 'judge'"):
        talk(context(ASKED), exchanges=2, situation=CRITERION, judge=["goal"])


def test_who_gives_up_claims_nothing_however_they_take_leave() -> None:
    users = ["Then I give up on the pages. Thank you and goodbye!"]
    result, _ = judged(NO, users=users, exchanges=3, situation=CRITERION, judge=["goal"])
    spoken = product(result)
    assert (spoken.stop, spoken.goal.holds, spoken.goal.claimed) == ("gave_up", False, False)


def test_who_gives_up_as_their_prompt_says_has_no_fault_that_the_judge_is_asked_for() -> None:
    """The prompt of the user and the question of the judge must not contradict each other."""
    rules = load_prompt("user").system
    result, both = judged(verdict("none"), users=["It cannot be had, then. I give up."], exchanges=3, judge=["turns"])
    assert product(result).stop == "gave_up"
    [asked] = requests(both.judge)
    assert "they say that they give up, and go" in rules
    assert "that it cannot be had, to say so and to leave is no fault" in asked.messages[-1].content


def verdict(answer: str, quote: str = "") -> dict:
    return {"quote": quote, "reason": "Because of this.", "answer": answer}


def test_a_turn_that_the_judge_turns_down_is_made_again() -> None:
    sells = "I sell insurance in the city. Is there a box with a vent?"
    found = verdict("persona_contradicted", "I sell insurance")
    result, both = judged(found, verdict("none"), users=[sells, ASKED[0]], exchanges=2, judge=["turns"])
    assert said(result)[2] == ASKED[0]
    assert [(one.flaw, one.message) for one in result.rejected] == [("persona_contradicted", "I sell insurance")]
    asked = requests(both.judge)[0].messages[-1].content
    assert f"USER: {sells}\n</conversation>" in asked
    assert "Allowed answers: none, role_flip" in asked


@pytest.mark.parametrize("flawed", ["keep", "end", "drop"])
def test_a_turn_that_the_judge_turns_down_twice_meets_the_policy(flawed: str) -> None:
    sells = "I sell insurance in the city. Is there a box with a vent?"
    found = verdict("persona_contradicted", "I sell insurance")
    result, _ = judged(found, found, users=[sells] * 2, exchanges=2, judge=["turns"], flawed=flawed, least=1)
    if flawed == "drop":
        assert result.failure.cause == "persona_contradicted"
        return
    spoken = product(result)
    assert len(spoken.turns) == (4 if flawed == "keep" else 2)
    if flawed == "keep":
        assert [(one.detector, one.evidence) for one in spoken.turns[2].labels] == [
            ("persona_contradicted", "I sell insurance")
        ]


def test_a_fault_that_the_judge_finds_elsewhere_is_not_of_this_turn() -> None:
    elsewhere = verdict("repeats_self", "sideways")  # of the opener
    result, _ = judged(elsewhere, users=[ASKED[0]], exchanges=2, judge=["turns"])
    assert said(result)[2] == ASKED[0]
    assert result.rejected == ()
