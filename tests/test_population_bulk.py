"""Bulk deduplication gives the answers of the incremental path, to the last bit."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.population.bulk.deduplicate import deduplicate
from simulator.population.bulk.kernels import compiled as compiled_module
from simulator.population.bulk.kernels.compiled import can_compile
from simulator.population.bulk.sweep import sweep, thresholds_between
from simulator.population.dedup.verdict import DedupSettings, Verdict
from simulator.population.tokens import jaccard, word_grams
from simulator.population.vectors.unit import cosines, unit_vectors
from tests.population_cases import brute_force, short_texts, texts_with_duplicates, thresholds, vectors_with_duplicates

compiles = pytest.mark.skipif(not can_compile(), reason="needs numba (the extra `fast`)")

TRICKY = [
    "",
    " ",
    "!!!",
    "one two  three\u00a0four",
    "one two three four ",
    "One TWO three fouR",
    "ΟΔΟΣ Σ ΑΣ σας",
    "οδος",
    "İstanbul ISTANBUL istanbul",
    "cafe\u0301 naïve café",
    "一位喜欢茶的老教师 Anna",
    "一位喜欢茶的老教师 anna",
    "カフェの店長",
    "늙은 어부와 바다",
    "\ud800 lone \udfff surrogates",
    "emoji 🚀 and 𝒎𝒂𝒕𝒉 letters 🚀",
    "under_score under score",
    "tab\tand\nnewline",
    "tab and newline",
    "a" * 400,
    " ".join(f"word{number}" for number in range(300)),
    " ".join(f"word{number}" for number in range(12, 300)),
]

any_text = st.one_of(short_texts, st.sampled_from(TRICKY), st.text(max_size=30))


def both(texts: list[str], vectors: np.ndarray | None, chosen: DedupSettings) -> tuple[list[Verdict], list[Verdict]]:
    return tuple(list(deduplicate(texts, vectors, chosen, way=way)) for way in ("bulk", "incremental"))  # type: ignore[return-value]


@compiles
@settings(max_examples=200)
@given(texts=st.lists(any_text, max_size=40), threshold=thresholds)
def test_any_texts_have_the_same_verdicts(texts: list[str], threshold: float) -> None:
    bulk, incremental = both(texts, None, DedupSettings(jaccard=threshold, cosine=None))
    assert bulk == incremental


@compiles
@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.97])
def test_many_texts_have_the_same_verdicts(threshold: float) -> None:
    texts = texts_with_duplicates(4_000, seed=11, words=24, vocabulary=3_000) + TRICKY * 3
    random.Random(1).shuffle(texts)
    bulk, incremental = both(texts, None, DedupSettings(jaccard=threshold, cosine=None))
    assert bulk == incremental
    assert 0.1 < np.mean([verdict.admitted for verdict in bulk]) < 0.95


@compiles
@pytest.mark.parametrize("cores", [1, 3])
def test_parts_and_passes_change_nothing(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.population import threads
    from simulator.population.bulk import pairs, words

    texts = texts_with_duplicates(1_500, seed=12, words=20, vocabulary=2_000) + TRICKY * 3
    random.Random(2).shuffle(texts)
    chosen = DedupSettings(jaccard=0.7, cosine=None)
    expected = list(deduplicate(texts, settings=chosen, way="incremental"))
    monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(threads, "_PART_ROWS", 64)
    monkeypatch.setattr(words, "_ROWS", 10)
    monkeypatch.setattr(words, "_COMPANY", 400)
    monkeypatch.setattr(pairs, "_PART_KEYS", 100)
    monkeypatch.setattr(pairs, "_KEYS_AT_ONCE", 5_000)
    assert list(deduplicate(texts, settings=chosen, way="bulk")) == expected


@compiles
def test_a_crowd_that_shares_its_words_is_compared_as_it_is_admitted() -> None:
    from simulator.population.bulk.pairs import alike_pairs
    from simulator.population.bulk.texts import Corpus
    from simulator.population.bulk.words import Words

    generator = random.Random(4)
    frame = "a keeper of the old light by the northern sea who counts every ship and"
    texts = [f"{frame} {' '.join(f'w{generator.randrange(6)}' for _ in range(5))}" for _ in range(1_400)]
    # Forty wordings of one text are more pairs than are written down, too.
    texts += [" ".join(generator.sample([f"x{number}" for number in range(30)], 29)) for _ in range(40)]
    for threshold in (0.85, 0.95):
        chosen = DedupSettings(jaccard=threshold, cosine=None)
        _, crowds = alike_pairs(Words(Corpus(texts)).sets(threshold), threshold)
        assert len(crowds.begins) > 1
        bulk, incremental = both(texts, None, chosen)
        assert bulk == incremental
    assert len({verdict.admitted for verdict in bulk[-40:]}) == 2


@compiles
def test_words_are_told_apart_by_all_of_their_letters() -> None:
    stems = ["", "a", "seven77", "eighteen", "ninetynin", "sixteensixteen16", "seventeen17171717", "é" * 3, "ж" * 6]
    words = [stem + end for stem in stems for end in ("", "x", "y", "é", "漢", "ж")]
    texts = [f"{word} {other}" for word in words for other in words[::5]]
    bulk, incremental = both(texts, None, DedupSettings(jaccard=1.0, cosine=None))
    assert bulk == incremental


@compiles
@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 80),
    jaccard_threshold=st.sampled_from([None, 0.6, 0.9]),
    cosine_threshold=st.sampled_from([0.2, 0.8, 0.9, 1.0]),
)
def test_texts_and_vectors_have_the_same_verdicts(
    seed: int, count: int, jaccard_threshold: float | None, cosine_threshold: float
) -> None:
    texts, vectors = texts_with_duplicates(count, seed, words=6), vectors_with_duplicates(count, seed)
    chosen = DedupSettings(jaccard=jaccard_threshold, cosine=cosine_threshold)
    bulk, incremental = both(texts, vectors, chosen)
    assert bulk == incremental
    assert bulk == brute_force([str(row) for row in range(count)], texts, vectors, chosen)


@compiles
@pytest.mark.parametrize("block", [1, 7, 64, 1 << 15])
def test_the_size_of_a_block_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.population.bulk import run
    from simulator.population.bulk import vectors as near

    texts = texts_with_duplicates(900, seed=2)
    vectors = vectors_with_duplicates(900, seed=2, dimensions=48)
    expected = deduplicate(texts, vectors, way="bulk", exact_rows=100)
    assert expected.cells > 1
    monkeypatch.setattr(run, "BLOCK", block)
    monkeypatch.setattr(near, "_TILE", 50)
    monkeypatch.setattr(near, "_MANY", 1)
    assert list(deduplicate(texts, vectors, way="bulk", exact_rows=100)) == list(expected)


@compiles
def test_ten_thousand_texts_of_one_meaning_do_not_need_the_memory_of_their_pairs() -> None:
    generator = np.random.default_rng(8)
    vectors = unit_vectors(np.ones(24) + 0.05 * generator.standard_normal((10_000, 24)))
    verdicts = deduplicate([f"text {row}" for row in range(10_000)], vectors, way="bulk")
    assert verdicts.counts() == {"kept": 1, "exact": 0, "minhash": 0, "embedding": 9_999}


@compiles
def test_cells_miss_few_and_never_reject_wrongly() -> None:
    generator = np.random.default_rng(3)
    centres = generator.standard_normal((60, 32))
    rows = centres[generator.integers(60, size=6_000)] + 1.2 * generator.standard_normal((6_000, 32))
    rows[3_000:] = rows[generator.integers(3_000, size=3_000)] + 0.55 * generator.standard_normal((3_000, 32))
    vectors = unit_vectors(rows[generator.permutation(6_000)])
    texts = [f"t{row}" for row in range(6_000)]
    chosen = DedupSettings(jaccard=None)
    exact = deduplicate(texts, vectors, chosen, way="bulk")
    celled = deduplicate(texts, vectors, chosen, way="bulk", exact_rows=0)
    assert (exact.cells, celled.cells) == (1, 24)
    rejected = np.flatnonzero(exact.stages)
    assert len(rejected) > 1_000
    assert np.mean(celled.stages[rejected] > 0) >= 0.99
    gone = np.flatnonzero(celled.stages)
    assert (celled.scores[gone] == cosines(vectors[gone], vectors[celled.survivors[gone]])).all()
    assert (celled.scores[gone] >= 0.9).all()
    assert (celled.stages[celled.survivors[gone]] == 0).all()


def test_kept_texts_differ_and_every_rejected_one_has_a_kept_survivor() -> None:
    texts = texts_with_duplicates(600, seed=21)
    verdicts = deduplicate(texts, settings=DedupSettings(cosine=None), way="bulk")
    kept = verdicts.kept.tolist()
    grams = [word_grams(text) for text in texts]
    assert all(jaccard(grams[a], grams[b]) < 0.9 for place, a in enumerate(kept) for b in kept[:place])
    for row, verdict in enumerate(verdicts):
        if not verdict.admitted:
            survivor = int(verdicts.survivors[row])
            assert survivor in kept
            assert survivor < row
            assert verdict.survivor == str(survivor)
            assert verdict.score == jaccard(grams[survivor], grams[row]) >= 0.9


@pytest.mark.parametrize("way", ["bulk", "incremental", "auto"])
def test_counts_add_up(way: str) -> None:
    texts = ["a b c", "A B C", "a  b c", "d e f", "x y z"]
    vectors = np.asarray([[1, 0], [1, 0], [0, 1], [1, 0.1], [0, 1]], dtype=np.float32)
    verdicts = deduplicate(texts, vectors, ids=list("vwxyz"), way=way)  # type: ignore[arg-type]
    assert verdicts.counts() == {"kept": 2, "exact": 1, "minhash": 1, "embedding": 1}
    assert [verdict.survivor for verdict in verdicts] == [None, "v", "v", "v", None]
    assert verdicts[1:3] == [Verdict(False, "minhash", "v", 1.0), Verdict(False, "exact", "v", 1.0)]
    assert verdicts.kept.tolist() == [0, 4]


def test_paper_mode_lets_the_estimate_decide() -> None:
    texts = texts_with_duplicates(400, seed=5, words=40)
    paper = deduplicate(texts, settings=DedupSettings(mode="paper", cosine=None))
    assert all((128 * score) % 1 == 0 and score >= 0.9 for score in paper.scores[paper.stages == 2])
    exact = deduplicate(texts, settings=DedupSettings(cosine=None))
    assert paper.counts() != exact.counts()


def test_a_sweep_tells_what_remains_at_each_threshold() -> None:
    texts, vectors = texts_with_duplicates(200, seed=9), vectors_with_duplicates(200, seed=9)
    told = dict(sweep(texts, vectors, thresholds_between(0.5, 0.95, 0.15)))
    assert list(told) == [0.5, 0.65, 0.8, 0.95]
    for threshold, counts in told.items():
        assert sum(counts.values()) == 200
        chosen = DedupSettings(jaccard=threshold, cosine=threshold)
        verdicts = brute_force([str(row) for row in range(200)], texts, vectors, chosen)
        assert counts["kept"] == sum(verdict.admitted for verdict in verdicts)
    lexical = dict(sweep(texts, None, [0.5], DedupSettings(cosine=None)))
    assert lexical[0.5]["embedding"] == 0
    for wrong in ((0.0, 0.5), (0.9, 0.5), (0.5, 1.5)):
        with pytest.raises(InputError, match="sweep"):
            thresholds_between(*wrong)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="no vectors"):
        deduplicate(["a"])
    with pytest.raises(InputError, match="1 vectors came for 2"):
        deduplicate(["a", "b"], np.ones((1, 2)))
    with pytest.raises(InputError, match="1 different ids"):
        deduplicate(["a", "b"], np.ones((2, 2)), ids=["x", "x"])


def test_nothing_at_all() -> None:
    for way in ("bulk", "incremental"):
        assert list(deduplicate([], np.empty((0, 4)), way=way)) == []  # type: ignore[arg-type]


def test_a_numba_that_cannot_be_imported_is_as_if_there_were_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(name: str) -> None:
        raise ImportError("Numba needs an older NumPy")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(compiled_module, "import_module", refused)
    can_compile.cache_clear()
    try:
        texts = ["a b c", "a b c.", "d e f"]
        assert deduplicate(texts, settings=DedupSettings(cosine=None), way="bulk").kept.tolist() == [0, 2]
        assert "Numba needs an older NumPy" in caplog.text
    finally:
        can_compile.cache_clear()


@compiles
def test_where_nothing_can_be_kept_on_disk_functions_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    def double(number: int) -> int:
        return 2 * number

    real = numba.njit

    def njit(**chosen: bool) -> Callable[..., object]:
        def nowhere(function: object) -> None:
            raise RuntimeError("cannot cache function: no locator available")

        return nowhere if chosen.get("cache") else real(**chosen)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled_module.compiled(double)(21) == 42
