"""The exact search for admitted vectors near to new ones: matrix products propose, the cosine decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.population.dedup.verdict import Match
from simulator.population.vectors.fold import Fold
from simulator.population.vectors.unit import BLOCK_ROWS, VectorStore, cosines, rounding_margin

__all__ = ["CosineSearch"]


class CosineSearch:
    """Finds the rows of a growing store whose cosine with a vector reaches a threshold.

    A product in float32 proposes, with a margin that covers its rounding, so the answer depends on nothing but the
    vectors. From the second block of the store on, full blocks are compared folded.

    Args:
        store: The vectors to search; it may grow.
        threshold: The least cosine.
    """

    def __init__(self, store: VectorStore, threshold: float) -> None:
        self._store = store
        self._threshold = threshold
        self._fold: Fold | None = None
        self._folded: list[Vectors] = []
        self._worthwhile = True

    def propose(self, queries: Vectors) -> list[list[int]]:
        """Return for each query the rows that may reach the threshold, in order: all that do, few that do not.

        Args:
            queries: Unit vectors, shape (queries, dimensions).
        """
        found: list[list[int]] = [[] for _ in range(len(queries))]
        self._fold_full_blocks()
        folded = None if self._fold is None else self._fold(queries)
        for number, block in enumerate(self._store.blocks()):
            if self._fold is not None and folded is not None and number < len(self._folded):
                places, rows = self._fold.near(folded, self._folded[number])
            else:
                places, rows = np.nonzero(self.may_reach(queries, block))
            for place, row in zip(places.tolist(), rows.tolist(), strict=True):
                found[place].append(number * BLOCK_ROWS + row)
        return found

    def may_reach(self, queries: Vectors, rows: Vectors) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Return which pairs of ``queries`` and ``rows`` may reach the threshold, as an array of that shape."""
        near: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = queries @ rows.T >= self._threshold - rounding_margin(
            queries.shape[1]
        )
        return near

    def best(self, query: Vectors, rows: Sequence[int]) -> Match | None:
        """Return the most similar of ``rows``, given in order; of equals the first; ``None`` below the threshold."""
        if not rows:
            return None
        near = self._store.rows(rows)
        scores = cosines(near, np.broadcast_to(query, near.shape))
        best = int(np.argmax(scores))
        return Match(rows[best], float(scores[best])) if scores[best] >= self._threshold else None

    def _fold_full_blocks(self) -> None:
        full = len(self._store) // BLOCK_ROWS
        if full <= len(self._folded) or not self._worthwhile:
            return
        for number, block in enumerate(self._store.blocks()):
            if self._fold is None:
                self._fold = Fold(block, self._threshold)
            if not self._fold.saves:
                self._fold, self._worthwhile = None, False
                return
            if len(self._folded) <= number < full:
                self._folded.append(self._fold(block))
