"""Many texts at once as sets of words by rank."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.sets import WordSets, most_followed, rank_words, sign_rows
from simulator.population.bulk.kernels.unicode_tables import unicode_tables
from simulator.population.bulk.kernels.words import (
    Found,
    Vocabulary,
    count_words,
    found_words,
    grown_vocabulary,
    new_vocabulary,
    number_words,
    split_words,
)
from simulator.population.bulk.texts import Corpus
from simulator.population.dedup.prefix import PrefixPlan
from simulator.population.threads import over_threads, row_parts

__all__ = ["Words"]

_ROWS = 1 << 10
"""Rows that are split into words at once: what is found in them stays in the processor's cache."""

_COMPANY = 1 << 18
"""Rows from which it is found out which words keep company."""

_COMMON = 16
"""Texts from which on a word's company is looked at: lists of rarer words are short anyway."""


@dataclass(frozen=True)
class _Part:
    """The words of some rows.

    Attributes:
        rows: The first of them, and the row after the last.
        tokens: The numbers of the words of each row, in order of appearance.
        starts: Where each row begins in ``tokens``.
        vocabulary: The words.
        counts: For each of them the number of rows that have it.
    """

    rows: tuple[int, int]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    vocabulary: Vocabulary
    counts: NDArray[np.int32]


class Words:
    """The words of all texts, numbered in order of appearance; the texts are no longer needed.

    Args:
        corpus: The texts.
    """

    def __init__(self, corpus: Corpus) -> None:
        corpus = corpus.lowered()
        self._rows = len(corpus)
        self._parts = list(over_threads(lambda rows: _numbered(corpus, rows), row_parts(len(corpus))))
        self._numbers, self._counts = _joined(self._parts)

    def sets(self, threshold: float) -> WordSets:
        """Return every text as the set of its words, and the prefixes for a Jaccard threshold.

        Words are ranked by the number of texts that have them, the rarest first; of equals the first seen. Words that
        hang together (:func:`_apart`) do not stand together.
        """
        ranks = _ranks(self._counts)
        ranks = _ranks(_apart(*self._sample(ranks), np.sort(self._counts, kind="stable")))[ranks]
        tokens = np.empty(int(self._counts.sum()), dtype=np.int32)
        starts = np.zeros(self._rows + 1, dtype=np.int64)
        signs = np.empty(self._rows, dtype=np.uint64)
        for part in self._parts:
            starts[part.rows[1]] = starts[part.rows[0]] + part.starts[-1]

        def fill(place: int) -> None:
            part, (first, last) = self._parts[place], self._parts[place].rows
            rank_words(part.tokens, part.starts, 1, ranks[self._numbers[place]], tokens, starts[first : last + 1])
            sign_rows(tokens, starts[first : last + 1], signs[first:last])

        for _ in over_threads(fill, range(len(self._parts))):
            pass
        return WordSets(tokens, starts, signs, *_prefixes(threshold, np.diff(starts)))

    def _sample(self, ranks: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
        """Return some of the rows, by rank: their words, where each begins, and for how many rows each stands."""
        step = 1
        while self._rows // step > _COMPANY:
            step *= 2
        sizes = np.concatenate([[0], *(np.diff(part.starts)[::step] for part in self._parts)])
        tokens, starts, row = np.empty(int(sizes.sum()), dtype=np.int32), np.zeros(len(sizes), dtype=np.int64), 0
        for part, numbers in zip(self._parts, self._numbers, strict=True):
            rank_words(part.tokens, part.starts, step, ranks[numbers], tokens, starts[row:])
            row += len(range(0, len(part.starts) - 1, step))
        return tokens, starts, step


def _numbered(corpus: Corpus, rows: tuple[int, int]) -> _Part:
    first, last = rows
    offsets, tables = corpus.offsets, unicode_tables()
    begins = np.append(np.arange(first, last, _ROWS), last)
    found = found_words(_ROWS, int(np.diff(offsets[begins]).max(initial=0)))
    # A word and what parts it from the next take two bytes at least. Memory that is not written to is not taken.
    tokens = np.empty(int(offsets[last] - offsets[first]) // 2 + last - first + 1, dtype=np.int32)
    starts = np.zeros(last - first + 1, dtype=np.int64)
    vocabulary = new_vocabulary()
    for start, stop in pairwise(begins.tolist()):
        filled = split_words(corpus.data, offsets, start, stop, tables.lower, tables.classes, found)
        vocabulary = grown_vocabulary(vocabulary, int(found.ends[stop - start - 1]), filled)
        number_words(found, start - first, stop - first, vocabulary, tokens, starts)
    counts = np.zeros(int(vocabulary.used[0]), dtype=np.int32)
    tokens = tokens[: starts[-1]]
    count_words(tokens, counts)
    return _Part(rows, tokens, starts, vocabulary, counts)


def _joined(parts: list[_Part]) -> tuple[list[NDArray[np.int32]], NDArray[np.int32]]:
    """Return for each part the numbers of its words among the words of all, and how many rows have each of these."""
    if not parts:
        return [], np.zeros(0, dtype=np.int32)
    vocabulary, counts = parts[0].vocabulary, parts[0].counts
    numbers = [np.arange(len(counts), dtype=np.int32)]
    for part in parts[1:]:
        words, rest = part.vocabulary.used.tolist()
        vocabulary = grown_vocabulary(vocabulary, words, rest)
        vocabulary.seen[:] = 0
        here = np.empty(words, dtype=np.int32)
        found = Found(part.vocabulary.words, part.vocabulary.rest, np.asarray([words], dtype=np.int64))
        number_words(found, 0, 1, vocabulary, here, np.zeros(2, dtype=np.int64))
        counts = np.append(counts, np.zeros(int(vocabulary.used[0]) - len(counts), dtype=np.int32))
        counts[here] += part.counts
        numbers.append(here)
    return numbers, counts


def _ranks(weights: NDArray[np.integer]) -> NDArray[np.int32]:
    ranks = np.empty(len(weights), dtype=np.int32)
    ranks[np.argsort(weights, kind="stable")] = np.arange(len(weights), dtype=np.int32)
    return ranks


def _apart(
    tokens: NDArray[np.int32], starts: NDArray[np.int64], step: int, frequency: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the frequencies of ranked words, but for one that mostly follows the same rarer word: that of both.

    The words of a turn of phrase ("northern lights") are equally rare and would stand side by side in the prefix: as a
    key they say no more than one of them, and find every text with that phrase. What such a word adds to the one before
    it is its share of that one's rows. Any order of words makes a correct join; this one makes short lists.
    """
    before = np.full(len(frequency), -1, dtype=np.int32)
    agreeing = np.zeros(len(frequency), dtype=np.int32)
    sampled = np.zeros(len(frequency), dtype=np.int32)
    most_followed(tokens, starts, before, agreeing)
    count_words(tokens, sampled)
    shares = agreeing / np.maximum(sampled, 1)
    together = (sampled >= _COMMON) & (shares >= 0.5)
    return np.where(together, np.maximum(frequency, (shares * (len(starts) - 1) * step).astype(np.int64)), frequency)


def _prefixes(
    threshold: float, sizes: NDArray[np.int64]
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return what :class:`WordSets` holds besides the words: how wide keys are, prefixes, and how much sets may differ.

    Three words select much better than two. They make more keys, so two are taken where three would make over twice
    as many: for long texts and low thresholds.
    """
    wide, narrow = PrefixPlan(threshold, 3), PrefixPlan(threshold, 2)
    typical, largest = (int(np.median(sizes)), int(sizes.max())) if len(sizes) else (1, 0)
    plan = wide if wide.groups(max(3, typical)) <= 2 * narrow.groups(max(3, typical)) else narrow
    every = range(1, largest + 1)
    groups = [0, *(plan.group_prefix(size) if size <= plan.largest_grouped else 0 for size in every)]
    singles = [0, *(plan.single_prefix(size) for size in every)]
    spares = _spares(threshold, 2 * largest)
    most = np.maximum.accumulate(spares)
    most_spare = [0, *(most[size + min(largest, plan.largest_partner(size))] for size in every)]
    as_array = (np.asarray(column, dtype=np.int32) for column in (groups, singles, spares, most_spare))
    return plan.width, *as_array  # type: ignore[return-value]


def _spares(threshold: float, most: int) -> NDArray[np.int64]:
    """Return by the number of words of two sets, up to ``most``, how many may be in one of them only."""
    totals = np.arange(most + 1)
    # The least common words that reach the threshold by the very division of the final test.
    common = np.maximum(0, (threshold * totals / (1.0 + threshold)).astype(np.int64) - 1)
    for _ in range(3):
        common += common / np.maximum(totals - common, 1) < threshold
    return np.asarray(totals - 2 * common)
