"""An incremental index that proposes every pair of sets at or above a Jaccard threshold, and few others.

If two sets overlap in at least ``o`` tokens, then under any fixed order of all tokens their first ``k`` common tokens
stand among the first ``size - o + k`` of either set. So every set is filed under each group of ``k`` tokens of that
prefix (here two), and two similar sets meet under at least one group. Whatever the order, nothing is missed; one that
puts rare tokens first keeps the lists short. Here a token's rank is the moment it was first seen, latest first: a rank
never changes, so the index can grow, and words that come late are rare ones.

Two kinds of set need single tokens as keys too: those that can match with an overlap of less than ``k``, and long ones,
whose groups would be too many (and the sets that such a long one can match).

Where texts share turns of phrase, the words of one fill many prefixes, and many sets meet under its groups. Most of
them are told apart at a glance by their signs: 64 bits, of which each token turns over one. Sets differ in at least as
many tokens as their signs in bits.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.dedup.verdict import Match

__all__ = ["PrefixIndex", "PrefixPlan"]

MAX_GROUPS = 286
"""Most groups that a set is filed under (24 tokens in pairs, 13 in threes). Beyond, one key a token is cheaper."""

MANY = 16
"""Sets under a key from which their signs are compared first, all at once: for fewer it is not worth the call."""

TELLING = 18
"""Signs of texts that have little in common differ in 20 to 32 of their bits; where so many are allowed (short texts at
0.5), they tell nothing."""

MOST_WORDS = 2**31
"""No set is larger. Thresholds next to nothing would allow partners whose size is beyond all numbers."""


class PrefixPlan:
    """The sizes that follow from a threshold. All comparisons are those of the final test, ``common / union``.

    Args:
        threshold: Jaccard similarity, over 0 and up to 1.
        width: Tokens of a group key.
    """

    def __init__(self, threshold: float, width: int = 2) -> None:
        self.threshold = threshold
        self.width = width
        self.largest_grouped = self._largest_grouped()
        self.group_prefix = lru_cache(maxsize=None)(self._group_prefix)
        self.single_prefix = lru_cache(maxsize=None)(self._single_prefix)
        self.partners = lru_cache(maxsize=None)(self._partners)
        self.most_different = lru_cache(maxsize=None)(self._most_different)

    def least_common(self, size: int) -> int:
        """Return the smallest overlap that any partner of a set of ``size`` must have with it, at least 1."""
        common = max(1, math.floor(self.threshold * size) - 1)
        while common / size < self.threshold:
            common += 1
        return common

    def largest_partner(self, size: int) -> int:
        """Return the size of the largest set that can reach the threshold with a set of ``size``."""
        partner = math.ceil(min(size / self.threshold, MOST_WORDS)) + 1
        while size / partner < self.threshold:
            partner -= 1
        return partner

    def groups(self, size: int) -> int:
        """Return how many groups a set of ``size`` is filed under, if it is not too large for them."""
        return math.comb(self._group_prefix(size), self.width)

    def _largest_grouped(self) -> int:
        size = 1
        while self.groups(size + 1) <= MAX_GROUPS:
            size += 1
            if size > MAX_GROUPS * 100:  # threshold 1.0: the prefix is the width for any size
                break
        return size

    def _partners(self, size: int) -> tuple[int, int]:
        """Return the sizes of the smallest and the largest set that can reach the threshold with one of ``size``."""
        return self.least_common(size), self.largest_partner(size)

    def _most_different(self, size: int) -> int:
        """Return how many tokens at most a set of ``size`` and any partner have that the other lacks, or one more."""
        together = size + self.largest_partner(size)
        return math.floor(together * (1.0 - self.threshold) / (1.0 + self.threshold)) + 1  # one for the rounding

    def _group_prefix(self, size: int) -> int:
        """Return how many of the rarest tokens of a set of ``size`` form the group keys."""
        return min(size, size - self.least_common(size) + self.width)

    def _single_prefix(self, size: int) -> int:
        """Return how many of the rarest tokens of a set of ``size`` are keys of their own; 0 if none need be."""
        if self.least_common(size) < self.width or self.largest_partner(size) > self.largest_grouped:
            return size - self.least_common(size) + 1
        return 0


class _Look(NamedTuple):
    """What the index knows of a set: its tokens' ranks, rarest first, its keys, and its sign."""

    ranks: list[int]
    keys: list[int]
    sign: int


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
        self._signs: NDArray[np.uint64] = np.zeros(1024, dtype=np.uint64)
        # One row is stored as the number itself: most keys have a single row, and an array would cost 80 bytes more.
        self._rows: dict[int, int | array[int]] = {}
        self._last: tuple[Collection[str], _Look] | None = None

    def __len__(self) -> int:
        return len(self._sets)

    def best(self, grams: Collection[str]) -> Match | None:
        """Return the stored set with the highest Jaccard similarity to ``grams``, of equals the earliest.

        Returns:
            ``None`` if no stored set reaches the threshold.
        """
        look = self._look(grams)
        candidates = self._candidates(look) if look.keys else set()
        if not candidates:
            return None
        best, present = None, frozenset(look.ranks)
        least, most = self._plan.partners(len(present))
        for row in candidates:
            stored = self._sets[row]
            if not least <= len(stored) <= most:
                continue
            common = len(present.intersection(stored))
            score = common / (len(present) + len(stored) - common)
            if score >= self._threshold and (match := Match(row, score)).beats(best):
                best = match
        return best

    def add(self, grams: Collection[str]) -> int:
        """Store ``grams`` and return its row number: 0, 1, 2 and so on."""
        row = len(self._sets)
        look = self._look(grams)
        self._sets.append(array("I", look.ranks))
        if row == len(self._signs):
            self._signs = np.concatenate((self._signs, np.zeros_like(self._signs)))
        self._signs[row] = look.sign
        for key in look.keys:
            rows = self._rows.setdefault(key, row)
            if isinstance(rows, array):
                rows.append(row)
            elif rows != row:
                self._rows[key] = array("I", (rows, row))
        return row

    def _candidates(self, look: _Look) -> set[int]:
        """Return the stored sets that share a key, without those whose signs tell that they are too different."""
        candidates: set[int] = set()
        most = self._plan.most_different(len(look.ranks))
        for rows in map(self._rows.get, look.keys):
            if isinstance(rows, int):
                candidates.add(rows)
            elif rows is not None:
                plain = len(rows) < MANY or most > TELLING
                candidates.update(rows if plain else self._alike(rows, look.sign, most))
        return candidates

    def _alike(self, rows: array[int], sign: int, most: int) -> list[int]:
        numbers = np.frombuffer(rows, dtype=np.uintc)
        differing = np.bitwise_count(self._signs[numbers] ^ np.uint64(sign))
        alike: list[int] = numbers[differing <= most].tolist()
        return alike

    def _look(self, grams: Collection[str]) -> _Look:
        """Return what the index knows of ``grams``; what was looked at last is remembered."""
        if self._last is None or self._last[0] is not grams:
            # A word of a rejected set keeps its rank: ranks decide how much work there is, never the answer.
            ranks = sorted([self._rank.setdefault(gram, len(self._rank)) for gram in grams], reverse=True)
            sign = 0
            for rank in ranks:
                sign ^= 1 << (rank & 63)
            self._last = grams, _Look(ranks, self._keys(ranks), sign)
        return self._last[1]

    def _keys(self, ranks: list[int]) -> list[int]:
        if not ranks:
            return []
        size = len(ranks)
        singles = [-1 - rank for rank in ranks[: self._plan.single_prefix(size)]]
        if size > self._plan.largest_grouped:
            return singles
        pairs = combinations(ranks[: self._plan.group_prefix(size)], 2)
        return [high << 32 | low for high, low in pairs] + singles
