"""Vectors sorted into cells, so that near ones can be looked for in a few places instead of everywhere.

Cells are found by k-means. Every row is at home in the cell whose centre is nearest, and looks for earlier rows in all
cells whose centres are almost as near. How much is "almost" is measured, so that all but one pair in 1,000 meet: on the
near pairs of 2,000 rows with all others, and on pairs at exactly the threshold that are made from the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.population.threads import over_threads
from simulator.population.vectors.clusters import k_means
from simulator.population.vectors.fold import Fold

__all__ = ["Cells", "find_cells"]

CELL_ROWS = 250
"""Least rows a cell; fewer are too little work to hand over."""

_ROOTS = 0.7
"""Rows a cell in square roots of their number: with more, the products within cells take longest, with fewer those with
the centres (measured at 300,000 rows)."""

_SAMPLE_ROWS = 16
"""Rows a cell that k-means looks at."""

_TRIALS = 4_000
_FEW = 200
"""Pairs that are too few to tell what one in 1,000 does."""

_MISSED = 0.001
"""Share of pairs that may miss each other."""

_CHUNK = 2_048


@dataclass(frozen=True)
class Cells:
    """Where rows are at home, and where they look for others.

    Attributes:
        homes: The cell of each row; shape (rows,).
        starts: Where each row's cells to look in begin in ``probes``; shape (rows + 1,).
        probes: Cells to look in.
        count: Number of cells.
    """

    homes: NDArray[np.int32]
    starts: NDArray[np.int64]
    probes: NDArray[np.int32] | NDArray[np.uint16]
    count: int


def find_cells(vectors: Vectors, fold: Fold, threshold: float, count: int | None = None, seed: int = 0) -> Cells:
    """Return the cells of ``vectors``.

    Args:
        vectors: Unit vectors, shape (rows, dimensions).
        fold: Their fold; cells are found in its heads.
        threshold: The cosine of the pairs that are looked for.
        count: Number of cells; by default one for 250 rows, or more if they are many. With one, every row looks at
            every row.
        seed: Seed of the sample that the centres are found from.
    """
    rows = len(vectors)
    count = max(1, rows // max(CELL_ROWS, int(_ROOTS * rows**0.5))) if count is None else count
    if count == 1:
        zeros = np.zeros(rows, dtype=np.int32)
        return Cells(zeros, np.arange(rows + 1, dtype=np.int64), zeros, 1)
    generator = np.random.Generator(np.random.PCG64(seed))
    sample = vectors[np.sort(generator.choice(rows, min(rows, count * _SAMPLE_ROWS), replace=False))]
    centres = k_means(fold.heads(sample), count, generator)
    allowance = max(
        _allowance(_made_pairs(sample, threshold, generator), fold, centres),
        _allowance(_found_pairs(vectors, fold, threshold, generator), fold, centres),
    )
    return _assign(vectors, fold, centres, allowance)


def _made_pairs(sample: Vectors, threshold: float, generator: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Return rows, and for each a vector at the threshold from it in the direction of another row."""
    rows = sample[generator.choice(len(sample), min(_TRIALS, len(sample)), replace=False)]
    towards = sample[generator.choice(len(sample), len(rows))]
    towards = towards - np.einsum("ij,ij->i", towards, rows)[:, None] * rows
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    return rows, threshold * rows + np.float32(np.sqrt(max(0.0, 1.0 - threshold**2))) * towards


def _found_pairs(
    vectors: Vectors, fold: Fold, threshold: float, generator: np.random.Generator
) -> tuple[Vectors, Vectors]:
    """Return pairs of rows that are near to each other: those of a sample with all rows."""
    queries = np.sort(generator.choice(len(vectors), min(_TRIALS // 2, len(vectors)), replace=False))
    folded = fold(vectors[queries])
    lefts, rights = [queries[:0]], [queries[:0]]
    for number, (places, rows) in enumerate(over_threads(lambda part: fold.near(folded, fold(part)), _parts(vectors))):
        lefts.append(queries[places])
        rights.append(rows + number * _CHUNK)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    # A few thousand pairs tell enough; duplicates by the thousand must not take the memory of all their pairs.
    chosen = np.flatnonzero(left != right)[:: max(1, len(left) // (2 * _TRIALS))]
    pairs = vectors[left[chosen]], vectors[right[chosen]]
    near = np.einsum("ij,ij->i", *pairs) >= threshold
    return pairs[0][near], pairs[1][near]


def _allowance(pairs: tuple[Vectors, Vectors], fold: Fold, centres: Vectors) -> float:
    """Return how much farther than its nearest centre the second of a pair must look to meet the first."""
    if len(pairs[0]) < _FEW:
        return 0.0
    homes = (fold.heads(pairs[0]) @ centres.T).argmax(axis=1)
    scores = fold.heads(pairs[1]) @ centres.T
    short = scores.max(axis=1) - scores[np.arange(len(homes)), homes]
    return float(np.quantile(short, 1.0 - _MISSED))


def _assign(vectors: Vectors, fold: Fold, centres: Vectors, allowance: float) -> Cells:
    narrow = np.uint16 if len(centres) <= 1 << 16 else np.int32  # a row looks in many, and short numbers sort sooner

    def assign(part: Vectors) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[Any]]:
        scores = fold.heads(part) @ centres.T
        homes = scores.argmax(axis=1).astype(np.int32)
        near = scores >= (scores[np.arange(len(part)), homes] - np.float32(allowance))[:, None]
        return homes, np.count_nonzero(near, axis=1), (np.flatnonzero(near) % len(centres)).astype(narrow)

    homes, counts, probes = (
        np.concatenate(column) for column in zip(*over_threads(assign, _parts(vectors)), strict=True)
    )
    return Cells(homes, np.concatenate([[0], np.cumsum(counts)]), probes, len(centres))


def _parts(rows: Vectors) -> list[Vectors]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
