"""Many texts at once as arrays: their groups of equals, and their words by rank."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.population.kernels_join import WordSets, most_followed, rank_words
from simulator.population.kernels_text import group_equal, grown_vocabulary, new_vocabulary, number_words
from simulator.population.prefix import PrefixPlan
from simulator.population.unicode_tables import is_irregular, unicode_tables

__all__ = ["Corpus", "word_sets"]

CHUNK = 1 << 12
"""Texts joined before they are encoded: to join and encode many is six times faster than to encode each."""


_COMMON = 16
"""Texts from which on a word's company is looked at: lists of rarer words are short anyway."""


class Corpus:
    """Texts in Unicode NFC as UTF-8, end to end.

    Args:
        texts: Any texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.offsets: NDArray[np.int64] = np.zeros(len(texts) + 1, dtype=np.int64)
        encoded = bytearray()
        #: Rows that must be lower-cased as a whole, character by character not being enough.
        self.irregular: list[int] = []
        for first in range(0, len(texts), CHUNK):
            part = texts[first : first + CHUNK]
            joined = "".join(part)
            lengths = self.offsets[first + 1 : first + 1 + len(part)]
            if joined.isascii():
                encoded += joined.encode()
                lengths[:] = np.fromiter(map(len, part), dtype=np.int64, count=len(part))
                continue
            composed = [text if text.isascii() else unicodedata.normalize("NFC", text) for text in part]
            single = [text.encode("utf-8", "surrogatepass") for text in composed]
            encoded += b"".join(single)
            lengths[:] = np.fromiter(map(len, single), dtype=np.int64, count=len(part))
            if is_irregular(joined):
                self.irregular += [first + place for place, text in enumerate(composed) if is_irregular(text)]
        np.cumsum(self.offsets, out=self.offsets)
        self.data: NDArray[np.uint8] = np.frombuffer(encoded, dtype=np.uint8)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def groups(self) -> NDArray[np.int32]:
        """Return for each text the first row with the same text, runs of white space counting as one space."""
        groups = np.empty(len(self), dtype=np.int32)
        slots = np.full(1 << max(4, (2 * len(self)).bit_length()), -1, dtype=np.int32)
        group_equal(self.data, self.offsets, unicode_tables().classes, slots, groups)
        return groups

    def lowered(self) -> Corpus:
        """Return texts whose lower case can be told character by character: these, or a copy that is lower-cased."""
        if not self.irregular:
            return self
        texts = [bytes(self.data[a:b]).decode("utf-8", "surrogatepass") for a, b in pairwise(self.offsets.tolist())]
        for row in self.irregular:
            texts[row] = texts[row].lower()
        return Corpus(texts)


def word_sets(corpus: Corpus, threshold: float) -> WordSets:
    """Return every text as the set of its words, and the prefixes for a Jaccard threshold.

    Words are ranked by the number of texts that have them, the rarest first; of equals the first seen. Words that hang
    together (:func:`_apart`) do not stand together.
    """
    corpus, tables = corpus.lowered(), unicode_tables()
    # A word and what parts it from the next take two bytes at least. Memory that is not written to is not taken.
    tokens = np.empty(len(corpus.data) // 2 + len(corpus) + 1, dtype=np.int32)
    starts = np.zeros(len(corpus) + 1, dtype=np.int64)
    vocabulary, row = new_vocabulary(), 0
    while True:
        row = number_words(corpus.data, corpus.offsets, row, tables.lower, tables.classes, vocabulary, tokens, starts)
        if row == len(corpus):
            break
        vocabulary = grown_vocabulary(vocabulary, int(corpus.offsets[row + 1] - corpus.offsets[row]))
    tokens = tokens[: starts[-1]]
    frequency = np.bincount(tokens, minlength=int(vocabulary.used[0]))
    rank_words(tokens, starts, _ranks(frequency))
    rank_words(tokens, starts, _ranks(_apart(tokens, starts, np.sort(frequency, kind="stable"))))
    return WordSets(tokens, starts, *_prefixes(threshold, np.diff(starts)))


def _ranks(weights: NDArray[np.int64]) -> NDArray[np.int32]:
    ranks = np.empty(len(weights), dtype=np.int32)
    ranks[np.argsort(weights, kind="stable")] = np.arange(len(weights), dtype=np.int32)
    return ranks


def _apart(tokens: NDArray[np.int32], starts: NDArray[np.int64], frequency: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the frequencies of ranked words, but for one that mostly follows the same rarer word: that of both.

    The words of a turn of phrase ("northern lights") are equally rare and would stand side by side in the prefix: as a
    key they say no more than one of them, and find every text with that phrase. What such a word adds to the one before
    it is its share of that one's rows. Any order of words makes a correct join; this one makes short lists.
    """
    before = np.full(len(frequency), -1, dtype=np.int32)
    agreeing = np.zeros(len(frequency), dtype=np.int32)
    most_followed(tokens, starts, before, agreeing)
    shares = agreeing / np.maximum(frequency, 1)
    together = (frequency >= _COMMON) & (shares >= 0.5)
    return np.where(together, np.maximum(frequency, (shares * (len(starts) - 1)).astype(np.int64)), frequency)


def _prefixes(threshold: float, sizes: NDArray[np.int64]) -> tuple[int, NDArray[np.int32], NDArray[np.int32]]:
    """Return how many words a group key has, and by size of set the prefixes for group keys and for single keys.

    Three words select much better than two. They make more keys, so two are taken where three would make over twice
    as many: for long texts and low thresholds.
    """
    wide, narrow = PrefixPlan(threshold, 3), PrefixPlan(threshold, 2)
    typical = int(np.median(sizes)) if len(sizes) else 1
    plan = wide if wide.groups(max(3, typical)) <= 2 * narrow.groups(max(3, typical)) else narrow
    every = range(1, int(sizes.max(initial=0)) + 1)
    groups = [0, *(plan.group_prefix(size) if size <= plan.largest_grouped else 0 for size in every)]
    singles = [0, *(plan.single_prefix(size) for size in every)]
    return plan.width, np.asarray(groups, dtype=np.int32), np.asarray(singles, dtype=np.int32)
