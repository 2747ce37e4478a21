"""The detector of role flips: who speaks in the other side's place, and what comes close and is fine."""

from __future__ import annotations

import pytest
from guard_cases import ANSWER, ASSISTANT_SCENE, OPENER, PERSONA, USER_SCENE, found

from simulator.models.situation import Situation
from simulator.roles.guards import flip
from simulator.roles.guards.scene import Scene

WANTS = Situation(goal="Have the chair repaired and collected at home", constraints=("will not pay for the transport",))


@pytest.mark.parametrize(
    "turn",
    [
        "How can I help you with the log today?",
        "I'm here to help with whatever the canal throws at you.",
        "Sure! Here are some tips for keeping paper dry on the water.",
        "You should store the log in a dry box. Wipe the sleeves as well.",
        "I would recommend a pencil for that. Which one suits a lock keeper?",
        "1. Buy a sleeve\n2. Write in pencil\n3. Close the sleeve",
        "I hope this helps! Do you have any other questions?",
        "Turn the page only when both sides are dry, and use a soft pencil.",
        "Which of your boats passed the lock first?",
        "Our workshop will have your book ready on Friday, and you can collect it from nine on.",
        "I have a spare sleeve. Can I suggest some other materials?",
        "Make sure the page is dry before you write. It takes an hour.",
        "As an AI I have no canal, but a sleeve would do.",
        "I have wood in the shed. What if I make one of those boxes for you?",
    ],
)
def test_a_user_who_speaks_like_an_assistant_is_a_role_flip(turn: str) -> None:
    assert found(flip.role_flip, turn, USER_SCENE)


@pytest.mark.parametrize(
    "turn",
    [
        "My sleeves fog up by noon. Should I leave them open over lunch?",
        "Could you tell me which pencil does not smear?",
        "You said ink runs. Does that go for the oil-based kind too?",
        "Do you know whether wax paper would work?",
        "Your advice worked for a day. What now?",
        "I tried to help my neighbour with it and made things worse.",
        "So you think I should stop using ink?",
        "Would you leave the lid off overnight?",
        "I make one every year. What worked for you?",
        "1932 is when the lock was built. Is old paper worse?",
        "What do you think of sealing the edges?",
        "It is 40 pages, and the cover is oilcloth.",
        "I can send you a photo of the page if that helps.",
        "You may keep your plastic, I have used paper all my life. Which pencil, then?",
        "¿Y si la dejo abierta por la noche para que se seque el papel?",
    ],
)
def test_a_user_who_wants_something_is_none(turn: str) -> None:
    assert not found(flip.role_flip, turn, USER_SCENE)


def test_advice_among_people_is_no_role_flip_but_service_talk_is() -> None:
    among = Scene("user", own=(OPENER,), other=(ANSWER,), persona=PERSONA, among_people=True)
    assert not found(flip.role_flip, "You should come by and look at the gate yourself.", among)
    assert not found(flip.role_flip, "Is your boat still on the canal?", among)
    assert found(flip.role_flip, "How can I help you today?", among)


@pytest.mark.parametrize(
    ("turn", "flipped"),
    [
        ("Can you help me with my log? It gets wet.", True),
        ("Thank you for the advice, I will try the sleeve.", True),
        ("A sleeve is best. How do I keep it closed?", True),
        ("Use a clipboard with a lid. Should I describe how to build one?", False),
        ("Leave them open for an hour. Could you tell me how damp the hut is?", False),
        ("A pencil is enough. You can ask the harbour office for a sleeve.", False),
    ],
)
def test_an_assistant_who_asks_like_a_user_is_a_role_flip(turn: str, flipped: bool) -> None:
    assert found(flip.role_flip, turn, ASSISTANT_SCENE) is flipped


def test_who_points_to_what_was_said_does_not_ask_about_the_other_side() -> None:
    opener = "Calculate how long a phone with 995 mAh lasts. Should it still have been alive at two?"
    answer = "At a draw of 37 mA it lasts 26.6 hours, so it should have been alive. Perhaps the health was wrong."
    scene = Scene("user", own=(opener,), other=(answer,), persona="a duty engineer at a water utility")
    turn = "The health is what an app reports. If the draw was as you have it, how low would the health have to be?"
    assert not found(flip.role_flip, turn, scene)


def test_who_tells_what_the_other_sides_website_says_asks_and_does_not_serve() -> None:
    own = "One of the chairs I bought from you has a loose leg. I'd like it repaired under the guarantee."
    other = "Joints are covered. You can bring it, or have it collected for 15 euros. Which would you prefer?"
    scene = Scene("user", own=(own,), other=(other,), persona="a head teacher", situation=WANTS)
    assert not found(
        flip.role_flip, "Your website says collection is free while the guarantee runs. Has that changed?", scene
    )
    assert found(
        flip.role_flip, "Your guarantee covers the joint, so your chair is collected free of charge on Friday.", scene
    )
