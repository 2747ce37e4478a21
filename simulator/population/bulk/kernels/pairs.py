"""Compiled loops over pairs of rows that share a key: found, and verified. Importing this module needs numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled
from simulator.population.bulk.kernels.sets import WordSets, bits, similarity

__all__ = ["CROWD", "by_row", "pairs_of_parts", "score_pairs"]

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Eights = NDArray[np.uint64]
Floats = NDArray[np.float64]

CROWD = 1 << 10
"""Rows with one key from which on not all of them are compared with each other."""

_FRUITFUL = 8
"""Pairs a row from which the rows of a key are a crowd too: all pairs of like rows could take all memory."""

_FEW = 24
"""Keys up to which it is quickest to insert one after another in its place."""

_NONE = np.uint64(0)
_HALF = np.uint64(32)
_LOWER = np.uint64(0x00000000FFFFFFFF)


@compiled
def pairs_of_parts(keys: Eights, sets: WordSets, bounds: Longs) -> tuple[Eights, Eights]:
    """Find the rows that share a key and may be alike.

    Args:
        keys: Keys above rows, part by part, rows ascending in each (see :func:`~kernels_keys.deal_keys`).
        sets: The words of all rows.
        bounds: Where each part begins and ends; shape (parts + 1,).

    Returns:
        Pairs, the later row above the earlier one; and the crowds, their numbers above their rows. A pair that shares
        several keys is there several times, or in several crowds.
    """
    most = 0
    for part in range(len(bounds) - 1):
        most = max(most, bounds[part + 1] - bounds[part])
    ordered, near = np.empty(most, dtype=np.uint64), np.empty((CROWD, 2), dtype=np.uint64)
    ends = np.empty(2 * most + 3, dtype=np.int32)
    pairs, crowds = np.empty(1 << 12, dtype=np.uint64), np.empty(1 << 12, dtype=np.uint64)
    used = np.zeros(3, dtype=np.int64)  # pairs, rows of crowds, crowds
    for part in range(len(bounds) - 1):
        count = bounds[part + 1] - bounds[part]
        pairs = _with_room(pairs, used[0], (_FRUITFUL + 1) * count)
        crowds = _with_room(crowds, used[1], count)
        _order(keys, bounds[part], bounds[part + 1], ordered, ends)
        _pair_up(ordered, count, sets, near, pairs, crowds, used)
    return pairs[: used[0]].copy(), crowds[: used[1]].copy()


@compiled
def _with_room(old: Eights, used: int, wanted: int) -> Eights:
    """Return ``old``, or a longer copy if it has no room for so many more."""
    if used + wanted <= len(old):
        return old
    new = np.empty(2 * len(old) + wanted, dtype=np.uint64)
    new[:used] = old[:used]
    return new


@compiled
def _order(keys: Eights, first: int, last: int, ordered: Eights, ends: Ints) -> None:
    """Write the keys from ``first`` to before ``last`` to ``ordered``, equal ones side by side, by row.

    Args:
        keys: Keys above rows.
        first: First.
        last: The one after the last.
        ordered: Filled; nothing lies between equal keys, but they need not ascend.
        ends: Room for a number a bucket.
    """
    count, bits = last - first, 1
    while 1 << bits < count:
        bits += 1
    shift = np.uint64(64 - bits)
    ends[: (1 << bits) + 1] = 0
    for place in range(first, last):
        ends[np.int64(keys[place] >> shift) + 1] += 1
    for bucket in range(1 << bits):
        ends[bucket + 1] += ends[bucket]
    for place in range(first, last):
        own = np.int64(keys[place] >> shift)
        ordered[ends[own]] = keys[place]
        ends[own] += 1
    begin = 0
    for bucket in range(1 << bits):
        end = ends[bucket]
        if end - begin > _FEW:
            ordered[begin:end].sort()
        else:
            for place in range(begin + 1, end):
                key, at = ordered[place], place
                while at > begin and ordered[at - 1] > key:
                    ordered[at] = ordered[at - 1]
                    at -= 1
                ordered[at] = key
        begin = end


@compiled
def _pair_up(
    ordered: Eights, count: int, sets: WordSets, near: Eights, pairs: Eights, crowds: Eights, used: Longs
) -> None:
    """Write the pairs and crowds of a part, whose keys are in order.

    Args:
        ordered: Keys above rows.
        count: How many.
        sets: The words of all rows.
        near: Room for the signs of the rows of a key, and for how many bits those of others may differ from them.
        pairs: Filled from ``used[0]`` on.
        crowds: Filled from ``used[1]`` on.
        used: Moved on.
    """
    _, starts, signs, _, _, _, _, most_spare = sets
    last = 0
    while last < count:
        first, found, last = last, used[0], last + 1
        while last < count and (ordered[last] ^ ordered[first]) >> _HALF == _NONE:
            last += 1
        size = last - first
        if size == 1:
            continue
        crowd = size > CROWD
        if not crowd:
            for place in range(size):
                row = np.int64(ordered[first + place] & _LOWER)
                near[place, 0] = signs[row]
                near[place, 1] = np.uint64(most_spare[starts[row + 1] - starts[row]])
                for other in range(place):
                    if bits(near[place, 0] ^ near[other, 0]) <= near[place, 1]:
                        pairs[found] = (np.uint64(row) << _HALF) | (ordered[first + other] & _LOWER)
                        # Two keys of one row may have the same hash; it is no pair with itself.
                        found += pairs[found] & _LOWER != np.uint64(row)
                crowd = found - used[0] > _FRUITFUL * size
                if crowd:
                    break
        if not crowd:
            used[0] = found
            continue
        for place in range(first, last):
            crowds[used[1]] = (np.uint64(used[2]) << _HALF) | (ordered[place] & _LOWER)
            used[1] += 1
        used[2] += 1


@compiled
def by_row(packed: Eights, starts: Longs, lowers: Ints) -> None:
    """Sort numbers that stand below rows by row, those of one row as they come.

    Args:
        packed: Rows above numbers.
        starts: Filled with where the numbers of each row begin; shape (rows + 1,), all 0 on entry.
        lowers: Filled with the numbers.
    """
    for place in range(len(packed)):
        starts[np.int64(packed[place] >> _HALF) + 1] += 1
    for row in range(1, len(starts)):
        starts[row] += starts[row - 1]
    for place in range(len(packed)):
        later = np.int64(packed[place] >> _HALF)
        lowers[starts[later]] = np.int32(packed[place] & _LOWER)
        starts[later] += 1
    for row in range(len(starts) - 1, 0, -1):
        starts[row] = starts[row - 1]
    starts[0] = 0


@compiled
def score_pairs(
    first: int, last: int, starts: Longs, earlier: Ints, sets: WordSets, threshold: float, scores: Floats
) -> None:
    """Compute the Jaccard similarity of pairs, each once.

    Args:
        first: First of the later rows.
        last: Row after the last of them.
        starts: Where the earlier rows of each begin in ``earlier``.
        earlier: For each row the earlier ones that it may be like.
        sets: The words of all rows.
        threshold: Least similarity that counts.
        scores: Filled; 0 below the threshold, and for a pair that came before.
    """
    tokens, begins, _, _, _, _, spares, _ = sets
    compared = np.zeros(last, dtype=np.int32)
    for row in range(first, last):
        for place in range(starts[row], starts[row + 1]):
            other = earlier[place]
            scores[place] = 0.0
            if compared[other] == row:
                continue
            compared[other] = row
            score = similarity(tokens, begins, row, other, spares)
            if score >= threshold:
                scores[place] = score
