"""Folding rules nothing out that is near, and the search over many blocks finds exactly what brute force finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.population.dedup.cosine import CosineSearch
from simulator.population.vectors.fold import Fold
from simulator.population.vectors.unit import BLOCK_ROWS, VectorStore, cosine, cosines, unit_vectors


def skewed(rows: int, dimensions: int, seed: int) -> Vectors:
    """Return unit vectors that differ much in a few directions and little in the others, in pairs of near ones."""
    generator = np.random.default_rng(seed)
    spread = generator.standard_normal((rows, dimensions)) * np.geomspace(1.0, 0.02, dimensions)
    spread[1::2] = spread[: rows // 2 * 2 : 2][: len(spread[1::2])] + 0.3 * spread[1::2]
    turn, _ = np.linalg.qr(generator.standard_normal((dimensions, dimensions)))
    return unit_vectors(spread @ turn)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 40, 64]), st.sampled_from([0.3, 0.7, 0.9, 0.99, 1.0]))
def test_folded_products_are_never_below_the_cosine(seed: int, dimensions: int, threshold: float) -> None:
    vectors = skewed(60, dimensions, seed)
    fold = Fold(vectors, threshold, width=max(1, dimensions // 8))
    folded = fold(vectors)
    left, right = np.divmod(np.arange(3600), 60)
    true = cosines(vectors[left], vectors[right])
    assert (np.einsum("ij,ij->i", folded[left], folded[right]) >= true - (threshold - fold.floor)).all()
    kept = set(zip(*(places.tolist() for places in fold.near(folded, folded)), strict=True))
    assert {
        (a, b) for a, b, value in zip(left.tolist(), right.tolist(), true, strict=True) if value >= threshold
    } <= kept


def test_a_fold_is_as_narrow_as_the_data_allow() -> None:
    assert Fold(skewed(4_000, 256, 1), 0.9).width <= 48
    flat = unit_vectors(np.random.default_rng(2).standard_normal((4_000, 64)))
    assert not Fold(flat, 0.3).saves


@pytest.mark.parametrize("threshold", [0.9, 0.4])
def test_the_search_over_many_blocks_finds_what_brute_force_finds(threshold: float) -> None:
    count = 2 * BLOCK_ROWS + 700
    vectors, queries = skewed(count, 48, 3), skewed(count, 48, 3)[::397]
    store = VectorStore()
    search = CosineSearch(store, threshold)
    for vector in vectors:
        store.add(vector)
    for query, proposed in zip(queries, search.propose(queries), strict=True):
        true = cosines(vectors, np.broadcast_to(query, vectors.shape))
        assert set(np.flatnonzero(true >= threshold).tolist()) <= set(proposed)
        assert proposed == sorted(proposed)
        best = search.best(query, proposed)
        assert best is not None
        assert (best.row, best.score) == (int(np.argmax(true)), true.max())


def test_the_store_keeps_rows_over_block_bounds() -> None:
    vectors = skewed(BLOCK_ROWS + 5, 4, 4)
    store = VectorStore()
    for row, vector in enumerate(vectors):
        assert store.add(vector) == row
    assert len(store) == BLOCK_ROWS + 5
    assert np.array_equal(store.rows(), vectors)
    assert np.array_equal(store.rows([BLOCK_ROWS, 0, BLOCK_ROWS - 1]), vectors[[BLOCK_ROWS, 0, BLOCK_ROWS - 1]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_a_cosine_does_not_depend_on_the_company(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    left = unit_vectors(generator.standard_normal((rows, 33)))
    right = unit_vectors(generator.standard_normal((rows, 33)))
    assert [cosine(a, b) for a, b in zip(left, right, strict=True)] == cosines(left, right).tolist()
    assert cosines(left, right).tolist() == cosines(right, left).tolist()


def test_unit_vectors() -> None:
    rows = unit_vectors(np.asarray([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]))
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 0.0], [1.0, 0.0]]
    assert np.array_equal(unit_vectors(rows), rows)
    with pytest.raises(InputError, match="row 1"):
        unit_vectors(np.asarray([[1.0, 0.0], [np.inf, 0.0]]))
    with pytest.raises(InputError, match="shape"):
        unit_vectors(np.ones(3))


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_to_normalise_twice_changes_nothing(seed: int, dimensions: int) -> None:
    rows = unit_vectors(np.random.default_rng(seed).standard_normal((5, dimensions)) * 1e3)
    assert np.array_equal(unit_vectors(rows), rows)
