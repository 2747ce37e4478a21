"""Compiled loops over characters: groups of equal texts, white space aside. Importing this module needs numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled, inlined
from simulator.population.bulk.kernels.unicode_tables import SPACE
from simulator.population.bulk.kernels.utf8 import decoded

__all__ = ["group_equal", "hash_texts"]

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_EMPTY = np.uint64(0)
_ONE = np.uint64(1)
_UPPER = np.uint64(0xFFFFFFFF00000000)
_LOWER = np.uint64(0x00000000FFFFFFFF)


@compiled
def hash_texts(data: Bytes, offsets: Longs, first: int, last: int, classes: Bytes, hashes: Hashes) -> None:
    """Write the hash of each text from row ``first`` to before ``last``, which does not depend on its white space.

    Characters are multiplied by numbers that depend on their place and added up: no product waits for another.

    Args:
        data: The texts.
        offsets: Their offsets.
        first: First row.
        last: Row after the last.
        classes: Classes of code points.
        hashes: Filled; shape (texts,).
    """
    factors = np.empty(256, dtype=np.uint64)
    factor = _PRIME
    for place in range(256):
        factors[place] = factor | _ONE
        factor = (factor ^ (factor >> _HALF)) * _PRIME + np.uint64(place)
    for row in range(first, last):
        at, end = offsets[row], offsets[row + 1]
        total, place = _EMPTY, 0
        while at < end:
            code, width = np.int64(data[at]), 1
            if code >= 128:
                code, width = decoded(data, at)
            at += width
            if classes[code] == SPACE:
                continue
            total += np.uint64(code + 1) * factors[place & 255]
            place += 1
            if place & 255 == 0:  # the factors begin again, and must not mean the same
                total = (total ^ (total >> _HALF)) * _PRIME
        total = (total ^ (total >> _HALF)) * _PRIME
        hashes[row] = total ^ (total >> _HALF)


@compiled
def group_equal(data: Bytes, offsets: Longs, classes: Bytes, hashes: Hashes, slots: Hashes, groups: Ints) -> None:
    """Write to ``groups`` for each text the first row with the same text, white space aside.

    Runs of white space count as one space, and none at the ends.

    Args:
        data: The texts.
        offsets: Their offsets.
        classes: Classes of code points.
        hashes: Their hashes (see :func:`hash_texts`).
        slots: At least twice as many as texts, a power of two, all 0.
        groups: Shape (texts,).
    """
    mask = np.uint64(len(slots) - 1)
    for row in range(len(hashes)):
        slot = hashes[row] & mask
        groups[row] = row
        while slots[slot] != _EMPTY:
            if (slots[slot] ^ hashes[row]) & _UPPER == _EMPTY:
                other = int(slots[slot] & _LOWER) - 1
                if hashes[other] == hashes[row] and _equal(data, offsets, row, other, classes):
                    groups[row] = other
                    break
            slot = (slot + _ONE) & mask
        if groups[row] == row:
            slots[slot] = (hashes[row] & _UPPER) | np.uint64(row + 1)


@inlined
def _equal(data: Bytes, offsets: Longs, left_row: int, right_row: int, classes: Bytes) -> bool:
    """Return whether two texts are the same when runs of white space count as one space."""
    left, left_end = offsets[left_row], offsets[left_row + 1]
    right, right_end = offsets[right_row], offsets[right_row + 1]
    inside = False
    while True:
        left_code, left_next = _next(data, left, left_end, classes)
        right_code, right_next = _next(data, right, right_end, classes)
        if left_code != right_code:
            return False
        if left_code < 0:
            return True
        left_space = _is_space(data, left, classes)
        right_space = _is_space(data, right, classes)
        if inside and left_space != right_space:
            return False
        inside = True
        left, right = left_next, right_next


@inlined
def _next(data: Bytes, at: int, end: int, classes: Bytes) -> tuple[np.int64, int]:
    """Return the next code point after any white space (-1 at the end) and the byte after it."""
    while at < end:
        code, width = decoded(data, at)
        at += width
        if classes[code] != SPACE:
            return code, at
    return np.int64(-1), at


@inlined
def _is_space(data: Bytes, at: int, classes: Bytes) -> bool:
    code, _ = decoded(data, at)
    return bool(classes[code] == SPACE)
