"""Unit vectors that grow row by row, and the exact search for those near to a new one.

A matrix product in float32 proposes, with a margin that covers its rounding; the cosine that decides is
:func:`cosine`, whose value depends on nothing but the two vectors: not on the size of a batch, the number of threads
or the library that multiplies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.population.verdict import Match

__all__ = ["VectorStore", "cosine", "unit_vectors"]

BLOCK_ROWS = 8192
"""Rows of a block: 8 MB at 256 dimensions, small beside the whole and large enough for fast products."""

_NEARLY_UNIT = 1e-5
"""Lengths this close to 1 are left alone, so that to normalise twice changes nothing."""


def unit_vectors(vectors: NDArray[np.floating]) -> Vectors:
    """Return ``vectors`` as float32 rows of length 1; rows of zeros stay as they are.

    Args:
        vectors: Array of shape (rows, dimensions).

    Raises:
        InputError: The array has another shape, or holds a NaN or an infinity.
    """
    if vectors.ndim != 2:
        raise InputError(f"Vectors came as an array of shape {vectors.shape}: give one row per text.")
    rows: Vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    if not np.isfinite(lengths).all():
        row = int(np.flatnonzero(~np.isfinite(lengths))[0])
        raise InputError(f"The vector of row {row} holds a NaN or an infinity: the embedder that made it is faulty.")
    off = (np.abs(lengths - 1.0) > _NEARLY_UNIT) & (lengths > 0.0)
    if off.any():
        rows = rows.copy()
        rows[off] = rows[off] / lengths[off, None]
    return rows


def cosine(left: Vectors, right: Vectors) -> float:
    """Return the cosine of two float32 vectors: products exact in float64, summed without rounding.

    A vector of zeros has no direction; its cosine with anything is 0.0.
    """
    a, b = left.astype(np.float64), right.astype(np.float64)
    lengths = math.fsum((a * a).tolist()) * math.fsum((b * b).tolist())
    return math.fsum((a * b).tolist()) / math.sqrt(lengths) if lengths else 0.0


class VectorStore:
    """A growing array of unit vectors, in blocks, so that growth never copies what is there."""

    def __init__(self) -> None:
        self._blocks: list[Vectors] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def dimensions(self) -> int | None:
        """Length of the vectors; ``None`` while the store is empty."""
        return self._blocks[0].shape[1] if self._blocks else None

    def add(self, vector: Vectors) -> int:
        """Append one unit vector (see :func:`unit_vectors`) and return its row number."""
        block, place = divmod(self._rows, BLOCK_ROWS)
        if block == len(self._blocks):
            self._blocks.append(np.empty((BLOCK_ROWS, vector.shape[0]), dtype=np.float32))
        self._blocks[block][place] = vector
        self._rows += 1
        return self._rows - 1

    def row(self, row: int) -> Vectors:
        """Return one vector; not a copy."""
        block, place = divmod(row, BLOCK_ROWS)
        vector: Vectors = self._blocks[block][place]
        return vector

    def rows(self, rows: Sequence[int] | None = None) -> Vectors:
        """Return a copy of the vectors of ``rows``, or of all.

        Returns:
            Array of shape (rows, dimensions); (0, 0) if the store is empty.
        """
        if not self._blocks:
            return np.empty((0, 0), dtype=np.float32)
        if rows is None:
            return np.concatenate([block for _, block in self._filled()])
        picked = np.empty((len(rows), self._blocks[0].shape[1]), dtype=np.float32)
        for place, row in enumerate(rows):
            picked[place] = self.row(row)
        return picked

    def propose(self, queries: Vectors, threshold: float) -> list[list[int]]:
        """Return for each query the rows whose cosine may reach ``threshold``: all that do, few that do not.

        Args:
            queries: Unit vectors, shape (queries, dimensions).
            threshold: The cosine that decides later.
        """
        found: list[list[int]] = [[] for _ in range(len(queries))]
        for start, block in self._filled():
            hits = np.nonzero(queries @ block.T >= threshold - rounding_margin(queries.shape[1]))
            for query, row in zip(hits[0].tolist(), hits[1].tolist(), strict=True):
                found[query].append(start + row)
        return found

    def best(self, query: Vectors, rows: Sequence[int], threshold: float) -> Match | None:
        """Return the most similar of ``rows`` to ``query``, of equals the first; ``None`` below ``threshold``."""
        if not rows:
            return None
        # Of many rows only those that may be the best are worth an exact sum.
        close = self.rows(rows) @ query
        contenders = np.flatnonzero(close >= close.max() - 2 * rounding_margin(len(query)))
        best: Match | None = None
        for place in contenders.tolist():
            match = Match(rows[place], cosine(query, self.row(rows[place])))
            if match.score >= threshold and match.beats(best):
                best = match
        return best

    def _filled(self) -> Iterator[tuple[int, Vectors]]:
        for number, block in enumerate(self._blocks):
            start = number * BLOCK_ROWS
            yield start, block[: self._rows - start]


def rounding_margin(dimensions: int) -> float:
    """Return a bound on the error of a float32 dot product of two unit vectors, whatever the order of its sum.

    The bound is ``dimensions`` times the unit round-off (2 ** -24), doubled for the rounding of the vectors' lengths.
    """
    return (dimensions + 256) * 2.0**-23
