"""For a block of rows, the earlier rows whose vectors are near: what the embedding stage of a bulk run looks at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.population.bulk.cells import Cells
from simulator.population.threads import over_threads
from simulator.population.vectors.fold import Fold
from simulator.population.vectors.unit import cosines, rounding_margin

__all__ = ["NearPairs", "NearRows"]

_TILE, _QUERIES = 4_096, 512
"""Rows and queries of one matrix product: 8 MB of products, which stay in the cache until they are compared."""

_TASKS = 64
"""Cells that a thread is given at once: one takes some hundred microseconds, too little to hand over."""

_MANY = 32
"""Pairs a row from which a block is taken to be full of rows that are near to each other."""


S = TypeVar("S", NDArray[np.int64], list[tuple[NDArray[np.int64], NDArray[np.int64]]])

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Later rows, and for each an earlier one."""

_NO_PAIRS: Pairs = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class NearPairs:
    """Pairs of a row and an earlier one, by row and then by earlier row.

    Attributes:
        rows: The later row of each pair.
        earlier: The earlier one.
        scores: Their cosine, at or above the threshold.
    """

    rows: NDArray[np.int64]
    earlier: NDArray[np.int64]
    scores: NDArray[np.float64]

    def with_others(self, others: NearPairs) -> NearPairs:
        """Return these pairs and ``others``, of which none is among these."""
        rows = np.concatenate([self.rows, others.rows])
        earlier = np.concatenate([self.earlier, others.earlier])
        order = np.lexsort((earlier, rows))
        return NearPairs(rows[order], earlier[order], np.concatenate([self.scores, others.scores])[order])


class NearRows:
    """Finds near pairs block by block, so that rows which were rejected are never looked at again.

    The fold rules most pairs out, a product in float32 most others; the cosine decides on the rest.

    Args:
        vectors: Unit vectors of all rows.
        threshold: Least cosine.
        fold: Their fold.
        cells: Where they look for each other; with a single cell, no pair is missed.
    """

    def __init__(self, vectors: Vectors, threshold: float, fold: Fold, cells: Cells) -> None:
        self._vectors = vectors
        self._threshold = threshold
        self._fold = fold
        self._cells = cells
        self._folded = np.empty((len(vectors), fold.width + 1), dtype=np.float16)  # half of the memory
        for start in range(0, len(vectors), _TILE):
            self._folded[start : start + _TILE] = fold(vectors[start : start + _TILE])
        self._kept: list[list[NDArray[np.int64]]] = [[] for _ in range(cells.count)]

    def find(self, rows: NDArray[np.int64]) -> NearPairs | None:
        """Return the near pairs of ``rows`` with admitted rows and with each other.

        Args:
            rows: Rows of a block, ascending, all after the admitted ones.

        Returns:
            ``None`` if the pairs are too many to hold: ask for fewer rows.
        """
        pairs = self._pairs(rows, rows, admitted=True)
        if pairs is not None:
            return self._verified(pairs)
        # Many are near to each other. Those that are near to an admitted row will be rejected, and nobody for them.
        pairs = self._pairs(rows, rows[:0], admitted=True)
        if pairs is None:
            return None
        outer = self._verified(pairs)
        pairs = self._pairs(rows, np.setdiff1d(rows, outer.rows), admitted=False)
        return None if pairs is None else outer.with_others(self._verified(pairs))

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Take in rows that were admitted, ascending."""
        for cell, members in _by_value(self._cells.homes[rows], rows):
            self._kept[cell].append(members)

    def _pairs(self, rows: NDArray[np.int64], members: NDArray[np.int64], admitted: bool) -> list[Pairs] | None:
        """Return the pairs of ``rows`` with earlier ``members`` of the block and with admitted rows that may be near.

        Returns:
            ``None`` if they are too many.
        """
        at_home = dict(_by_value(self._cells.homes[members], members))
        tasks = []
        for cell, queries in _by_value(*self._lookers(rows)):
            here = self._admitted(cell) if admitted else _NO_PAIRS[0]
            if cell in at_home:
                here = np.concatenate([here, at_home[cell]])
            tasks += [(part, here) for part in _parts(queries, _QUERIES)]
        if not len(rows):
            return [_NO_PAIRS]
        base, found, total = int(rows[0]), [_NO_PAIRS], 0
        # Each row looks in many cells: it is widened once.
        block = self._folded[base : int(rows[-1]) + 1].astype(np.float32)
        for pairs in over_threads(
            partial(self._tiles, block, base), _parts(tasks, 1 if self._cells.count == 1 else _TASKS)
        ):
            found += pairs
            total += sum(len(later) for later, _ in pairs)
            if total > _MANY * len(rows) and len(rows) > 1:
                return None
        return found

    def _admitted(self, cell: int) -> NDArray[np.int64]:
        if len(self._kept[cell]) != 1:
            self._kept[cell] = [np.concatenate([_NO_PAIRS[0], *self._kept[cell]])]
        return self._kept[cell][0]

    def _lookers(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32] | NDArray[np.uint16], NDArray[np.int64]]:
        """Return the cells that ``rows`` look in, and for each the row that looks."""
        starts, counts = self._cells.starts[rows], self._cells.starts[rows + 1] - self._cells.starts[rows]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - counts), counts)
        return self._cells.probes[places], np.repeat(rows, counts)

    def _tiles(self, block: Vectors, base: int, tasks: Sequence[Pairs]) -> list[Pairs]:
        """Return the pairs of queries with earlier ones of the rows beside them that may be near.

        Args:
            block: The folded rows of the block.
            base: Its first row.
            tasks: Queries, and the rows to compare them with.
        """
        found = []
        for queries, here in tasks:
            folded = block[queries - base]
            for others in _parts(here, _TILE):
                places, columns = self._fold.near(folded, self._folded[others])
                later, earlier = queries[places], others[columns]
                found.append(self._likely(later[earlier < later], earlier[earlier < later]))
        return found

    def _likely(self, later: NDArray[np.int64], earlier: NDArray[np.int64]) -> Pairs:
        """Return the pairs whose product in full may reach the threshold."""
        likely = np.empty(len(later), dtype=np.bool_)
        least = self._threshold - rounding_margin(self._vectors.shape[1])
        for start in range(0, len(later), _TILE):
            part = slice(start, start + _TILE)
            likely[part] = np.einsum("ij,ij->i", self._vectors[later[part]], self._vectors[earlier[part]]) >= least
        return later[likely], earlier[likely]

    def _verified(self, pairs: list[Pairs]) -> NearPairs:
        later, earlier = (np.concatenate(side) for side in zip(*pairs, strict=True))
        order = np.lexsort((earlier, later))
        later, earlier = later[order], earlier[order]
        scores = np.empty(len(later))
        for start in range(0, len(later), _TILE):
            part = slice(start, start + _TILE)
            scores[part] = cosines(self._vectors[later[part]], self._vectors[earlier[part]])
        near = scores >= self._threshold
        return NearPairs(later[near], earlier[near], scores[near])


def _parts(items: S, size: int) -> Iterator[S]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _by_value(
    values: NDArray[np.int32] | NDArray[np.uint16], rows: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each of ``values`` with the ``rows`` that have it, in their order."""
    order = np.argsort(values, kind="stable")
    ordered = values[order].astype(np.int64)
    bounds = np.flatnonzero(np.diff(ordered, prepend=-1, append=-1))
    for start, stop in pairwise(bounds.tolist()):
        yield int(ordered[start]), rows[order[start:stop]]
