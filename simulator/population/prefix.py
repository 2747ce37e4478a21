"""An incremental index that proposes every pair of sets at or above a Jaccard threshold, and few others.

If two sets overlap in at least ``o`` tokens, then under any fixed order of all tokens their first two common tokens
stand among the first ``size - o + 2`` of either set. So every set is filed under each pair of tokens of that prefix,
and two similar sets meet under at least one pair. Whatever the order, nothing is missed; an order that puts rare
tokens first keeps the lists short. Here a token's rank is the moment it was first seen, latest first: a rank never
changes, so the index can grow, and words that come late are rare ones.

Two kinds of set need single tokens as keys too: those that can match with an overlap of one, and long ones, whose
pairs would be too many (and the sets that such a long one can match).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterator
from functools import lru_cache

from simulator.population.verdict import Match

__all__ = ["PrefixIndex", "PrefixPlan"]

MAX_PAIRED = 24
"""Longest prefix that is filed under its pairs: 276 keys. Beyond it one key a token is cheaper."""


class PrefixPlan:
    """The sizes that follow from a threshold. All comparisons are those of the final test, ``common / union``."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.least_common = lru_cache(maxsize=None)(self._least_common)
        self.largest_partner = lru_cache(maxsize=None)(self._largest_partner)
        self.largest_paired = self._largest_paired()

    def _least_common(self, size: int) -> int:
        """Return the smallest overlap that any partner of a set of ``size`` must have with it, at least 1."""
        common = max(1, math.floor(self.threshold * size) - 1)
        while common / size < self.threshold:
            common += 1
        return common

    def _largest_partner(self, size: int) -> int:
        """Return the size of the largest set that can reach the threshold with a set of ``size``."""
        partner = math.ceil(size / self.threshold) + 1
        while size / partner < self.threshold:
            partner -= 1
        return partner

    def _largest_paired(self) -> int:
        size = 1
        while self.pair_prefix(size + 1) <= MAX_PAIRED:
            size += 1
            if size > MAX_PAIRED * 1000:  # threshold 1.0: the prefix is 2 for any size
                break
        return size

    def pair_prefix(self, size: int) -> int:
        """Return how many of the rarest tokens of a set of ``size`` form the pair keys."""
        return min(size, size - self.least_common(size) + 2)

    def single_prefix(self, size: int) -> int:
        """Return how many of the rarest tokens of a set of ``size`` are keys of their own; 0 if none need be."""
        if self.least_common(size) == 1 or self.largest_partner(size) > self.largest_paired:
            return size - self.least_common(size) + 1
        return 0


class PrefixIndex:
    """Sets of tokens, and for a new set the stored one that is most similar to it, at or above a threshold.

    Args:
        threshold: Jaccard similarity, over 0 and up to 1.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._plan = PrefixPlan(threshold)
        self._rank: dict[str, int] = {}
        self._sets: list[array[int]] = []
        # One row is stored as the number itself: most keys have a single row, and a list would cost 64 bytes more.
        self._rows: dict[int, int | list[int]] = {}

    def __len__(self) -> int:
        return len(self._sets)

    def best(self, grams: Collection[str]) -> Match | None:
        """Return the stored set with the highest Jaccard similarity to ``grams``, of equals the earliest.

        Returns:
            ``None`` if no stored set reaches the threshold.
        """
        ranks = [rank for rank in map(self._rank.get, grams) if rank is not None]
        size, best = len(grams), None
        # Unseen words rank before all others: they take up places of the prefix, but no stored set has them.
        unseen = size - len(ranks)
        present = frozenset(ranks)
        for row in self._candidates(sorted(ranks, reverse=True), size, unseen):
            match = Match(row, self._jaccard(present, size, self._sets[row]))
            if match.score >= self._threshold and match.beats(best):
                best = match
        return best

    def add(self, grams: Collection[str]) -> int:
        """Store ``grams`` and return its row number: 0, 1, 2 and so on."""
        row = len(self._sets)
        # sorted(): the ranks of words that are new together must not depend on the order of a set of strings.
        ranks = sorted((self._rank.setdefault(gram, len(self._rank)) for gram in sorted(grams)), reverse=True)
        self._sets.append(array("I", ranks))
        for key in self._keys(ranks, len(ranks), 0):
            rows = self._rows.get(key)
            if rows is None:
                self._rows[key] = row
            elif isinstance(rows, int):
                self._rows[key] = [rows, row]
            else:
                rows.append(row)
        return row

    def _candidates(self, ranks: list[int], size: int, unseen: int) -> set[int]:
        found: set[int] = set()
        for key in self._keys(ranks, size, unseen):
            rows = self._rows.get(key)
            if isinstance(rows, int):
                found.add(rows)
            elif rows is not None:
                found.update(rows)
        return found

    def _keys(self, ranks: list[int], size: int, unseen: int) -> Iterator[int]:
        """Yield the keys of a set of ``size`` tokens, of which the known ones have ``ranks``, rarest first."""
        if not ranks:
            return
        if size <= self._plan.largest_paired:
            prefix = ranks[: max(0, self._plan.pair_prefix(size) - unseen)]
            for place, high in enumerate(prefix):
                shifted = high << 32
                for low in prefix[place + 1 :]:
                    yield shifted | low
        for rank in ranks[: max(0, self._plan.single_prefix(size) - unseen)]:
            yield -1 - rank

    def _jaccard(self, present: frozenset[int], size: int, stored: array[int]) -> float:
        common = len(present.intersection(stored))
        return common / (size + len(stored) - common)
