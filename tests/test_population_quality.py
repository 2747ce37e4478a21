"""Heuristic flaws: what each notices, and what it must not take for a flaw."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.population.quality.flaws import FLAWS, count_flaws, find_flaw
from simulator.population.quality.granularity import GRANULARITIES, attribute_count, granularity
from simulator.population.quality.languages import LANGUAGES, guess_language

GOOD = [
    "a retired lock keeper who still listens for barges at night",
    "A history and geography teacher in a mountain village",
    "A software engineering student who has never met a deadline",
    "a company secretary who keeps minutes by hand",
    "A Bengali engineer with three sisters, working on a hydropower dam",
    "a radio presenter whose guests are mostly beekeepers",
    "A professor of Organic Chemistry from New Zealand",
    "a schoolboy writing a book about his grandmother",
    "An AI researcher who doubts her own benchmarks",
    "A Grand Canyon tour guide who is afraid of heights",
    "a member of the Saint Petersburg Rowing Club",
    "A person who likes to read about lighthouses",
    "An oboe player with a family of seven",
    "the head of a group of volunteers",
    "a teacher of twins",
    "a University of Ghent lecturer in dentistry",
    "a family and estate lawyer in a harbour town",
    "a family man who plays the tuba",
    "a team leader of a rescue crew",
    "a Family Circle subscriber",
    "the founder of a travel agency",
    "an agency nurse with a laboratory at home",
]

FLAWED = {
    "instruction leftover": [
        "Sure! Here is a persona: a nurse",
        "Persona: a nurse who works at night",
        "a reader of [insert name]'s novels",
        "A nurse. The given text describes a hospital at night.",
        "someone who would likely read this text",
        '{"persona": "a nurse"}',
        "**A nurse** who works at night",
        "As an AI language model I have no persona",
    ],
    "wrong language": [
        "un panadero que trabaja de noche en una ciudad pequeña",
        "ein Lehrer, der nicht mit dem Zug fährt",
        "une infirmière qui travaille dans un petit village",
        "медсестра, которая работает по ночам",
        "一位喜欢茶的老教师",
        "夜勤の看護師です",
        "밤에 일하는 간호사",
    ],
    "several people": [
        "a group of nurses who share a flat",
        "Two brothers who run a ferry",
        "Nurses who work at night",
        "a married couple of doctors",
        "1. a nurse 2. a porter",
        "Many parents",
        "a mother and daughter with a bakery",
        "a young couple who restore a barge",
        "a mountain family on a long journey",
    ],
    "not a person": [
        "A logistics company that needs a new warehouse",
        "an old harbour on the northern coast",
        "What would a nurse do?",
        "Describe a nurse",
        "an AI trained to answer letters",
        "The article is about bees",
        "A government agency looking for a new roof",
        "an agricultural cooperative seeking tractors",
        "This is a hospital by the sea",
        "\u200b",
        "\N{WOMAN}\u200d\N{MICROSCOPE} 42!",
    ],
    "names a real individual": [
        "Anna Kowalska, a nurse",
        "Anna Kowalska works as a nurse in a small town",
        "Professor Peter Hammond, head of the institute of acoustics",
        "Dr. Weatherby, who has delivered half of the village",
        "the violinist Anna Kowalska",
        "a retired violinist, Anna Kowalska, who teaches children",
        "An invented character: Dr. Peter J. Hammond, a shy botanist",
        "a violinist named Anna Kowalska who plays at weddings",
        "a smuggler known as Peter Hammond",
        'a blogger who writes under the pen name "Anna Kowalska"',
        "I am Anna Kowalska and I repair violins",
        "Sir Leonardo da Brescia of the northern marshes",
    ],
    "mentions an individual": [
        "a great fan of Michael Ballard and his songs",
        "a nurse who once met Dr. Weatherby",
        "a colleague of Peter J. Hammond",
        "a student of Leonardo da Brescia",
        "Anna Kowalska's younger brother, a plumber",
        "Anna Kowalska fan from a coastal town",
        "an Anna Kowalska impersonator at birthday parties",
        "a reader who prefers Peter Hammond’s early poems",
        "I am the oldest friend of Anna Kowalska",
        "a fellow player of the violinist Anna Kowalska",
        "a listener of a band called Peter Hammond",
        "A patient who trusts Dr. Anna Kowalska, as her mother did",
    ],
}


@pytest.mark.parametrize("text", GOOD)
def test_a_good_persona_has_no_flaw(text: str) -> None:
    assert find_flaw(text) is None


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FLAWED.items() for text in texts])
def test_each_flaw_is_named(name: str, text: str) -> None:
    flaw = find_flaw(text, wanted=FLAWS)
    assert flaw is not None
    assert flaw.name == name
    assert flaw.found


LOUD = ["A RETIRED LOCK KEEPER WHO KNOWS EVERY BOAT ON THE RIVER", "A SYSTEM TESTER WHO NEVER LEAVES THE HOUSE"]


@pytest.mark.parametrize("text", LOUD)
def test_capital_letters_are_no_flaw(text: str) -> None:
    assert find_flaw(text) is None


@pytest.mark.parametrize("name", ["several people", "not a person"])
def test_a_flaw_is_found_in_capital_letters(name: str) -> None:
    texts = [text.upper() for text in FLAWED[name]]
    assert [flaw.name for flaw in map(find_flaw, texts) if flaw] == [name] * len(texts)


@pytest.mark.parametrize("text", FLAWED["mentions an individual"])
def test_whoever_only_has_to_do_with_somebody_is_admitted_unless_it_is_asked_for(text: str) -> None:
    assert find_flaw(text) is None


def test_flaws_are_counted_by_name() -> None:
    counts = count_flaws([*GOOD, *(text for texts in FLAWED.values() for text in texts)])
    assert counts == {name: len(FLAWED[name]) for name in FLAWS}


def test_another_language_can_be_the_right_one() -> None:
    assert find_flaw("un panadero que trabaja de noche en una ciudad pequeña", "es") is None
    flaw = find_flaw("a nurse who works at night in the town", "es")
    assert flaw is not None
    assert (flaw.name, flaw.found) == ("wrong language", "en")


@pytest.mark.parametrize("text", ["", "42", "!!!", "Paris"])
def test_a_language_that_cannot_be_told_is_no_flaw(text: str) -> None:
    assert guess_language(text) is None


def test_languages_are_codes() -> None:
    assert {"en", "es", "zh", "ja", "ru"} <= set(LANGUAGES)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a nurse", 1),
        ("a pediatric nurse", 1),
        ("a retired nurse", 2),
        ("a nurse who keeps bees", 2),
        ("a nurse who keeps bees and plays the oboe", 3),
        ("a retired nurse who keeps bees in a small harbour town", 4),
        ("a shy, retired Italian nurse with two cats, who keeps bees and is afraid of the sea", 7),
        ("", 1),
    ],
)
def test_attributes_are_counted(text: str, count: int) -> None:
    assert attribute_count(text) == count


def test_every_count_has_a_granularity() -> None:
    assert granularity("a nurse") == "coarse"
    assert granularity("a retired nurse who keeps bees") == "medium"
    assert granularity("a shy, retired Italian nurse with two cats, who keeps bees and is afraid of the sea") == "fine"
    bounds = list(GRANULARITIES.values())
    assert all(after[0] == before[1] + 1 for before, after in pairwise(bounds))
