"""Compiled loops over words: texts as sets of ranked words. Importing this module needs numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled, inlined

__all__ = ["WordSets", "bits", "most_followed", "rank_words", "sign_rows", "similarity"]

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Signs = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_TOP_SIX = np.uint64(58)
_ONES, _TWOS, _FOURS, _SUM = (
    np.uint64(0x5555555555555555),
    np.uint64(0x3333333333333333),
    np.uint64(0x0F0F0F0F0F0F0F0F),
    np.uint64(0x0101010101010101),
)


class WordSets(NamedTuple):
    """All rows as sets of ranked words.

    Attributes:
        tokens: Ranks of the words of all rows, lowest (rarest) first in each.
        starts: Where each row begins in ``tokens``; shape (rows + 1,).
        signs: For each row 64 bits, of which each word turns over one. Two rows differ in at least as many words as
            their signs in bits.
        width: How many words a group key is made of: 2 or 3.
        group_prefixes: By number of words, how many of the rarest form group keys; 0 for none.
        single_prefixes: By number of words, how many of the rarest are keys of their own.
        spares: By the number of words of two rows together, how many may be in one of them only; -1 if none may.
        most_spare: By the number of words of a row, the most that may be in only one of it and another.
    """

    tokens: Ints
    starts: Longs
    signs: Signs
    width: int
    group_prefixes: Ints
    single_prefixes: Ints
    spares: Ints
    most_spare: Ints


@compiled
def rank_words(tokens: Ints, starts: Longs, step: int, ranks: Ints, ranked: Ints, ranked_starts: Longs) -> None:
    """Write the ranks of the words of every ``step``-th row, lowest first in each.

    Args:
        tokens: Numbers of the words of all rows.
        starts: Where each row begins in ``tokens``.
        step: 1 for all rows.
        ranks: Rank of each word number.
        ranked: Filled.
        ranked_starts: Filled with where each row that was taken begins in ``ranked``; the first is there on entry.
    """
    out = ranked_starts[0]
    for row in range(0, len(starts) - 1, step):
        begin = out
        for place in range(starts[row], starts[row + 1]):
            ranked[out] = ranks[tokens[place]]
            out += 1
        if out - begin > 64:
            ranked[begin:out].sort()
        else:
            for place in range(begin + 1, out):
                rank, at = ranked[place], place
                while at > begin and ranked[at - 1] > rank:
                    ranked[at] = ranked[at - 1]
                    at -= 1
                ranked[at] = rank
        ranked_starts[row // step + 1] = out


@compiled
def most_followed(tokens: Ints, starts: Longs, before: Ints, agreeing: Ints) -> None:
    """Find for each word the one that most often stands right before it in the ranked rows.

    A word before which one and the same word stands in more than half of its rows is found for certain (the majority
    vote of Boyer and Moore); what is found for others does not matter.

    Args:
        tokens: Ranks of the words of all rows, as :func:`rank_words` leaves them.
        starts: Where each row begins in ``tokens``.
        before: Filled with that word, by rank; -1 on entry.
        agreeing: Filled with the number of rows in which it stands before; 0 on entry.
    """
    for row in range(len(starts) - 1):
        for place in range(starts[row] + 1, starts[row + 1]):
            word, other = tokens[place], tokens[place - 1]
            if agreeing[word] == 0:
                before[word] = other
            agreeing[word] += 1 if before[word] == other else -1
    agreeing[:] = 0
    for row in range(len(starts) - 1):
        for place in range(starts[row] + 1, starts[row + 1]):
            if before[tokens[place]] == tokens[place - 1]:
                agreeing[tokens[place]] += 1


@compiled
def sign_rows(tokens: Ints, starts: Longs, signs: Signs) -> None:
    """Write the sign of each row (see :class:`WordSets`)."""
    for row in range(len(signs)):
        sign = np.uint64(0)
        for place in range(starts[row], starts[row + 1]):
            sign ^= _ONE << ((np.uint64(tokens[place] + 1) * _GOLDEN) >> _TOP_SIX)
        signs[row] = sign


@inlined
def similarity(tokens: Ints, starts: Longs, left_row: int, right_row: int, spares: Ints) -> float:
    """Return the Jaccard similarity of two rows, neither of them empty; 0 if too many words differ (see ``spares``)."""
    left, left_end, right, right_end = starts[left_row], starts[left_row + 1], starts[right_row], starts[right_row + 1]
    total, common = (left_end - left) + (right_end - right), np.int64(0)
    spare = spares[total]
    while left < left_end and right < right_end and spare >= 0:
        a, b = tokens[left], tokens[right]
        common += a == b
        spare -= a != b
        left += a <= b
        right += b <= a
    return float(common / (total - common)) if spare >= 0 else 0.0


@inlined
def bits(number: np.uint64) -> np.uint64:
    """Return how many bits are set: added up in pairs, fours and eights, and all eights at once by a product."""
    number -= (number >> np.uint64(1)) & _ONES
    number = (number & _TWOS) + ((number >> np.uint64(2)) & _TWOS)
    number = (number + (number >> np.uint64(4))) & _FOURS
    return (number * _SUM) >> np.uint64(56)
