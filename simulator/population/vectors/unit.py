"""Unit vectors that grow row by row, and their cosine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError

__all__ = ["VectorStore", "cosine", "cosines", "rounding_margin", "unit_vectors"]

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


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """Return the cosine of each row of ``left`` with the same row of ``right``, both of shape (rows, dimensions).

    The products of float32 values are exact in float64, and a running sum adds them one after another: whatever the
    machine and the number of rows, two vectors have one cosine. A row of zeros has no direction; its cosine with
    anything is 0.0.
    """
    a, b = left.astype(np.float64), right.astype(np.float64)
    dots, squares_a, squares_b = (np.cumsum(x * y, axis=1)[:, -1] for x, y in ((a, b), (a, a), (b, b)))
    lengths = np.sqrt(squares_a * squares_b)
    found: NDArray[np.float64] = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0.0)
    return found


def cosine(left: Vectors, right: Vectors) -> float:
    """Return the cosine of two float32 vectors, as :func:`cosines` does."""
    return float(cosines(left[None, :], right[None, :])[0])


def rounding_margin(dimensions: int) -> float:
    """Return a bound on the error of a float32 dot product of two unit vectors, whatever the order of its sum.

    The bound is ``dimensions`` times the unit round-off (2 ** -24), doubled for the rounding of the vectors' lengths.
    """
    return (dimensions + 256) * 2.0**-23


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

    def blocks(self) -> Iterator[Vectors]:
        """Yield the vectors in blocks of 8,192 rows, the last one shorter; not copies."""
        for number, block in enumerate(self._blocks):
            yield block[: self._rows - number * BLOCK_ROWS]

    def rows(self, rows: Sequence[int] | None = None) -> Vectors:
        """Return a copy of the vectors of ``rows``, or of all.

        Returns:
            Array of shape (rows, dimensions); (0, 0) if the store is empty.
        """
        if not self._blocks:
            return np.empty((0, 0), dtype=np.float32)
        if rows is None:
            return np.concatenate(list(self.blocks()))
        picked = np.empty((len(rows), self._blocks[0].shape[1]), dtype=np.float32)
        for place, row in enumerate(rows):
            picked[place] = self._blocks[row // BLOCK_ROWS][row % BLOCK_ROWS]
        return picked
