"""Many texts at once as arrays: their groups of equals, and their words by rank."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.population.kernels_join import WordSets, rank_words
from simulator.population.kernels_text import group_equal, grown_vocabulary, new_vocabulary, number_words
from simulator.population.prefix import PrefixPlan
from simulator.population.unicode_tables import is_irregular, unicode_tables

__all__ = ["Corpus", "word_sets"]

CHUNK = 1 << 12
"""Texts joined before they are encoded: to join and encode many is six times faster than to encode each."""


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

    Words are ranked by the number of texts that have them, the rarest first; of equals the first seen.
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
    ranks = np.empty(len(frequency), dtype=np.int32)
    ranks[np.argsort(frequency, kind="stable")] = np.arange(len(frequency), dtype=np.int32)
    rank_words(tokens, starts, ranks)
    return WordSets(tokens, starts, *_prefixes(threshold, int(np.diff(starts).max(initial=0))))


def _prefixes(threshold: float, largest: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the lengths of the prefixes for pair keys and for single keys, by size of set."""
    plan = PrefixPlan(threshold)
    sizes = range(1, largest + 1)
    pairs = [0, *(plan.pair_prefix(size) if size <= plan.largest_paired else 0 for size in sizes)]
    singles = [0, *(plan.single_prefix(size) for size in sizes)]
    return np.asarray(pairs, dtype=np.int32), np.asarray(singles, dtype=np.int32)
