"""Compiled loops over the keys of word sets: dealt to parts by their hash. Importing this module needs numba.

The keys are those of :mod:`simulator.population.dedup.prefix`. A table of all of them would be larger than the caches
of the processor, and every look would wait for memory. So they are dealt to parts that fit there, and each part is
worked on by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled, inlined
from simulator.population.bulk.kernels.sets import WordSets

__all__ = ["deal_keys"]

Longs = NDArray[np.int64]
Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PRIME = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)
_GROUP, _SINGLE = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)
"""What the two kinds of key begin with, so that one is not taken for the other."""

_TOP = 64


@compiled
def deal_keys(
    sets: WordSets, first: int, last: int, bits: int, lowest: int, places: Longs, keys: Keys, room: Keys
) -> None:
    """Count the keys of the rows from ``first`` to before ``last`` that belong to some parts, or write them down.

    Args:
        sets: The words of all rows.
        first: First row.
        last: Row after the last.
        bits: Bits of a key's hash that tell its part: 1 to 32.
        lowest: The first part that is dealt to.
        places: For each of these parts, where its next key goes; moved on by each key.
        keys: Filled with the next 32 bits of the hash above the row. Empty to count only.
        room: Room for the keys of one row.
    """
    tokens, starts, _, width, groups, singles, _, _ = sets
    counting = len(keys) == 0
    for row in range(first, last):
        begin, size, count = starts[row], starts[row + 1] - starts[row], 0
        for left in range(groups[size]):
            one = _mixed(_GROUP, tokens[begin + left])
            for right in range(left + 1, groups[size]):
                two = _mixed(one, tokens[begin + right])
                if width == 2:
                    room[count] = two
                    count += 1
                    continue
                for third in range(right + 1, groups[size]):
                    room[count] = _mixed(two, tokens[begin + third])
                    count += 1
        for place in range(singles[size]):
            room[count] = _mixed(_SINGLE, tokens[begin + place])
            count += 1
        for place in range(count):
            part = np.int64(room[place] >> np.uint64(_TOP - bits)) - lowest
            if 0 <= part < len(places):
                if not counting:
                    keys[places[part]] = (((room[place] << np.uint64(bits)) >> _HALF) << _HALF) | np.uint64(row)
                places[part] += 1


@inlined
def _mixed(key: np.uint64, rank: int) -> np.uint64:
    """Return the hash of a key with a word more. Two keys may share it: rows too many are compared, none missed."""
    mixed = (key ^ np.uint64(rank + 1)) * _GOLDEN
    mixed = (mixed ^ (mixed >> _HALF)) * _PRIME
    return mixed ^ (mixed >> _HALF)
