"""Groups of vectors that point the same way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.base import derive_seed

__all__ = ["cluster", "k_means"]

_ROUNDS = 6
"""Rounds of k-means: later ones move few rows."""

_CHUNK = 2_048


def cluster(vectors: Vectors, count: int, seed: int) -> NDArray[np.int64]:
    """Return the cluster of each row, 0 to ``count - 1``; a cluster may be empty.

    Args:
        vectors: Unit vectors, shape (rows, dimensions).
        count: Number of clusters, at most one a row.
        seed: Seed of the rows that the centres start from.

    Raises:
        InputError: ``count`` is out of range.
    """
    if not 1 <= count <= len(vectors):
        raise InputError(f"{count} clusters were asked for: 1 to {len(vectors)} can be found, one a persona at most.")
    generator = np.random.Generator(np.random.PCG64(derive_seed("cluster", seed)))
    return nearest_centre(vectors, k_means(vectors, count, generator))


def k_means(sample: Vectors, count: int, generator: np.random.Generator) -> Vectors:
    """Return ``count`` unit vectors, the centres of clusters of ``sample``."""
    centres = sample[generator.choice(len(sample), count, replace=False)].copy()
    for _ in range(_ROUNDS):
        homes = nearest_centre(sample, centres)
        order = np.argsort(homes, kind="stable")
        members = np.bincount(homes, minlength=count)
        filled = np.flatnonzero(members)
        bounds = np.concatenate([[0], np.cumsum(members)[:-1]])[filled]
        sums = np.add.reduceat(sample[order], bounds, axis=0)
        centres[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return centres


def nearest_centre(rows: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """Return for each row the number of the centre with the highest cosine."""
    parts = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
    return np.concatenate([(part @ centres.T).argmax(axis=1) for part in parts])
