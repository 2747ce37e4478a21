"""What goes into an embedder and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError

__all__ = ["check_texts", "unit_rows"]


def check_texts(texts: Sequence[str]) -> None:
    """Refuse empty texts: they have no direction.

    Raises:
        InputError: One is empty or nothing but white space.
    """
    for index, text in enumerate(texts):
        if not text.strip():
            raise InputError(f"text {index} of {len(texts)} is empty; only texts with words can be embedded")


def unit_rows(rows: NDArray[np.floating], unusable: Callable[[int], Exception]) -> Vectors:
    """Return ``rows`` as float32 with every row of length 1.

    Args:
        rows: Array of shape (n, dimensions).
        unusable: The error for a row, by its index, that is zero or not finite.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if bad.size:
        raise unusable(int(bad[0]))
    unit: Vectors = (rows / lengths[:, None]).astype(np.float32)
    return unit
