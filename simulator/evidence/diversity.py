"""How different the members of a set are from each other, by their embeddings."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from simulator.embeddings.protocol import Vectors
from simulator.models.base import Record

__all__ = ["Diversity", "diversity", "grounding"]

_MOST = 4_000  # rows of the similarity matrix: 64 MB; larger sets are thinned evenly, which the counts say


class Diversity(Record):
    """Similarities within a set, each a cosine in -1..1; lower is more diverse.

    Attributes:
        count: Members of the set.
        compared: Members that were compared (every n-th of a large set).
        mean_pair: Mean over all pairs.
        mean_nearest: Mean over the members' nearest neighbours.
        max_pair: The most similar pair.
    """

    count: int = Field(ge=0)
    compared: int = Field(ge=0)
    mean_pair: float
    mean_nearest: float
    max_pair: float


def diversity(vectors: Vectors) -> Diversity | None:
    """Return the diversity of the rows of ``vectors``, or ``None`` when there are fewer than two.

    Args:
        vectors: Shape (members, dimensions), L2-normalised.
    """
    if len(vectors) < 2:
        return None
    step = -(-len(vectors) // _MOST)
    chosen = vectors[::step]
    similar = chosen @ chosen.T
    np.fill_diagonal(similar, np.nan)
    nearest = np.nanmax(similar, axis=1)
    return Diversity(
        count=len(vectors),
        compared=len(chosen),
        mean_pair=round(float(np.nanmean(similar)), 4),
        mean_nearest=round(float(nearest.mean()), 4),
        max_pair=round(float(nearest.max()), 4),
    )


def grounding(personas: Vectors, texts: Vectors, own: list[int]) -> float | None:
    """Return the share of personas whose nearest text is the one that they came from (grounding@1), 0 to 1.

    Args:
        personas: Shape (personas, dimensions), L2-normalised.
        texts: Shape (texts, dimensions), L2-normalised.
        own: For each persona the row of its text.
    """
    if not len(personas) or len(texts) < 2:
        return None
    return round(float((np.argmax(personas @ texts.T, axis=1) == np.asarray(own)).mean()), 4)
