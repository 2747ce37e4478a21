"""Casts by meaning: spread as widely as possible, one of each cluster, or as near as possible to what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.persona import Persona
from simulator.population.casting.sampling import checked_size, shuffled
from simulator.population.vectors.clusters import cluster
from simulator.population.vectors.unit import cosines

__all__ = ["labels_by_cluster", "sample_coverage", "sample_nearest"]

_DIGITS = 9
"""Digits of a cosine that count: personas that differ less are equally near, and the earlier is taken."""

_CHUNK = 4_096


def sample_coverage(personas: Sequence[Persona], vectors: Vectors, size: int, seed: int) -> list[Persona]:
    """Return ``size`` personas that cover the space: each one the farthest from those before it.

    The first is drawn by ``seed``. This farthest-point choice is within a factor of two of the best cover there is
    (Gonzalez, 1985). The order of the result is that of the choice, so any beginning of it is a cover too.

    Args:
        personas: Whom to choose from, in order of admission.
        vectors: One unit vector a persona.
        size: How many; all of them if there are no more.
        seed: Seed of the first.

    Raises:
        InputError: ``size`` is not positive, there is nobody to choose from, or the vectors are not one a persona.
    """
    checked_size(personas, size)
    _checked_vectors(personas, vectors)
    first = shuffled(personas, seed)[0].id
    chosen = [next(place for place, persona in enumerate(personas) if persona.id == first)]
    nearest = _to_all(vectors, chosen[0])
    while len(chosen) < min(size, len(personas)):
        nearest[chosen[-1]] = np.inf
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, _to_all(vectors, chosen[-1]))
    return [personas[place] for place in chosen]


def sample_nearest(
    personas: Sequence[Persona], vectors: Vectors, query: Vectors, size: int
) -> list[tuple[Persona, float]]:
    """Return the ``size`` personas nearest to ``query`` with their cosines, nearest first, of equals the earlier.

    Args:
        personas: Whom to choose from, in order of admission.
        vectors: One unit vector a persona.
        query: Unit vector of what is asked for, of the same embedder; shape (dimensions,).
        size: How many; all of them if there are no more.

    Raises:
        InputError: As for :func:`sample_coverage`.
    """
    checked_size(personas, size)
    _checked_vectors(personas, vectors)
    if query.shape != vectors.shape[1:]:
        raise InputError(f"The query has {query.shape} values and the personas {vectors.shape[1:]}: embed both alike.")
    scores = _with_all(vectors, query)
    order = np.argsort(-scores, kind="stable")[:size]
    return [(personas[place], float(scores[place])) for place in order.tolist()]


def labels_by_cluster(personas: Sequence[Persona], vectors: Vectors, count: int, seed: int) -> dict[str, str]:
    """Return each persona's cluster as its label, for :func:`~simulator.population.casting.sampling.sample_stratified`.

    Args:
        personas: Whom to choose from.
        vectors: One unit vector a persona.
        count: Number of clusters; a cluster may be empty.
        seed: Seed of the clusters.
    """
    _checked_vectors(personas, vectors)
    groups = cluster(vectors, count, seed).tolist()
    return {persona.id: f"cluster {group}" for persona, group in zip(personas, groups, strict=True)}


def _to_all(vectors: Vectors, place: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.round(_with_all(vectors, vectors[place]), _DIGITS)


def _with_all(vectors: Vectors, query: Vectors) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the cosine of ``query`` with every row, the same on every machine."""
    parts = (vectors[start : start + _CHUNK] for start in range(0, len(vectors), _CHUNK))
    return np.concatenate([cosines(part, np.broadcast_to(query, part.shape)) for part in parts])


def _checked_vectors(personas: Sequence[Persona], vectors: Vectors) -> None:
    if vectors.ndim != 2 or len(vectors) != len(personas):
        raise InputError(f"Vectors of shape {vectors.shape} came for {len(personas)} personas: give one row each.")
