"""Deduplication in order: what is kept, why the rest is not, and that nothing else matters."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.population.dedup.deduplicator import Deduplicator
from simulator.population.dedup.prefix import PrefixIndex
from simulator.population.dedup.verdict import DedupSettings, Match, Verdict
from simulator.population.tokens import jaccard, word_grams
from simulator.population.vectors.unit import cosine
from tests.population_cases import brute_force, short_texts, texts_with_duplicates, thresholds, vectors_with_duplicates

LEXICAL = DedupSettings(cosine=None)


def ids_for(texts: list[str]) -> list[str]:
    return [f"id{number}" for number in range(len(texts))]


def test_the_stages_come_in_order_and_name_the_survivor() -> None:
    dedup = Deduplicator()
    along, beside, across = np.eye(3, dtype=np.float32)
    ten = "one two three four five six seven eight nine ten"
    assert dedup.decide("a", ten, along).admitted
    assert dedup.decide("b", f"  {ten} ", across) == Verdict(False, "exact", "a", 1.0)
    assert dedup.decide("c", "ten nine eight seven six five four three two", across) == Verdict(
        False, "minhash", "a", 0.9
    )
    near = 0.95 * along + np.sqrt(1 - 0.95**2) * beside
    verdict = dedup.decide("d", "other words", near.astype(np.float32))
    assert (verdict.admitted, verdict.stage, verdict.survivor) == (False, "embedding", "a")
    assert verdict.score == pytest.approx(0.95, abs=1e-6)
    assert dedup.decide("e", "other words", beside).admitted
    assert list(dedup.ids) == ["a", "e"]


def test_a_pair_at_the_threshold_is_a_duplicate_and_one_below_is_not() -> None:
    nine, ten = "a b c d e f g h i", "a b c d e f g h i j"
    at = Deduplicator(DedupSettings(jaccard=0.9, cosine=None)).decide_many(["x", "y"], [nine, ten])
    over = Deduplicator(DedupSettings(jaccard=0.901, cosine=None)).decide_many(["x", "y"], [nine, ten])
    assert at[1] == Verdict(False, "minhash", "x", 0.9)
    assert over[1].admitted


def test_a_cosine_at_the_threshold_is_a_duplicate() -> None:
    vectors = np.asarray([[1.0, 0.0], [0.8, 0.6]], dtype=np.float32)
    exactly = cosine(vectors[0], vectors[1])
    at = Deduplicator(DedupSettings(jaccard=None, cosine=exactly)).decide_many(["x", "y"], ["a", "b"], vectors)
    over = Deduplicator(DedupSettings(jaccard=None, cosine=float(np.nextafter(exactly, 1)))).decide_many(
        ["x", "y"], ["a", "b"], vectors
    )
    assert at[1] == Verdict(False, "embedding", "x", exactly)
    assert over[1].admitted


def test_a_rejected_text_rejects_nobody() -> None:
    # b is close to a, and c is close to b but not to a.
    a, b, c = "a b c d", "a b c d e", "a b c d e f"
    verdicts = Deduplicator(DedupSettings(jaccard=0.8, cosine=None)).decide_many(["a", "b", "c"], [a, b, c])
    assert [verdict.admitted for verdict in verdicts] == [True, False, True]


@settings(max_examples=150)
@given(texts=st.lists(short_texts, max_size=30), threshold=thresholds)
def test_the_answers_are_those_of_brute_force(texts: list[str], threshold: float) -> None:
    chosen = DedupSettings(jaccard=threshold, cosine=None)
    ids = ids_for(texts)
    assert Deduplicator(chosen).decide_many(ids, texts) == brute_force(ids, texts, None, chosen)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    threshold=thresholds,
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_the_answers_do_not_depend_on_how_texts_are_divided_into_calls(
    seed: int, count: int, threshold: float, cuts: list[int]
) -> None:
    chosen = DedupSettings(jaccard=0.9, cosine=threshold)
    texts, vectors = texts_with_duplicates(count, seed), vectors_with_duplicates(count, seed)
    ids = ids_for(texts)
    parts = Deduplicator(chosen)
    verdicts: list[Verdict] = []
    bounds = sorted({0, count, *(cut for cut in cuts if cut < count)})
    for start, stop in pairwise(bounds):
        verdicts += parts.decide_many(ids[start:stop], texts[start:stop], vectors[start:stop])
    single = Deduplicator(chosen)
    assert verdicts == [single.decide(*row) for row in zip(ids, texts, vectors, strict=True)]
    assert verdicts == brute_force(ids, texts, vectors, chosen)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), mode=st.sampled_from(["exact", "paper"]))
def test_kept_texts_differ_and_every_rejected_one_has_a_kept_survivor(seed: int, mode: str) -> None:
    chosen = DedupSettings(mode=mode)  # type: ignore[arg-type]
    texts, vectors = texts_with_duplicates(40, seed), vectors_with_duplicates(40, seed)
    ids = ids_for(texts)
    verdicts = Deduplicator(chosen).decide_many(ids, texts, vectors)
    kept = [row for row, verdict in enumerate(verdicts) if verdict.admitted]
    for row, verdict in enumerate(verdicts):
        if not verdict.admitted:
            assert verdict.survivor is not None
            survivor = ids.index(verdict.survivor)
            assert survivor in kept
            assert survivor < row
            assert verdict.score is not None
            assert verdict.score >= 0.9
    if mode == "exact":
        for place, left in enumerate(kept):
            for right in kept[:place]:
                assert jaccard(word_grams(texts[left]), word_grams(texts[right])) < 0.9
                assert cosine(vectors[left], vectors[right]) < 0.9


def test_what_minhash_proposes_and_truth_confirms_the_prefix_index_finds_too() -> None:
    texts = texts_with_duplicates(2_000, seed=5, words=14)
    ids = ids_for(texts)
    sure = Deduplicator(LEXICAL).decide_many(ids, texts)
    likely = Deduplicator(DedupSettings(cosine=None, proposer="minhash")).decide_many(ids, texts)
    assert sum(not verdict.admitted for verdict in sure) > 200
    assert sum(left != right for left, right in zip(sure, likely, strict=True)) <= 3


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9, 1.0])
def test_of_many_sets_that_share_a_phrase_the_nearest_is_found(threshold: float) -> None:
    # Words that come late fill the prefixes, so that all these sets stand under the same keys.
    generator, common, phrase = random.Random(4), [f"w{number}" for number in range(300)], list("abcdef")
    index = PrefixIndex(threshold)
    index.add(common)
    stored = [frozenset([*phrase, *generator.sample(common, generator.randint(6, 18))]) for _ in range(400)]
    for words in stored:
        index.add(words)
    found = 0
    for words in stored[:200]:
        spare = sorted(words - set(phrase))
        generator.shuffle(spare)
        asked = frozenset(
            [*phrase, *spare[generator.randint(0, 3) :], *generator.sample(common, generator.randint(0, 2))]
        )
        best = max(range(400), key=lambda row: (jaccard(asked, stored[row]), -row))
        score = jaccard(asked, stored[best])
        assert index.best(asked) == (Match(best + 1, score) if score >= threshold else None)
        found += score >= threshold
    assert 0 < found <= 200


def test_long_texts_meet_short_ones_across_the_change_of_keys() -> None:
    # At 0.9 texts of up to 220 words are filed under pairs of words, longer ones under single words.
    words = [f"w{number:03}" for number in range(260)]
    for size in (215, 219, 220, 221, 222, 230):
        index = PrefixIndex(0.9)
        index.add(words[:size])
        for other in range(size - 12, min(size + 12, 260)):
            grams = words[:other]
            expected = min(size, other) / max(size, other)
            match = index.best(grams)
            assert (match is not None and match.score == expected) if expected >= 0.9 else match is None


def test_a_vector_of_zeros_duplicates_nothing() -> None:
    dedup = Deduplicator(DedupSettings(jaccard=None))
    zeros = np.zeros((2, 4), dtype=np.float32)
    assert [verdict.admitted for verdict in dedup.decide_many(["a", "b"], ["x", "y"], zeros)] == [True, True]


def test_texts_without_words_duplicate_only_their_like() -> None:
    dedup = Deduplicator(LEXICAL)
    verdicts = dedup.decide_many(["a", "b", "c"], ["!!!", "???", "!!! "])
    assert [verdict.admitted for verdict in verdicts] == [True, True, False]
    assert verdicts[2].stage == "exact"


def test_restored_it_decides_as_before() -> None:
    texts, vectors = texts_with_duplicates(300, seed=3), vectors_with_duplicates(300, seed=3)
    ids = ids_for(texts)
    lived = Deduplicator()
    first = lived.decide_many(ids[:200], texts[:200], vectors[:200])
    kept = [row for row, verdict in enumerate(first) if verdict.admitted]
    restored = Deduplicator()
    restored.restore([ids[row] for row in kept], [texts[row] for row in kept], lived.vectors.rows())
    expected = lived.decide_many(ids[200:], texts[200:], vectors[200:])
    assert restored.decide_many(ids[200:], texts[200:], vectors[200:]) == expected


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="out of range"):
        DedupSettings(jaccard=threshold)
    with pytest.raises(InputError, match="out of range"):
        DedupSettings(cosine=threshold)


def test_unusable_vectors_are_refused_before_anything_is_admitted() -> None:
    dedup = Deduplicator()
    with pytest.raises(InputError, match="No vectors"):
        dedup.decide("a", "a text")
    with pytest.raises(InputError, match="NaN"):
        dedup.decide("a", "a text", np.asarray([np.nan, 1.0]))
    with pytest.raises(InputError, match="Lengths differ"):
        dedup.decide_many(["a"], ["a text", "another"], np.eye(2))
    dedup.decide("a", "a text", np.asarray([1.0, 0.0]))
    with pytest.raises(InputError, match="3 dimensions"):
        dedup.decide("b", "another", np.asarray([1.0, 0.0, 0.0]))
    assert list(dedup.ids) == ["a"]


def test_an_id_names_one_text() -> None:
    dedup = Deduplicator(LEXICAL)
    dedup.decide("a", "one text")
    with pytest.raises(InputError, match="'a'"):
        dedup.decide("a", "quite another story")
