"""Dialogue acts, and which side of a talk a turn sounds like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.models.situation import Situation
from simulator.roles.guards.acts import read
from simulator.roles.guards.flip import SURE, role_flip
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.sides import features, known_share, shipped, sounds_like

ASKED = Scene(
    "user",
    own=("My kettle lost its spout. I would like a new one.",),
    other=("I am sorry about that. Is the enamel still whole?",),
    persona="a puppeteer who tours schools",
    situation=Situation(goal="get a new spout for the kettle"),
)


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("Shall I send you another one?", "offers"),
        ("Would you like the larger size?", "asks for your wish"),
        ("Can you send me another one?", "requests for itself"),
        ("Have you tried the other socket?", "asks about you"),
        ("How do I get it off?", "asks about itself"),
        ("is there a way to test it", "asks"),
        ("Yes, you can use the side door.", "advises"),
        ("Put it under the lid.", "instructs"),
        ("Put it next to my door.", "instructs own"),
        ("We'll refund the amount.", "we deal"),
        ("I could help you with that.", "I serve you"),
        ("Your parcel is at the depot.", "tells of yours"),
        ("Wood usually dries in a week.", "explains"),
        ("20418, from Tanner Street.", "answers"),
        ("Thank you for the quick reply.", "thanks"),
        ("Sure.", "nods"),
    ],
)
def test_a_sentence_is_read_as_what_it_does(sentence: str, act: str) -> None:
    assert read(sentence).act == act


def test_whose_things_are_spoken_of_is_told_apart() -> None:
    found = features("The spout and the enamel are with the neighbour.", ASKED, frozenset({"and", "with"}))
    assert {"DET MINE", "DET THEIRS", "DET NEW", "asked: MINE", "goal: THEIRS"} <= set(found)
    assert found["=on what I was asked"] > 0


@pytest.mark.parametrize(
    ("turn", "like_the_other_side"),
    [
        ("We have sent the new spout today, and you will receive it by Friday.", True),
        ("You can screw the spout back on, but make sure the lid is off.", True),
        ("It has a crack as long as my thumb.", False),
        ("I could bring you the kettle on Friday, if that helps. Is there somebody in the shop?", False),
    ],
)
def test_a_turn_sounds_like_one_of_the_sides(turn: str, like_the_other_side: bool) -> None:
    assert (sounds_like(turn, ASKED, shipped()).score >= SURE) is like_the_other_side


def test_the_evidence_is_what_was_done_and_in_which_sentence() -> None:
    label = role_flip("All right. We have sent the new spout today, and you will receive it by Friday.", ASKED)
    assert label is not None
    assert label.evidence == "we deal you: We have sent the new spout today, and you will receive it by Friday."


@pytest.mark.parametrize(
    "turn", ["Usted puede poner la tapa en agua caliente y luego secarla bien.", "把盖子放在热水里然后擦干就可以了"]
)
def test_what_is_not_english_is_not_judged(turn: str) -> None:
    assert known_share(turn, shipped().vocabulary) < 0.4
    assert role_flip(turn, ASKED) is None


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_can_be_looked_at(turn: str, said: str) -> None:
    role_flip(turn, Scene("user", own=(said,), other=(said,)))
    assert role_flip(turn, ASKED) == role_flip(turn, ASKED)
