"""Casts: filters, and choices that depend on the seed alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation
from simulator.population.casting.cast_filter import CastFilter
from simulator.population.casting.coverage import labels_by_cluster, sample_coverage, sample_nearest
from simulator.population.casting.sampling import (
    labels_by_attribute,
    labels_by_hop,
    labels_by_kind,
    sample_stratified,
    sample_uniform,
)
from simulator.population.vectors.unit import cosine, unit_vectors


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


@settings(max_examples=60)
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


labels = st.sampled_from(["red", "green", "blue"])


@settings(max_examples=80)
@given(st.lists(labels, min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 2**31 - 1))
def test_a_stratified_sample_is_even(colours: list[str], size: int, seed: int) -> None:
    people = [made(f"person {number}", attributes={"colour": colour}) for number, colour in enumerate(colours)]
    sample = sample_stratified(people, size, seed, labels_by_attribute(people, "colour"))
    assert len(sample) == min(size, len(people))
    drawn, there = (Counter(p.attributes["colour"] for p in group) for group in (sample, people))
    # A label that has some left must not have fewer drawn than another one has, but for the last round.
    for left in there:
        assert drawn[left] == there[left] or all(drawn[left] >= drawn[right] - 1 for right in there)
    assert sample == sample_stratified(people, size, seed, labels_by_attribute(people, "colour"))
    assert set(texts(sample_stratified(people, max(1, size - 1), seed, labels_by_attribute(people, "colour")))) <= set(
        texts(sample)
    )


def test_labels() -> None:
    assert list(labels_by_hop(PEOPLE).values()) == ["hop 0", "hop 1", "hop 2"]
    assert labels_by_attribute(PEOPLE, "town") == {PEOPLE[0].id: "Port"}
    relations = [
        Relation(source=PEOPLE[0].id, target=PEOPLE[1].id, name="uncle", kind="family", hop=1),
        Relation(source=PEOPLE[2].id, target=PEOPLE[1].id, name="rival", kind="rival", hop=1),
    ]
    assert labels_by_kind(relations) == {PEOPLE[1].id: "family"}
    assert sample_stratified(PEOPLE, 3, 0, {}) == PEOPLE


def placed(count: int, seed: int = 0) -> tuple[list[Persona], Vectors]:
    people = [made(f"person {number}") for number in range(count)]
    return people, unit_vectors(np.random.default_rng(seed).standard_normal((count, 8)))


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 2**31 - 1))
def test_each_of_a_cover_is_the_farthest_from_those_before_it(count: int, size: int, seed: int) -> None:
    people, vectors = placed(count, seed % 7)
    cover = sample_coverage(people, vectors, size, seed)
    assert len({person.id for person in cover}) == len(cover) == min(size, count)
    places = [people.index(person) for person in cover]
    for number in range(1, len(places)):
        before = vectors[places[:number]]
        nearest = [max(cosine(vector, other) for other in before) for vector in vectors]
        others = [nearest[place] for place in range(count) if place not in places[:number]]
        assert nearest[places[number]] <= min(others) + 1e-9
    assert sample_coverage(people, vectors, max(1, size - 1), seed) == cover[: max(1, min(size - 1, count))]


def test_a_cover_takes_one_of_each_group_first() -> None:
    people = [made(f"person {number}") for number in range(40)]
    corners = np.repeat(np.eye(4), 10, axis=0) + 0.05 * np.random.default_rng(1).standard_normal((40, 4))
    cover = sample_coverage(people, unit_vectors(corners), 4, seed=3)
    assert sorted(people.index(person) // 10 for person in cover) == [0, 1, 2, 3]


def test_the_nearest_come_first_with_their_cosine() -> None:
    people, vectors = placed(50)
    found = sample_nearest(people, vectors, vectors[7], 5)
    true = [cosine(vector, vectors[7]) for vector in vectors]
    best = sorted(range(50), key=lambda place: -true[place])[:5]
    assert found == [(people[place], true[place]) for place in best]
    assert found[0] == (people[7], 1.0)


def test_clusters_are_strata() -> None:
    people = [made(f"person {number}") for number in range(40)]
    corners = np.repeat(np.eye(4), [25, 5, 5, 5], axis=0) + 0.02 * np.random.default_rng(1).standard_normal((40, 4))
    found = labels_by_cluster(people, unit_vectors(corners), 4, seed=2)
    assert found == labels_by_cluster(people, unit_vectors(corners), 4, seed=2)
    sample = sample_stratified(people, 8, 5, found)
    assert len({found[person.id] for person in sample}) == len(set(found.values()))
    with pytest.raises(InputError, match="41 clusters"):
        labels_by_cluster(people, unit_vectors(corners), 41, seed=2)


def test_vectors_must_be_those_of_the_personas() -> None:
    people, vectors = placed(5)
    for wrong in (vectors[:4], vectors[0]):
        with pytest.raises(InputError, match="5 personas"):
            sample_coverage(people, wrong, 2, 0)
        with pytest.raises(InputError, match="5 personas"):
            sample_nearest(people, wrong, vectors[0], 2)
    with pytest.raises(InputError, match="embed both alike"):
        sample_nearest(people, vectors, vectors[0][:3], 2)


def test_filters_by_granularity() -> None:
    people = [made("a nurse"), made("a retired nurse who keeps bees")]
    assert CastFilter(granularities=["coarse"]).select(people) == people[:1]
    assert CastFilter(granularities=["medium", "fine"]).select(people) == people[1:]
    with pytest.raises(InputError, match="'rough'"):
        CastFilter(granularities=["rough"])


def test_strata_of_an_attribute_that_nobody_has_are_refused() -> None:
    with pytest.raises(InputError, match="has the attribute 'place': they have 'domain', 'town'"):
        labels_by_attribute(PEOPLE, "place")


def test_an_empty_cast_is_an_error_with_a_reason() -> None:
    with pytest.raises(InputError, match="filters"):
        sample_uniform([], 3, 0)
    with pytest.raises(InputError, match="at least 1"):
        sample_uniform(PEOPLE, 0, 0)
