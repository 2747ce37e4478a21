"""Choosing among drafts by what most of them say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors

__all__ = ["agreement"]


def agreement(vectors: Vectors) -> NDArray[np.float32]:
    """Return for each draft its mean cosine to the others, shape (n,); 0 for a single one.

    Args:
        vectors: Unit vectors of the drafts, shape (n, dimensions).
    """
    count = len(vectors)
    if count < 2:
        return np.zeros(count, dtype=np.float32)
    cosines = vectors @ vectors.T
    mean: NDArray[np.float32] = ((cosines.sum(axis=1) - np.diagonal(cosines)) / (count - 1)).astype(np.float32)
    return mean
