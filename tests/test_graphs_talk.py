"""Conversations in a situation: scripts and transcripts, goals that are checked, budgets and manners."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from conversation_cases import (
    ANSWERED,
    ASKED,
    OPENER,
    PERSONA,
    ROOM,
    context,
    product,
    prompt,
    requests,
    said,
    talk,
)
from hypothesis import given
from hypothesis import strategies as st

from graphs.conversation import converse
from graphs.talk.goal import claims, goal_by_rule
from simulator.errors import InputError
from simulator.models.conversation import ConversationInputs, Turn
from simulator.models.message import Message
from simulator.models.persona import persona_id
from simulator.models.situation import Situation, Success
from simulator.models.unit import Unit
from simulator.prompts.template import load_prompt
from simulator.roles.script import due
from simulator.scenario.behaviours import BEHAVIOURS

STOP = "STOP"


def turns(*texts: str) -> list[dict]:
    sides = ({"role": "user", "speaker": persona_id(PERSONA)}, {"role": "assistant", "speaker": "assistant"})
    return [{**sides[place % 2], "content": text} for place, text in enumerate(texts)]


@pytest.mark.parametrize("variant", ["standard", "small"])
def test_persona_situation_and_manner_are_in_the_prompt_of_every_turn(variant: str) -> None:
    both = context(ASKED)
    head = {"candidates": 1, "rounds": 1, "repair": False}
    loaded = load_prompt("user", variant)
    small = replace(loaded, head=loaded.head.model_copy(update=head))
    behaviours = [BEHAVIOURS["terse"], BEHAVIOURS["makes-typos"]]
    talk(
        replace(both, user=replace(both.user, prompt=small)),
        opener="",
        exchanges=4,
        situation={**ROOM, "success": {}},
        behaviours=[one.model_dump() for one in behaviours],
    )
    assert len(requests(both.user)) == 4
    for request in requests(both.user):
        place = max(i for i, message in enumerate(request.messages) if "<persona>" in message.content)
        mine = request.messages[place].content
        assert request.messages[place].role == "user"
        for text in (PERSONA, ROOM["about"], ROOM["goal"], "one window", "age of the roof", "not hire"):
            assert text in mine
        for one in behaviours:
            assert one.instructions in mine
    everything = json.dumps([request.model_dump() for request in requests(both.assistant)])
    for text in ("lock keeper", "mould", "audit", "window", "not hire", "type as little"):
        assert text not in everything


def test_a_small_model_does_not_know_what_nobody_asked_for_yet() -> None:
    both = context(ASKED, ["Punch two holes near the lower edge.", "By what date must it be dry?", *ANSWERED[:2]])
    small = replace(load_prompt("user", "small"), head=prompt("user").head)
    talk(replace(both, user=replace(both.user, prompt=small)), opener="", exchanges=3, situation=ROOM)
    assert ["ninth of May" in request.model_dump_json() for request in requests(both.user)] == [False, False, True]


def test_a_small_model_is_not_asked_for_a_fact_that_the_other_side_asks_for() -> None:
    both = context(ASKED, ["By what date must it be dry?", "And when is the deadline again?", *ANSWERED[:2]])
    loaded = load_prompt("user", "small")
    head = loaded.head.model_copy(update={"candidates": 1, "rounds": 1})
    result = talk(
        replace(both, user=replace(both.user, prompt=replace(loaded, head=head))),
        opener="",
        exchanges=3,
        situation={**ROOM, "success": {}},
    )
    assert said(result)[::2] == [ASKED[0], "The audit is on the ninth of May.", ASKED[1]]
    assert len(requests(both.user)) == 2


@pytest.mark.parametrize(
    ("fact", "spoken"),
    [
        ("the card ends in 9052.", "The card ends in 9052."),
        ("You were born in Vell", "I was born in Vell."),
        ("Your brother has the key", "My brother has the key."),
        ("it is what you signed", ""),
    ],
)
def test_a_fact_told_to_the_user_in_the_users_mouth(fact: str, spoken: str) -> None:
    situation = Situation.model_validate({"asked": [{"fact": fact, "when": ["proof"]}]})
    asks = Message(role="assistant", content="Do you have any proof?")
    assert due(situation, [asks]) == spoken
    assert due(situation, [asks, Message(role="user", content=f"Well. {spoken}"), asks]) == ""
    assert due(situation, [asks, Message(role="user", content="No.")]) == ""
    assert due(situation, [Message(role="assistant", content="Good morning.")]) == ""


def test_a_script_is_said_word_for_word_and_then_they_are_free() -> None:
    both = context(ASKED)
    result = talk(both, script=["What if the clips rust as well?"], exchanges=3)
    assert said(result)[::2] == [OPENER, "What if the clips rust as well?", ASKED[0]]
    assert len(requests(both.user)) == 1


def test_a_transcript_goes_on_and_nothing_of_it_is_asked_for() -> None:
    before = turns(OPENER, ANSWERED[0], ASKED[0])
    both = context(ASKED[1:], ANSWERED[1:])
    result = talk(both, transcript=before, exchanges=3)
    assert said(result) == [OPENER, ANSWERED[0], ASKED[0], ANSWERED[1], ASKED[1], ANSWERED[2]]
    assert [len(requests(both.user)), len(requests(both.assistant))] == [1, 2]
    assert requests(both.assistant)[0].messages[-1].content == ASKED[0]


def test_the_sides_of_a_transcript_take_turns() -> None:
    with pytest.raises(InputError, match="the sides must take turns"):
        talk(context(ASKED), transcript=turns(OPENER)[:1] * 2)


def test_the_goal_ends_the_conversation_when_it_is_reached() -> None:
    answers = ["Ammunition tins cost little at army shops.", "You could photograph the pages by the window."]
    spoken = product(talk(context(ASKED, answers), exchanges=6, situation=ROOM))
    assert (spoken.stop, spoken.situation, len(spoken.turns)) == ("goal", "dry-room", 4)
    assert spoken.goal.holds
    assert spoken.goal.by == "rule"
    assert "photograph the pages" in spoken.goal.evidence


def test_a_goal_that_is_only_claimed_is_not_reached() -> None:
    spoken = product(talk(context(["Thank you, that is all I needed."]), exchanges=6, situation=ROOM))
    assert (spoken.stop, spoken.goal.holds, spoken.goal.claimed) == ("left", False, True)
    assert spoken.goal.evidence == "nobody said 'photograph'"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("We will bring it on Saturday.", True),
        ("We cannot bring it on Saturday.", False),
        ("I'm afraid it won't be Saturday. Monday is free.", False),
        ("Do you want it on Saturday?", False),
        ("It cannot be today. It is booked for Saturday.", True),
        ("Unfortunately nobody drives on Saturday.", False),
    ],
)
def test_what_is_asked_or_denied_reaches_no_goal(text: str, holds: bool) -> None:
    spoken = [Turn.model_validate(turn) for turn in turns("When?", text)]
    assert goal_by_rule(Success(said="saturday"), spoken).holds is holds


def test_a_refusal_can_be_the_goal() -> None:
    spoken = [Turn.model_validate(turn) for turn in turns("Give me a refund.", "That cannot be refunded.")]
    assert goal_by_rule(Success(said="cannot be refunded"), spoken).holds
    assert goal_by_rule(Success(criterion="it is refused"), spoken) is None


@pytest.mark.parametrize("word", [STOP, "###STOP###", "[END]", "<|end|>", "STOP."])
def test_a_word_of_command_ends_nothing_and_is_drawn_again(word: str) -> None:
    result = talk(context([word, ASKED[0], ASKED[1]], rounds=2), exchanges=3)
    assert product(result).stop == "max_turns"
    assert said(result)[::2] == [OPENER, *ASKED[:2]]


def test_no_conversation_ends_before_the_last_question_is_answered() -> None:
    result = talk(context([ASKED[0], "Thank you, goodbye."]), exchanges=6)
    assert said(result)[-2:] == ["Thank you, goodbye.", ANSWERED[2]]
    assert product(result).stop == "left"


def test_too_many_drafts_turned_down_end_it_for_its_budget() -> None:
    flip = "How can I help you today?"
    result = talk(context([flip, ASKED[0], flip, ASKED[1], *ASKED], rounds=2), exchanges=6, redraws=1)
    spoken = product(result)
    assert (spoken.stop, spoken.reason) == ("budget", "2 drafts were turned down, 1 are allowed")
    assert len(spoken.turns) == 6


def test_rules_say_whether_a_behaviour_was_kept() -> None:
    behaviours = [BEHAVIOURS["terse"].model_dump(), BEHAVIOURS["changes-mind"].model_dump()]
    wordy = " ".join(f"word{number}" for number in range(26)) + "?"
    kept = product(talk(context(["Actually, the tin then. Where?"]), exchanges=2, behaviours=behaviours))
    assert [(one.name, one.holds, one.by) for one in kept.verdicts] == [
        ("terse", True, "rule"),
        ("changes-mind", True, "rule"),
    ]
    assert kept.behaviours == ("terse", "changes-mind")
    broken = product(talk(context([wordy]), exchanges=2, behaviours=behaviours, flawed="keep"))
    assert [one.holds for one in broken.verdicts] == [False, False]
    assert broken.verdicts[0].evidence.startswith("26 words, at most 25")


def test_the_same_in_slightly_other_words_is_made_again() -> None:
    """The embedder of these tests counts words: these differ in one."""
    again = "Should I over lunch leave open them? By dusk fog up my sleeves."
    result = talk(context([ASKED[0], again, ASKED[1]]), exchanges=3)
    assert said(result)[4] == ASKED[1]
    [attempt] = result.rejected
    assert attempt.flaw == "repeats_self"
    assert attempt.message.startswith("cosine 0.92 to")


@given(st.text(max_size=60))
def test_claims_takes_any_text(text: str) -> None:
    assert claims(text) in (True, False)


def test_the_inputs_survive_the_ledger() -> None:
    inputs = ConversationInputs(persona=PERSONA, situation=ROOM, behaviours=(BEHAVIOURS["terse"],))
    again = ConversationInputs.model_validate(json.loads(json.dumps(inputs.model_dump(mode="json"))))
    assert again == inputs
    assert isinstance(again.situation, Situation)
    unit = Unit(stage="converse", role="user", inputs=again.model_dump(mode="json"), seed=1)
    assert asyncio.run(converse(unit, context([OPENER, *ASKED]))).value["situation"] == "dry-room"
