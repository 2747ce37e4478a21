"""Compiled loops over words: the prefix-filter join, and decisions in order.

The join is that of :mod:`simulator.population.prefix`, over all texts at once: with every word's frequency known, the
rarest words of a text are really the rarest. Importing this module needs numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.compiled import compiled, inlined

__all__ = [
    "ADMITTED",
    "EMBEDDING",
    "EXACT",
    "MINHASH",
    "Decisions",
    "Keys",
    "Near",
    "WordSets",
    "decide_rows",
    "grown_keys",
    "most_followed",
    "new_keys",
    "rank_words",
]

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

ADMITTED, EXACT, MINHASH, EMBEDDING = 0, 1, 2, 3
"""What became of a row: admitted, or the stage that rejected it."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_NONE = np.uint64(0)
_ONE = np.uint64(1)


class WordSets(NamedTuple):
    """All rows as sets of ranked words.

    Attributes:
        tokens: Ranks of the words of all rows, lowest (rarest) first in each.
        starts: Where each row begins in ``tokens``; shape (rows + 1,).
        width: How many words a group key is made of: 2 or 3.
        group_prefixes: By number of words, how many of the rarest form group keys; 0 for none.
        single_prefixes: By number of words, how many of the rarest are keys of their own.
    """

    tokens: Ints
    starts: Longs
    width: int
    group_prefixes: Ints
    single_prefixes: Ints


class Keys(NamedTuple):
    """The keys of the admitted rows, by hash.

    Attributes:
        keys: The keys; 0 in empty slots. A power of two.
        heads: For each key the last posting.
        rows: Row of each posting.
        following: The posting before it with the same key, or -1.
        used: The number of postings and of keys.
        row: Room for the keys of the row that is looked at.
    """

    keys: NDArray[np.uint64]
    heads: Ints
    rows: Ints
    following: Ints
    used: Longs
    row: NDArray[np.uint64]


class Near(NamedTuple):
    """The rows whose vectors are near to those of the rows from ``base`` on.

    Attributes:
        base: First row, shape (1,).
        starts: Where the near rows of each row begin in the next two.
        rows: Earlier rows whose cosine reaches the threshold, ascending for each row.
        scores: Their cosines.
    """

    base: Longs
    starts: Longs
    rows: Ints
    scores: NDArray[np.float64]


class Decisions(NamedTuple):
    """What became of every row.

    Attributes:
        groups: For each row the first row with the same text.
        kept: For each first row of a text, the admitted row with that text, or -1.
        compared: For each row, the last row (plus one) that was compared with it.
        stages: :data:`ADMITTED`, :data:`EXACT`, :data:`MINHASH` or :data:`EMBEDDING`.
        survivors: The admitted row that each rejected one duplicates; -1 for an admitted one.
        scores: Their similarity.
    """

    groups: Ints
    kept: Ints
    compared: Ints
    stages: NDArray[np.uint8]
    survivors: Ints
    scores: NDArray[np.float64]


def new_keys(slots: int = 1 << 16, postings: int = 1 << 16, most: int = 1 << 9) -> Keys:
    """Return an empty table; ``slots`` is a power of two, ``most`` the largest number of keys of a row."""
    return Keys(
        keys=np.zeros(slots, dtype=np.uint64),
        heads=np.zeros(slots, dtype=np.int32),
        rows=np.zeros(postings, dtype=np.int32),
        following=np.zeros(postings, dtype=np.int32),
        used=np.zeros(2, dtype=np.int64),
        row=np.zeros(most, dtype=np.uint64),
    )


def grown_keys(old: Keys, wanted: int) -> Keys:
    """Return a copy with twice the room for what has become scarce, and with room for a row of ``wanted`` keys."""
    postings, keys = old.used.tolist()
    slots, room = len(old.keys), len(old.rows)
    while 2 * slots < 3 * (keys + wanted):
        slots *= 2
    while room < postings + wanted:
        room *= 2
    new = new_keys(slots, room, max(len(old.row), wanted))
    new.rows[:postings], new.following[:postings] = old.rows[:postings], old.following[:postings]
    new.used[:] = old.used
    _refill(old, new)
    return new


@compiled
def rank_words(tokens: Ints, starts: Longs, ranks: Ints) -> None:
    """Replace each word number by the word's rank and sort each row's ranks, lowest first."""
    for row in range(len(starts) - 1):
        begin, end = starts[row], starts[row + 1]
        if end - begin > 64:
            for place in range(begin, end):
                tokens[place] = ranks[tokens[place]]
            tokens[begin:end].sort()
            continue
        for place in range(begin, end):
            rank = ranks[tokens[place]]
            at = place
            while at > begin and tokens[at - 1] > rank:
                tokens[at] = tokens[at - 1]
                at -= 1
            tokens[at] = rank


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
def decide_rows(
    first: int, last: int, sets: WordSets, threshold: float, keys: Keys, near: Near, decisions: Decisions
) -> int:
    """Admit or reject the rows from ``first`` to before ``last``, in order.

    Args:
        first: First row.
        last: Row after the last.
        sets: The words of all rows.
        threshold: Least Jaccard similarity of duplicates; over 1 if the stage is off.
        keys: The keys of the rows admitted so far; takes in new ones.
        near: Near rows of these rows.
        decisions: Filled.

    Returns:
        The row to go on with: ``last`` when done; an earlier one when ``keys`` must grow first.
    """
    stages, survivors, scores = decisions.stages, decisions.survivors, decisions.scores
    for row in range(first, last):
        same = decisions.kept[decisions.groups[row]]
        if same >= 0:
            stages[row], survivors[row], scores[row] = EXACT, same, 1.0
            continue
        count = 0
        if threshold <= 1.0:
            if _full(row, sets, keys):
                return row
            count = _write_keys(row, sets, keys)
            _most_similar(row, count, sets, threshold, keys, decisions)
            if survivors[row] >= 0:
                stages[row] = MINHASH
                continue
        _nearest(row, near, decisions)
        if survivors[row] >= 0:
            stages[row] = EMBEDDING
            continue
        decisions.kept[decisions.groups[row]] = row
        for place in range(count):  # its keys were written when it was compared
            _post_key(row, keys.row[place], keys)
    return last


@inlined
def _full(row: int, sets: WordSets, keys: Keys) -> bool:
    """Return whether the keys of ``row`` might not find room."""
    size = sets.starts[row + 1] - sets.starts[row]
    group = sets.group_prefixes[size]
    wanted = group * (group - 1) // 2 + sets.single_prefixes[size]
    if sets.width == 3:
        wanted = group * (group - 1) * (group - 2) // 6 + sets.single_prefixes[size]
    scarce = keys.used[0] + wanted > len(keys.rows) or 3 * (keys.used[1] + wanted) > 2 * len(keys.keys)
    return bool(scarce or wanted > len(keys.row))


@inlined
def _write_keys(row: int, sets: WordSets, keys: Keys) -> int:
    """Write the keys of ``row`` to ``keys.row`` and return their number."""
    begin = sets.starts[row]
    size = sets.starts[row + 1] - begin
    group, count = sets.group_prefixes[size], 0
    for left in range(group):
        for right in range(left + 1, group):
            pair = _pair(sets.tokens[begin + left], sets.tokens[begin + right])
            if sets.width == 2:
                keys.row[count] = pair
                count += 1
                continue
            for third in range(right + 1, group):
                keys.row[count] = _triple(pair, sets.tokens[begin + third])
                count += 1
    for place in range(sets.single_prefixes[size]):
        keys.row[count] = _single(sets.tokens[begin + place])
        count += 1
    return count


@inlined
def _most_similar(row: int, count: int, sets: WordSets, threshold: float, keys: Keys, decisions: Decisions) -> None:
    """Find the admitted row with the highest Jaccard similarity, of equals the earliest."""
    for place in range(count):
        _compare(row, keys.row[place], sets, threshold, keys, decisions)


@inlined
def _compare(row: int, key: np.uint64, sets: WordSets, threshold: float, keys: Keys, decisions: Decisions) -> None:
    """Compare ``row`` with every admitted row that has ``key``."""
    slot = _slot(keys.keys, key)
    if keys.keys[slot] == _NONE:
        return
    posting = keys.heads[slot]
    while posting >= 0:
        other = keys.rows[posting]
        posting = keys.following[posting]
        if decisions.compared[other] == row + 1:
            continue
        decisions.compared[other] = row + 1
        score = _jaccard(row, other, sets, threshold)
        if score < threshold or score < decisions.scores[row]:
            continue
        if score > decisions.scores[row] or other < decisions.survivors[row]:
            decisions.survivors[row], decisions.scores[row] = other, score


@inlined
def _jaccard(left_row: int, right_row: int, sets: WordSets, threshold: float) -> float:
    """Return the similarity of two rows; -1 as soon as it is known to be below the threshold."""
    left, left_end = sets.starts[left_row], sets.starts[left_row + 1]
    right, right_end = sets.starts[right_row], sets.starts[right_row + 1]
    total = (left_end - left) + (right_end - right)
    if min(left_end - left, right_end - right) / max(left_end - left, right_end - right) < threshold:
        return -1.0
    # The least common words that reach the threshold by the very division of the final test.
    least = np.int64(threshold * total / (1.0 + threshold))
    while least > 0 and (least - 1) / (total - least + 1) >= threshold:
        least -= 1
    while least / (total - least) < threshold:
        least += 1
    spare = total - 2 * least
    common = np.int64(0)
    while left < left_end and right < right_end:
        a, b = sets.tokens[left], sets.tokens[right]
        same = a == b
        common += same
        left += a <= b
        right += b <= a
        if not same:
            spare -= 1
            if spare < 0:
                return -1.0
    score = float(common / (total - common))
    return score if score >= threshold else -1.0


@inlined
def _nearest(row: int, near: Near, decisions: Decisions) -> None:
    """Find the admitted row with the highest cosine, of equals the earliest."""
    place = row - near.base[0]
    for at in range(near.starts[place], near.starts[place + 1]):
        other = near.rows[at]
        if decisions.stages[other] == ADMITTED and near.scores[at] > decisions.scores[row]:
            decisions.survivors[row], decisions.scores[row] = other, near.scores[at]


@inlined
def _post_key(row: int, key: np.uint64, keys: Keys) -> None:
    slot = _slot(keys.keys, key)
    posting = keys.used[0]
    keys.following[posting] = -1
    if keys.keys[slot] == _NONE:
        keys.keys[slot] = key
        keys.used[1] += 1
    else:
        keys.following[posting] = keys.heads[slot]
    keys.heads[slot] = posting
    keys.rows[posting] = row
    keys.used[0] += 1


@inlined
def _pair(rarer: int, commoner: int) -> np.uint64:
    return (np.uint64(rarer + 1) << _SHIFT) | np.uint64(commoner + 1)


@inlined
def _triple(pair: np.uint64, commonest: int) -> np.uint64:
    """Return a hash of three words. Two triples may share it: a row too many is compared, and none is missed."""
    mixed = (pair ^ (pair >> _SHIFT)) * _GOLDEN
    mixed = (mixed ^ (mixed >> _SHIFT)) + np.uint64(commonest + 1)
    mixed = (mixed ^ (mixed >> _SHIFT)) * _GOLDEN
    return mixed | _ONE


@inlined
def _single(rank: int) -> np.uint64:
    return np.uint64(rank + 1) << _SHIFT


@inlined
def _slot(keys: NDArray[np.uint64], key: np.uint64) -> np.uint64:
    """Return the slot of ``key``: its own, or the empty one where it would go."""
    mask = np.uint64(len(keys) - 1)
    slot = ((key * _GOLDEN) >> _SHIFT ^ key * _GOLDEN) & mask
    while keys[slot] != _NONE and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@compiled
def _refill(old: Keys, new: Keys) -> None:
    for place in range(len(old.keys)):
        if old.keys[place] != _NONE:
            slot = _slot(new.keys, old.keys[place])
            new.keys[slot] = old.keys[place]
            new.heads[slot] = old.heads[place]
