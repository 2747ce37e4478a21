"""Unit vectors folded to fewer dimensions, so that no cosine gets smaller: a cheap test that misses nothing.

A rotation brings the directions in which vectors differ most to the front. Of a rotated vector the first ``h`` values
are kept, and the length of the rest is put in their place as one value more. For two unit vectors the folded dot
product is then never below the true one, because the dot product of the two rests is at most the product of their
lengths (Cauchy and Schwarz). Pairs whose folded product is below a threshold need not be looked at in full.

WordLlama's 256 dimensions fold to 32 with 5 in 10,000 pairs left at 0.9, at an eighth of the work and the memory.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors

__all__ = ["Fold"]

AnyVectors = NDArray[np.float32] | NDArray[np.float16]

_SAMPLE = 2048
"""Rows from which the number of dimensions is chosen: two million pairs."""

_PRODUCT, _LOOK = 0.03, 250.0
"""Nanoseconds of one product of a pair, and of one look at a pair in full (measured on one core)."""

_HALF_PRECISION = 1.02 * 2.0**-10
"""What a product of two unit vectors may lose if the values of both are rounded to half precision, each by 2 ** -11 of
itself; the hundredths are for the smallest values and for lengths a little over 1."""

_HEAD = 64
"""Directions that :meth:`Fold.heads` keeps."""


class Fold:
    """A projection of unit vectors to ``width`` dimensions under which cosines never shrink.

    Args:
        rows: Unit vectors like those to be folded, shape (rows, dimensions); a few thousand are enough.
        threshold: The cosine below which pairs are to be ruled out.
        width: Dimensions to fold to; by default those that suit pairs of ``rows`` (see :meth:`suit`).

    Attributes:
        floor: Folded products below this rule a pair out. It lies under the threshold by more than what rounding may
            take from a product, even if folded vectors are kept in half precision.
    """

    def __init__(self, rows: Vectors, threshold: float, width: int | None = None) -> None:
        dimensions = rows.shape[1]
        spread = rows.astype(np.float64)
        _, directions = np.linalg.eigh(spread.T @ spread)
        self._rotation: Vectors = np.ascontiguousarray(directions[:, ::-1], dtype=np.float32)
        # Each rotated value and each product may be off by dimensions * 2 ** -24; taken together, at most:
        self._error = dimensions * 2.0**-24
        self._threshold = threshold
        self.floor = threshold - 4.0 * self._error * math.sqrt(dimensions) - _HALF_PRECISION
        if width is None:
            self.suit(rows)
        else:
            self._keep(width)

    def suit(self, rows: Vectors) -> None:
        """Choose the width at which pairs of ``rows`` cost least; with less, more of them must be looked at in full."""
        sample = rows[:: max(1, len(rows) // _SAMPLE)][:_SAMPLE]
        near = int((sample @ sample.T >= self._threshold).sum())
        costs = [(self._cost(sample, width, near), width) for width in self._widths(len(self._rotation))]
        self._keep(min(costs)[1])

    @property
    def saves(self) -> bool:
        """Whether folded vectors are shorter than the vectors."""
        return self.width < len(self._rotation)

    def __call__(self, rows: Vectors) -> Vectors:
        """Return ``rows`` folded, shape (rows, width + 1)."""
        folded = np.empty((len(rows), self.width + 1), dtype=np.float32)
        np.matmul(rows, self._kept, out=folded[:, :-1])
        lengths = np.einsum("ij,ij->i", rows, rows) - np.einsum("ij,ij->i", folded[:, :-1], folded[:, :-1])
        # Rounded up: the rest must never seem shorter than it is.
        folded[:, -1] = np.sqrt(np.maximum(lengths, 0.0) + 4.0 * self._error)
        return folded

    def near(self, queries: AnyVectors, rows: AnyVectors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the pairs of folded ``queries`` and ``rows`` that are not ruled out."""
        products = queries.astype(np.float32, copy=False) @ rows.astype(np.float32, copy=False).T
        hits = np.flatnonzero(products.ravel() >= self.floor)
        return np.divmod(hits, len(rows)) if len(rows) else (hits, hits)

    def heads(self, rows: Vectors) -> Vectors:
        """Return what is most telling of ``rows``, as unit vectors of up to 64 dimensions."""
        heads: Vectors = rows @ self._rotation[:, :_HEAD]
        heads /= np.maximum(np.linalg.norm(heads, axis=1, keepdims=True), 1e-12)
        return heads

    def _keep(self, width: int) -> None:
        self.width = width
        self._kept: Vectors = np.ascontiguousarray(self._rotation[:, :width])

    def _widths(self, dimensions: int) -> list[int]:
        return [
            *(width for width in (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512) if 2 * width <= dimensions),
            dimensions,
        ]

    def _cost(self, sample: Vectors, width: int, near: int) -> float:
        """Return the nanoseconds that a pair costs when vectors are folded to ``width``."""
        if width == len(self._rotation):
            return _PRODUCT * width
        self._keep(width)
        folded = self(sample)
        left_over = len(self.near(folded, folded)[0]) - near
        return _PRODUCT * width + _LOOK * left_over / len(sample) ** 2
