"""Pairs of texts with like words, among many texts at once: the join of :mod:`simulator.population.dedup.prefix`."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.decide import Crowds, Near
from simulator.population.bulk.kernels.keys import deal_keys
from simulator.population.bulk.kernels.pairs import by_row, pairs_of_parts, score_pairs
from simulator.population.bulk.kernels.sets import WordSets
from simulator.population.threads import over_threads, row_parts

__all__ = ["alike_pairs", "no_crowds", "no_pairs"]

_PART_KEYS = 1 << 12
"""Keys of a part, on average: with the room to sort them they stay in a core's own cache."""

_KEYS_AT_ONCE = 1 << 25
"""Keys that are held at once, in 256 MB; of more, first some parts are worked on and then others."""

_TASKS = 8
"""Tasks that parts are given to a core in: parts are not equally large."""

_HALF = np.uint64(32)

Eights = NDArray[np.uint64]


def alike_pairs(sets: WordSets, threshold: float) -> tuple[Near, Crowds]:
    """Return all pairs of rows whose Jaccard similarity reaches a threshold, and the crowds.

    In a crowd, many rows share a key or many are alike. Its pairs are not written down: its rows must be compared as
    they are admitted.

    Args:
        sets: The words of all rows.
        threshold: Jaccard similarity, over 0 and up to 1.
    """
    rows = len(sets.signs)
    pairs, crowds = _proposed(sets)
    starts, earlier = np.zeros(rows + 1, dtype=np.int64), np.empty(len(pairs), dtype=np.int32)
    by_row(pairs, starts, earlier)
    del pairs
    scores = np.empty(len(earlier))

    def score(part: tuple[int, int]) -> None:
        score_pairs(*part, starts, earlier, sets, threshold, scores)

    for _ in over_threads(score, row_parts(rows)):
        pass
    alike = scores > 0.0
    starts = np.append(0, np.cumsum(alike))[starts]
    near = Near(np.zeros(1, dtype=np.int64), starts, earlier[alike], scores[alike])
    return near, _crowds(crowds, rows)


def no_pairs(first: int, last: int) -> Near:
    """Return no pairs of the rows from ``first`` to before ``last``."""
    starts = np.zeros(last - first + 1, dtype=np.int64)
    return Near(np.asarray([first], dtype=np.int64), starts, np.empty(0, dtype=np.int32), np.empty(0))


def no_crowds(rows: int) -> Crowds:
    """Return no crowds."""
    return _crowds(np.empty(0, dtype=np.uint64), rows)


def _proposed(sets: WordSets) -> tuple[Eights, Eights]:
    """Return the pairs of rows that share a key and may be alike, and the crowds (see :func:`pairs_of_parts`)."""
    prefixes = zip(sets.group_prefixes.tolist(), sets.single_prefixes.tolist(), strict=True)
    by_size = np.asarray([comb(group, sets.width) + single for group, single in prefixes])
    total = int(by_size[np.diff(sets.starts)].sum())
    bits = min(32, max(1, (total // _PART_KEYS).bit_length()))
    at_once = max(1, (1 << bits) * _KEYS_AT_ONCE // max(total, _KEYS_AT_ONCE))
    found: list[tuple[Eights, Eights]] = []
    for lowest in range(0, 1 << bits, at_once):
        keys, bounds = _dealt(sets, bits, lowest, min(at_once, (1 << bits) - lowest), int(by_size.max()))
        tasks = _even(bounds, _TASKS * len(row_parts(len(sets.signs))))
        found += over_threads(partial(pairs_of_parts, keys, sets), tasks)
    pairs, crowds, count = [], [], 0
    for some, packed in found:
        pairs.append(some)
        crowds.append(packed + (np.uint64(count) << _HALF))
        count += int(packed[-1] >> _HALF) + 1 if len(packed) else 0
    nothing = np.empty(0, dtype=np.uint64)
    return np.concatenate([nothing, *pairs]), np.concatenate([nothing, *crowds])


def _dealt(sets: WordSets, bits: int, lowest: int, parts: int, most: int) -> tuple[Eights, NDArray[np.int64]]:
    """Return the keys that belong to some parts, part by part, and where each part begins and ends."""
    blocks = row_parts(len(sets.signs))
    counts = np.zeros((len(blocks), parts), dtype=np.int64)

    def deal(block: int, places: NDArray[np.int64], keys: Eights) -> None:
        deal_keys(sets, *blocks[block], bits, lowest, places, keys, np.empty(most, dtype=np.uint64))

    for _ in over_threads(lambda block: deal(block, counts[block], np.empty(0, dtype=np.uint64)), range(len(blocks))):
        pass
    bounds = np.append(0, np.cumsum(counts.sum(axis=0)))
    keys = np.empty(int(bounds[-1]), dtype=np.uint64)
    places = bounds[:-1] + np.cumsum(counts, axis=0) - counts
    for _ in over_threads(lambda block: deal(block, places[block], keys), range(len(blocks))):
        pass
    return keys, bounds


def _even(bounds: NDArray[np.int64], tasks: int) -> list[NDArray[np.int64]]:
    """Divide parts into runs of about as many keys."""
    wanted = np.linspace(0, bounds[-1], tasks + 1)[1:-1]
    cuts = np.unique(np.concatenate([[0], np.searchsorted(bounds, wanted), [len(bounds) - 1]]))
    return [bounds[first : last + 1] for first, last in pairwise(cuts.tolist())]


def _crowds(packed: Eights, rows: int) -> Crowds:
    numbers = (packed >> _HALF).astype(np.int64)
    begins = np.append(0, np.cumsum(np.bincount(numbers)))[:-1]
    starts, by = np.zeros(rows + 1, dtype=np.int64), np.empty(len(packed), dtype=np.int32)
    by_row((packed << _HALF) | (packed >> _HALF), starts, by)
    size = len(packed)
    admitted = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.uint64)
    return Crowds(starts, by, begins, np.zeros(len(begins), dtype=np.int64), *admitted)
