"""Descriptions of people: how they are mended, and what is no description of one person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.roles.people_words import head_phrase, names_person
from simulator.roles.persona_text import mend_persona, mend_who, plainness


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ('"A ferry mate who ties the ropes at night."', "a ferry mate who ties the ropes at night"),
        ("This person is a baker who sells rye bread", "a baker who sells rye bread"),
        ("This person earns a living as a piper who plays at funerals", "a piper who plays at funerals"),
        ("The younger sister is a nurse named Ada Stone, who drives to farms", "a nurse who drives to farms"),
        ("an experienced and skilled mason who repairs church walls", "an experienced mason who repairs church walls"),
        (
            "a drummer, and their daily work involves driving the van of the band",
            "a drummer whose daily work involves driving the van of the band",
        ),
        (
            "a clerk who stamps passports at the border, but they would rather be at sea",
            "a clerk who stamps passports at the border",
        ),
        (
            "An engineer in her fifties. She repairs pumps at night.",
            "an engineer in her fifties. She repairs pumps at night.",
        ),
    ],
)
def test_small_faults_are_mended(raw: str, mended: str) -> None:
    assert mend_persona(raw).replace(",", "") == mended.replace(",", "")


@given(st.text(max_size=120))
def test_mending_twice_changes_nothing_more(text: str) -> None:
    once = mend_persona(text)
    assert mend_persona(once) == mend_persona(mend_persona(once))


@pytest.mark.parametrize(
    ("raw", "who"),
    [
        ("This person works as a bus driver", "a bus driver"),
        ("This person is an experienced and skilled gardener, but not old", "an experienced gardener"),
        ("glass-maker in a village", "a glass-maker"),
        ("The uncle is a retired organ builder who", "a retired organ builder"),
        ("usher", "an usher"),
    ],
)
def test_who_somebody_is(raw: str, who: str) -> None:
    assert mend_who(raw) == who


@pytest.mark.parametrize(
    "text",
    [
        "a retired lock keeper who paints boats",
        "an air traffic controller responsible for the northern sector",
        "a sheep farmer from the hills",
        "a mother-in-law with three cats",
        "a widow who grows roses",
        "a stubborn chess player",
        "an apprentice",
        "a data analyst who counts birds",
        "the youngest daughter of a tailor",
        "a seamstress who turns old coats",
    ],
)
def test_people_are_people(text: str) -> None:
    assert names_person(head_phrase(text))


@pytest.mark.parametrize(
    "text",
    [
        "a ferry passenger list for the summer",
        "a letter from the tenant",
        "a soccer match between two schools",
        "a labrador who swallowed a sock",
        "an important water container",
        "a match in a football team",
        "a shipyard which builds tugs",
        "a career in medicine",
    ],
)
def test_things_are_not(text: str) -> None:
    assert not names_person(head_phrase(text))


def test_praise_costs_and_a_life_pays() -> None:
    plain = plainness("a nurse who drives to farms")
    assert plain > plainness("a nurse on farms") > plainness("a passionate, dedicated and renowned nurse")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("a arbiter", "an arbiter"), ("a audiologist", "an audiologist"), ("a European judge", "a European judge")],
)
def test_the_article_before_a_vowel_is_mended(said: str, meant: str) -> None:
    assert mend_who(said) == meant
