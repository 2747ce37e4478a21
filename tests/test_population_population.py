"""A population admits in order, points edges at survivors, keeps hops shortest, and can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.persona import persona_id
from simulator.models.relation import Relation
from simulator.population.candidate import Admission, Candidate
from simulator.population.dedup.verdict import DedupSettings
from simulator.population.graph.consistency import inconsistencies
from simulator.population.population import Population

LEXICAL = DedupSettings(cosine=None)


def seed_of(text: str) -> Candidate:
    return Candidate(text, "text", "t-1", question="read", unit="u-1")


def relative(text: str, source: str, relation: str = "cousin") -> Candidate:
    return Candidate(text, "persona", persona_id(source), relation=relation, kind="family", unit="u-2")


def test_an_admitted_candidate_becomes_a_persona_with_its_provenance() -> None:
    population = Population(LEXICAL)
    admission = population.admit(
        Candidate("a lock keeper", "text", "t-9", question="like", unit="u-9", attributes={"domain": "canals"})
    )
    persona = admission.persona
    assert persona is not None
    assert (persona.id, persona.hop, persona.origin) == (persona_id("a lock keeper"), 0, "text")
    assert (persona.source, persona.question, persona.unit) == ("t-9", "like", "u-9")
    assert persona.attributes == {"domain": "canals"}
    assert admission.decision.admitted
    assert admission.decision.candidate == persona.id
    assert population.personas == [persona]
    assert population.persona(persona.id) == persona


def test_a_relation_leads_to_the_new_persona() -> None:
    population = Population(LEXICAL)
    population.admit(seed_of("a lock keeper"))
    admission = population.admit(relative("a young boat builder", "a lock keeper", "nephew"))
    assert admission.persona is not None
    assert admission.persona.hop == 1
    assert admission.relation == Relation(
        source=persona_id("a lock keeper"),
        target=admission.persona.id,
        name="nephew",
        kind="family",
        hop=1,
        unit="u-2",
    )
    assert population.outward(persona_id("a lock keeper")) == [admission.relation]


def test_a_relation_to_a_duplicate_leads_to_its_survivor() -> None:
    population = Population(LEXICAL)
    for text in ("a lock keeper", "a river pilot", "one two three four five six seven eight nine ten"):
        population.admit(seed_of(text))
    admission = population.admit(relative("one two three four five six seven eight nine", "a lock keeper"))
    survivor = persona_id("one two three four five six seven eight nine ten")
    assert admission.persona is None
    assert admission.relation is not None
    assert admission.relation.target == survivor
    decision = admission.decision
    assert (decision.admitted, decision.stage, decision.survivor, decision.score) == (False, "minhash", survivor, 0.9)
    assert survivor in decision.reason
    assert "0.9" in decision.reason


def test_a_duplicate_of_its_own_source_makes_no_relation() -> None:
    population = Population(LEXICAL)
    population.admit(seed_of("a lock keeper"))
    admission = population.admit(relative("a  lock keeper", "a lock keeper", "twin"))
    assert admission.decision.stage == "exact"
    assert admission.relation is None
    assert population.relations == []


def test_a_relation_is_kept_once_a_name() -> None:
    population = Population(LEXICAL)
    population.admit(seed_of("a lock keeper"))
    population.admit(relative("a river pilot", "a lock keeper", "brother"))
    assert population.admit(relative("a river pilot", "a lock keeper", "brother")).relation is None
    assert population.admit(relative("a river pilot", "a lock keeper", "rival")).relation is not None
    assert [relation.name for relation in population.relations] == ["brother", "rival"]


def test_a_seventh_step_is_rejected_by_the_limit() -> None:
    population = Population(LEXICAL)
    names = [f"person number {number}" for number in range(8)]
    population.admit(seed_of(names[0]))
    for nearer, farther in pairwise(names[:7]):
        assert population.admit(relative(farther, nearer)).decision.admitted
    admission = population.admit(relative(names[7], names[6]))
    assert (admission.decision.admitted, admission.decision.stage) == (False, "limit")
    assert "limit is 6" in admission.decision.reason
    assert population.admit(relative(names[0], names[6])).relation is None
    assert [persona.hop for persona in population.personas] == list(range(7))


def test_a_shorter_way_brings_everything_behind_it_nearer() -> None:
    population = Population(LEXICAL)
    for text in ("first seed", "chain one"):
        population.admit(seed_of(text) if text == "first seed" else relative(text, "first seed"))
    population.admit(relative("chain two", "chain one"))
    population.admit(relative("chain three", "chain two"))
    admission = population.admit(seed_of("chain two"))
    assert admission.decision.stage == "exact"
    assert [(persona.text, persona.hop) for persona in admission.nearer] == [("chain two", 0), ("chain three", 1)]
    assert [(relation.target, relation.hop) for relation in admission.changed] == [(persona_id("chain three"), 1)]
    assert population.persona(persona_id("chain three")).hop == 1
    assert inconsistencies(population.graph()) == []


def test_a_candidate_of_an_unknown_persona_is_refused() -> None:
    with pytest.raises(InputError, match="survivor"):
        Population(LEXICAL).admit(relative("a river pilot", "nobody"))


@pytest.mark.parametrize(
    "fields",
    [
        {"text": " ", "origin": "text"},
        {"text": "a pilot", "origin": "import", "relation": "cousin"},
        {"text": "a pilot", "origin": "persona"},
        {"text": "a pilot", "origin": "persona", "relation": "cousin"},
    ],
)
def test_a_candidate_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputError, match="t-1"):
        Candidate(source="t-1", **fields)  # type: ignore[arg-type]


@dataclass(frozen=True)
class History:
    """Candidates in order with their vectors; each refers to a persona admitted before it."""

    candidates: list[Candidate]
    vectors: Vectors


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a random history: seeds and relatives, many of them duplicates, in any order."""
    kinds = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 25), st.integers(0, 99)), min_size=1, max_size=40))
    vocabulary = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibex", "jay", "koi"]
    shadow = Population(SETTINGS)
    candidates, vectors = [], []
    for is_seed, number, choice in kinds:
        words = vocabulary[: 4 + number % 7]
        text = " ".join([*words, str(number // 7)])
        angle = choice / 99 * np.pi / 2
        vector = np.asarray([np.cos(angle), np.sin(angle), number % 3], dtype=np.float32)
        if is_seed or not len(shadow):
            candidate = Candidate(text, "text", "t")
        else:
            source = shadow.personas[choice % len(shadow)]
            candidate = Candidate(text, "persona", source.id, relation=f"r{choice % 3}", kind="friend")
        shadow.admit(candidate, vector)
        candidates.append(candidate)
        vectors.append(vector)
    return History(candidates, np.asarray(vectors))


SETTINGS = DedupSettings(jaccard=0.8, cosine=0.995)


def state(population: Population) -> tuple[object, ...]:
    return population.personas, population.relations, population.vectors.tobytes()


@settings(max_examples=100)
@given(histories())
def test_every_population_is_consistent_and_every_relation_joins_admitted_personas(history: History) -> None:
    population = Population(SETTINGS)
    admissions = population.admit_many(history.candidates, history.vectors)
    assert inconsistencies(population.graph()) == []
    admitted = {admission.persona.id for admission in admissions if admission.persona}
    rejected = {a.decision.candidate for a in admissions if not a.decision.admitted} - admitted
    for relation in population.relations:
        assert {relation.source, relation.target} <= admitted
        assert not {relation.source, relation.target} & rejected
    for admission in admissions:
        assert admission.decision.admitted == (admission.persona is not None)
        assert admission.decision.survivor is None or admission.decision.survivor in admitted


@settings(max_examples=100)
@given(histories(), st.integers(0, 40))
def test_restored_it_is_as_if_it_had_lived_through_the_admissions(history: History, cut: int) -> None:
    lived = Population(SETTINGS)
    lived.admit_many(history.candidates[:cut], history.vectors[:cut])
    restored = Population.restore(lived.personas, lived.relations, lived.vectors, SETTINGS)
    assert state(restored) == state(lived)
    rest = history.candidates[cut:], history.vectors[cut:]
    assert restored.admit_many(*rest) == lived.admit_many(*rest)
    assert state(restored) == state(lived)


@settings(max_examples=100)
@given(histories())
def test_what_admissions_report_is_all_that_a_record_needs(history: History) -> None:
    population = Population(SETTINGS)
    personas: dict[str, object] = {}
    relations: dict[tuple[str, str, str], object] = {}
    for candidate, vector in zip(history.candidates, history.vectors, strict=True):
        admission: Admission = population.admit(candidate, vector)
        for persona in (admission.persona, *admission.nearer):
            if persona is not None:
                personas[persona.id] = persona
        for relation in (admission.relation, *admission.changed):
            if relation is not None:
                relations[relation.source, relation.target, relation.name] = relation
    assert list(personas.values()) == population.personas
    assert list(relations.values()) == population.relations
    together = Population(SETTINGS)
    together.admit_many(history.candidates, history.vectors)
    assert state(together) == state(population)


def test_without_vectors_it_is_restored_too() -> None:
    lived = Population(LEXICAL)
    lived.admit_many([seed_of("a lock keeper"), relative("a river pilot", "a lock keeper")])
    restored = Population.restore(lived.personas, lived.relations, lived.vectors, LEXICAL)
    assert state(restored) == state(lived)
    assert not restored.admit(seed_of("a RIVER pilot")).decision.admitted


def test_a_restored_relation_must_join_restored_personas() -> None:
    orphan = Relation(source="p-a", target="p-b", name="aunt", kind="family", hop=1)
    with pytest.raises(InputError, match="'p-a'"):
        Population.restore([], [orphan], settings=LEXICAL)
