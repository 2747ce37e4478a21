"""One bulk deduplication: texts and vectors as arrays, decided block by block. Importing this module needs numba."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.population.bulk.cells import find_cells
from simulator.population.bulk.kernels.decide import ADMITTED, Crowds, Decisions, Near, decide_rows
from simulator.population.bulk.kernels.sets import WordSets
from simulator.population.bulk.pairs import alike_pairs, no_crowds, no_pairs
from simulator.population.bulk.texts import Corpus
from simulator.population.bulk.vectors import NearPairs, NearRows
from simulator.population.bulk.words import Words
from simulator.population.dedup.verdict import DedupSettings
from simulator.population.vectors.fold import Fold

__all__ = ["BulkRun"]

BLOCK = 1 << 16
"""Rows whose vectors are compared at once; the answers do not depend on it."""


class BulkRun:
    """Decides on all texts.

    Args:
        texts: The texts.
        vectors: Unit vectors, or ``None`` if the embedding stage is off.
        settings: Thresholds.
        exact_rows: Texts up to which every vector is compared with every other.

    Attributes:
        cells: Number of cells that vectors are compared in.
    """

    def __init__(self, texts: Sequence[str], vectors: Vectors | None, settings: DedupSettings, exact_rows: int) -> None:
        self._count = len(texts)
        self._sets, self._threshold = _no_words(self._count), 1.0
        self._alike, self._crowds = no_pairs(0, self._count), no_crowds(self._count)
        groups, words = _read(texts, settings.jaccard is not None)
        self._decisions = _undecided(groups)
        if words is not None and settings.jaccard is not None:
            self._sets, self._threshold = words.sets(settings.jaccard), settings.jaccard
            del words
            self._alike, self._crowds = alike_pairs(self._sets, settings.jaccard)
            self._sets = _of_crowds(self._sets, self._crowds)
        self._near: NearRows | None = None
        self.cells = 1
        if vectors is not None and settings.cosine is not None and self._count:
            fold = Fold(vectors[: 1 << 14], settings.cosine)
            cells = find_cells(vectors, fold, settings.cosine, 1 if self._count <= exact_rows else None)
            if cells.count > 1:
                # Within a cell pairs are more alike than elsewhere.
                fold.suit(vectors[cells.homes == np.bincount(cells.homes).argmax()])
            self._near, self.cells = NearRows(vectors, settings.cosine, fold, cells), cells.count

    def decide(self) -> Decisions:
        """Decide on all rows and return what became of them."""
        if self._near is None:
            self._decide(0, self._count, no_pairs(0, self._count))
            return self._decisions
        first, block = 0, BLOCK
        while first < self._count:
            last = min(first + block, self._count)
            pairs = self._near.find(self._undecided(first, last))
            if pairs is None:
                block = max(1, block // 4)
                continue
            self._decide(first, last, _near(first, last, pairs))
            rows = np.arange(first, last)
            self._near.keep(rows[self._decisions.stages[first:last] == ADMITTED])
            first, block = last, min(BLOCK, 2 * block)
        return self._decisions

    def _undecided(self, first: int, last: int) -> NDArray[np.int64]:
        """Return the rows that may still be admitted: those whose text was not admitted before."""
        rows = np.arange(first, last)
        return rows[self._decisions.kept[self._decisions.groups[first:last]] < 0]

    def _decide(self, first: int, last: int, near: Near) -> None:
        decide_rows(first, last, self._sets, self._threshold, self._alike, self._crowds, near, self._decisions)


def _read(texts: Sequence[str], words: bool) -> tuple[NDArray[np.int32], Words | None]:
    """Return the groups of equal texts, and their words if they are wanted; the characters are needed no longer."""
    corpus = Corpus(texts)
    return corpus.groups(), Words(corpus) if words else None


def _of_crowds(sets: WordSets, crowds: Crowds) -> WordSets:
    """Return the word sets of rows in crowds; those of others, whose pairs are known, are empty and take no memory."""
    sizes, crowded = np.diff(sets.starts), np.diff(crowds.starts) > 0
    tokens = sets.tokens[np.repeat(crowded, sizes)]
    return sets._replace(tokens=tokens, starts=np.append(0, np.cumsum(np.where(crowded, sizes, 0))))


def _undecided(groups: NDArray[np.int32]) -> Decisions:
    rows = len(groups)
    return Decisions(
        groups=groups,
        kept=np.full(rows, -1, dtype=np.int32),
        compared=np.zeros(rows, dtype=np.int32),
        stages=np.zeros(rows, dtype=np.uint8),
        survivors=np.full(rows, -1, dtype=np.int32),
        scores=np.zeros(rows),
    )


def _no_words(rows: int) -> WordSets:
    nothing = np.zeros(1, dtype=np.int32)
    starts, signs = np.zeros(rows + 1, dtype=np.int64), np.zeros(rows, dtype=np.uint64)
    return WordSets(nothing[:0], starts, signs, 2, nothing, nothing, nothing, nothing)


def _near(first: int, last: int, pairs: NearPairs) -> Near:
    starts = np.zeros(last - first + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs.rows - first, minlength=last - first), out=starts[1:])
    return Near(np.asarray([first], dtype=np.int64), starts, pairs.earlier.astype(np.int32), pairs.scores)
