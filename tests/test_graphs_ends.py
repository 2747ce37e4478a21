"""Why a conversation ends, and that it says so."""

from __future__ import annotations

import pytest
from conversation_cases import ANSWERED, ASKED, OPENER, PERSONA, context, product, talk

from graphs.talk.stop import ending, lost_reason
from simulator.models.conversation import ConversationInputs, Label, Turn
from simulator.roles.guards.repetition import is_farewell


def test_a_user_who_only_repeats_ends_in_a_loop() -> None:
    result = talk(context([ASKED[0], OPENER, ASKED[0]], rounds=2), exchanges=4)
    assert product(result).stop == "loop"
    assert [attempt.flaw for attempt in result.rejected] == ["opener_repeated", "repeats_self"]


@pytest.mark.parametrize(
    ("turn", "answer", "stop"),
    [
        ("That is all I needed, goodbye.", "Good luck with the season on the water.", "left"),
        ("Never mind, I'll ask someone else.", "The harbour office may know more than I do.", "gave_up"),
        ("Then I must give up on the fan. Goodbye.", "The harbour office may know more than I do.", "gave_up"),
        ("I'm giving up on this and will look elsewhere.", "The harbour office may know more than I do.", "gave_up"),
        ("Thank you, that was helpful!", "You're welcome, keep the books dry.", "left"),
        (ASKED[0], "All boats are through for today. Goodbye!", "assistant_ended"),
        (ASKED[0], "I cannot continue this conversation.", "assistant_ended"),
    ],
)
def test_every_reason_is_recorded_and_the_last_word_is_the_assistants(turn: str, answer: str, stop: str) -> None:
    result = talk(context([turn, *ASKED[1:]], [ANSWERED[0], answer]), exchanges=4)
    spoken = product(result)
    assert (spoken.stop, len(spoken.turns)) == (stop, 4)
    assert spoken.reason
    assert spoken.turns[-1].content == answer


def test_a_question_without_its_answer_never_ends_a_conversation() -> None:
    inputs = ConversationInputs(persona=PERSONA, exchanges=1)
    assert ending(inputs, [Turn(role="user", speaker="p", content="Goodbye.")]) is None
    assert ending(inputs, []) is None


WORDS = ("good", "dry", "long", "calm", "warm")


@pytest.mark.parametrize(
    ("last", "stop"),
    [
        ("I wish you a good season. Have a great day!", "max_turns"),
        ("Is there anything else I can help you with?", "max_turns"),
        ("As I said, a pencil never runs in the rain.", "loop"),
    ],
)
def test_what_a_desk_ends_each_answer_with_neither_ends_the_talk_nor_is_a_loop(last: str, stop: str) -> None:
    answers = [f"{answer} {last.replace('good', word)}" for answer, word in zip(ANSWERED, WORDS, strict=True)]
    spoken = product(talk(context(ASKED, answers, rounds=1), exchanges=4, flawed="keep"))
    assert (spoken.stop, len(spoken.turns)) == (stop, 8 if stop == "max_turns" else 6)


def test_a_kept_repetition_is_a_loop() -> None:
    label = Label(detector="repeats_self", evidence="again")
    inputs = ConversationInputs(persona=PERSONA)
    again = Turn(role="assistant", speaker="assistant", content="So.", labels=(label,))
    asks = Turn(role="user", speaker="p", content="So?")
    assert ending(inputs, [asks, again]) is None  # the user may ask in another way
    assert ending(inputs, [asks, again, asks, again]) == ("loop", "repeats_self: again")
    repeated = asks.model_copy(update={"labels": (label,)})
    assert ending(inputs, [asks, again.model_copy(update={"labels": ()}), repeated, again]) == (
        "loop",
        "repeats_self: again",
    )
    assert lost_reason(["repeats_self", "role_flip"]) == "loop"
    assert lost_reason(["repeats_self", "cut", "role_flip"]) == "error"
    assert lost_reason([]) == "error"


@pytest.mark.parametrize(
    ("turn", "leaves"),
    [
        ("Your coat has been on the road for so long. Once I have the number, I can look it up.", False),
        ("I see you ordered two lamps on Monday. One of them is on its way.", False),
        ("We'll take care of that for you.", False),
        ("It took so long.", False),
        ("So long, and thanks.", True),
        ("See you on Saturday, then.", True),
        ("Thanks, take care.", True),
    ],
)
def test_words_of_leave_that_speak_of_the_matter_end_nothing(turn: str, leaves: bool) -> None:
    assert is_farewell(turn) is leaves
