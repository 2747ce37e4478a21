"""What must hold of every deduplicated set and every population, whatever came, in whatever order and parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population_cases import brute_force, short_texts, texts_with_duplicates, vectors_with_duplicates
from test_population_population import SETTINGS, History, histories

from simulator.embeddings.protocol import Vectors
from simulator.models.base import normalise_text
from simulator.population import threads
from simulator.population.bulk import deduplicate as bulk
from simulator.population.bulk.deduplicate import BulkVerdicts, deduplicate
from simulator.population.bulk.kernels import compiled
from simulator.population.dedup.deduplicator import Deduplicator
from simulator.population.dedup.verdict import DedupSettings
from simulator.population.population import Population
from simulator.population.tokens import jaccard, word_grams
from simulator.population.vectors.unit import cosine, unit_vectors

WAYS = ("incremental", "bulk") if compiled.can_compile() else ("incremental",)


def check(texts: Sequence[str], vectors: Vectors | None, chosen: DedupSettings, verdicts: BulkVerdicts) -> None:
    """Check a kept set by its definition and not by another way to it."""
    kept = verdicts.kept.tolist()
    grams = [word_grams(text) for text in texts]
    for place, row in enumerate(kept):
        for other in kept[:place]:
            assert normalise_text(texts[row]) != normalise_text(texts[other])
            assert chosen.jaccard is None or jaccard(grams[row], grams[other]) < chosen.jaccard
            assert vectors is None or chosen.cosine is None or cosine(vectors[row], vectors[other]) < chosen.cosine
    for row in set(range(len(texts))) - set(kept):
        verdict, survivor = verdicts[row], int(verdicts.survivors[row])
        assert survivor in kept
        assert survivor < row
        if verdict.stage == "exact":
            assert normalise_text(texts[row]) == normalise_text(texts[survivor])
        elif verdict.stage == "minhash":
            assert chosen.jaccard is not None
            assert verdict.score == jaccard(grams[row], grams[survivor]) >= chosen.jaccard
        else:
            assert vectors is not None
            assert chosen.cosine is not None
            assert verdict.score == cosine(vectors[row], vectors[survivor]) >= chosen.cosine


thresholds = st.sampled_from([None, 0.3, 0.6, 0.9, 1.0])


@settings(max_examples=40)
@given(
    texts=st.lists(st.one_of(short_texts, st.text(max_size=8)), max_size=30),
    lexical=thresholds,
    semantic=thresholds,
    seed=st.integers(0, 999),
)
def test_no_near_pair_is_kept_and_every_rejected_row_has_a_kept_survivor(
    texts: list[str], lexical: float | None, semantic: float | None, seed: int
) -> None:
    chosen = DedupSettings(jaccard=lexical, cosine=semantic)
    vectors = vectors_with_duplicates(len(texts), seed, dimensions=5) if semantic is not None else None
    for way in WAYS:
        verdicts = deduplicate(texts, vectors, chosen, way=way)  # type: ignore[arg-type]
        assert sum(verdicts.counts().values()) == len(texts)
        check(texts, vectors, chosen, verdicts)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), parts=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_the_kept_set_does_not_depend_on_how_the_rows_come_in(seed: int, parts: list[int]) -> None:
    texts, vectors = texts_with_duplicates(90, seed), vectors_with_duplicates(90, seed)
    ids = [str(row) for row in range(90)]
    whole = list(deduplicate(texts, vectors))
    dedup, verdicts, start = Deduplicator(), [], 0
    for part in [*parts, 90]:
        verdicts += dedup.decide_many(
            ids[start : start + part], texts[start : start + part], vectors[start : start + part]
        )
        start += part
    assert verdicts == whole


@pytest.mark.parametrize("way", WAYS)
def test_the_kept_set_does_not_depend_on_the_number_of_workers(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, vectors = texts_with_duplicates(200, seed=3), vectors_with_duplicates(200, seed=3, dimensions=40)
    chosen = DedupSettings(jaccard=0.8)
    expected = brute_force([str(row) for row in range(200)], texts, vectors, chosen)
    for workers in (1, 2, 7):
        monkeypatch.setattr(threads.os, "cpu_count", lambda workers=workers: workers)
        assert list(deduplicate(texts, vectors, chosen, way=way)) == expected  # type: ignore[arg-type]


def test_any_order_of_rows_keeps_no_near_pair() -> None:
    texts, vectors = texts_with_duplicates(150, seed=8), vectors_with_duplicates(150, seed=8)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(150)
        shuffled = [texts[row] for row in order]
        check(shuffled, vectors[order], DedupSettings(), deduplicate(shuffled, vectors[order]))


def test_without_numba_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, vectors = texts_with_duplicates(150, seed=6), vectors_with_duplicates(150, seed=6)
    chosen = DedupSettings(jaccard=0.7, cosine=0.85)
    monkeypatch.setattr(bulk, "can_compile", lambda: False)
    found = deduplicate(texts, vectors, chosen, way="bulk", exact_rows=0)
    assert found.cells == 1
    assert list(found) == brute_force(found.ids, texts, vectors, chosen)


def test_turns_of_phrase_that_many_texts_share_hide_no_pair() -> None:
    """Words that always stand together are ranked apart, so that they do not fill the prefix by which pairs are found."""
    phrases = ["keeps bees behind the old town wall", "writes letters for the neighbours at night",
               "collects maps of lands that no longer exist", "hopes to see the northern lights once"]  # fmt: skip
    names = [f"name{number}" for number in range(60)]
    texts = [
        f"{names[(7 * row) % 60]} of {names[row % 60]} {phrases[row % 4]} and {phrases[row // 4 % 4]}"
        for row in range(120)
    ]
    for threshold in (0.5, 0.8, 0.9):
        chosen = DedupSettings(jaccard=threshold, cosine=None)
        expected = brute_force([str(row) for row in range(120)], texts, None, chosen)
        for way in WAYS:
            assert list(deduplicate(texts, settings=chosen, way=way)) == expected  # type: ignore[arg-type]


@settings(max_examples=40)
@given(histories())
def test_edges_to_the_rejected_lead_to_their_survivors(history: History) -> None:
    population = Population(SETTINGS)
    admissions = population.admit_many(history.candidates, history.vectors)
    edges = {(relation.source, relation.target, relation.name) for relation in population.relations}
    for candidate, admission in zip(history.candidates, admissions, strict=True):
        target = admission.persona.id if admission.persona else admission.decision.survivor
        if candidate.relation is not None and target is not None and target != candidate.source:
            assert (candidate.source, target, candidate.relation) in edges
    asked = {(candidate.source, candidate.relation) for candidate in history.candidates if candidate.relation}
    assert {(source, name) for source, _, name in edges} <= asked


@settings(max_examples=40)
@given(histories())
def test_a_hop_is_the_shortest_distance_from_a_seed(history: History) -> None:
    population = Population(SETTINGS)
    admissions = population.admit_many(history.candidates, history.vectors)
    reached = {persona.id: 0 for persona in population.personas if persona.origin != "persona"}
    for candidate, admission in zip(history.candidates, admissions, strict=True):
        if candidate.origin != "persona" and admission.decision.survivor is not None:
            reached[admission.decision.survivor] = 0  # a seed that was there already
    queue = deque(reached)
    while queue:
        id_ = queue.popleft()
        for relation in population.outward(id_):
            if relation.target not in reached:
                reached[relation.target] = reached[id_] + 1
                queue.append(relation.target)
    assert {persona.id: persona.hop for persona in population.personas} == reached


def test_vectors_without_a_direction_are_like_nothing() -> None:
    vectors = unit_vectors(np.asarray([[0, 0], [1, 0], [0, 0], [1, 0]], dtype=np.float32))
    for way in WAYS:
        found = deduplicate(["a", "b", "c", "d"], vectors, DedupSettings(jaccard=None), way=way)  # type: ignore[arg-type]
        assert found.kept.tolist() == [0, 1, 2]
