"""Casts: filters, and choices that depend on the seed alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation
from simulator.population.cast_filter import CastFilter
from simulator.population.sampling import sample_uniform


def made(text: str, hop: int = 0, **fields: object) -> Persona:
    return Persona(id=persona_id(text), text=text, hop=hop, origin="text", source="t", **fields)  # type: ignore[arg-type]


PEOPLE = [
    made("A night nurse in a harbour town", question="read", attributes={"domain": "Medicine", "town": "Port"}),
    made("a retired harbour pilot", hop=1),
    made("a Nurse who repairs radios", hop=2, question="like", attributes={"domain": "radio"}),
]


def texts(people: list[Persona]) -> list[str]:
    return [person.text for person in people]


def chosen(**conditions: object) -> list[str]:
    return texts(CastFilter(**conditions).select(PEOPLE))  # type: ignore[arg-type]


def test_filters_by_field() -> None:
    assert chosen() == texts(PEOPLE)
    assert chosen(hops=[1, 2]) == texts(PEOPLE[1:])
    assert chosen(questions=["like"]) == [PEOPLE[2].text]
    assert chosen(origins=["import"]) == []
    assert chosen(attributes={"domain": " medicine"}) == [PEOPLE[0].text]
    assert chosen(attributes={"domain": ""}) == [PEOPLE[0].text, PEOPLE[2].text]


def test_filters_by_whole_words_in_any_case() -> None:
    assert chosen(words=["nurse"]) == [PEOPLE[0].text, PEOPLE[2].text]
    assert chosen(words=["night nurse", "harbour"]) == [PEOPLE[0].text]
    assert chosen(words=["nurse night"]) == []
    assert chosen(words=["nurs"]) == []
    assert chosen(without=["harbour"]) == [PEOPLE[2].text]


def test_filters_by_the_kind_of_a_relation_that_leads_to_a_persona() -> None:
    relation = Relation(source=PEOPLE[0].id, target=PEOPLE[1].id, name="uncle", kind="family", hop=1)
    assert CastFilter(kinds=["family"]).select(PEOPLE, [relation]) == [PEOPLE[1]]
    assert CastFilter(kinds=["rival"]).select(PEOPLE, [relation]) == []


def test_conditions_that_nobody_can_meet_are_refused() -> None:
    with pytest.raises(InputError, match="six degrees"):
        CastFilter(hops=[7])
    with pytest.raises(InputError, match="no word"):
        CastFilter(words=["?!"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 60), st.integers(1, 50))
def test_a_sample_depends_on_the_seed_and_the_people_and_not_on_their_order(seed: int, size: int, count: int) -> None:
    people = [made(f"person {number}") for number in range(count)]
    sample = sample_uniform(people, size, seed)
    assert len(sample) == min(size, count)
    assert [people.index(person) for person in sample] == sorted(people.index(person) for person in sample)
    assert {p.id for p in sample_uniform(people[::-1], size, seed)} == {person.id for person in sample}
    assert set(texts(sample_uniform(people, max(1, size - 1), seed))) <= set(texts(sample))


def test_every_persona_is_drawn_equally_often() -> None:
    people = [made(f"person {number}") for number in range(10)]
    counts = dict.fromkeys(texts(people), 0)
    for seed in range(2_000):
        for person in sample_uniform(people, 3, seed):
            counts[person.text] += 1
    # 600 expected each; five standard deviations are 102.
    assert all(498 <= count <= 702 for count in counts.values())


def test_an_empty_cast_is_an_error_with_a_reason() -> None:
    with pytest.raises(InputError, match="filters"):
        sample_uniform([], 3, 0)
    with pytest.raises(InputError, match="at least 1"):
        sample_uniform(PEOPLE, 0, 0)
