"""Compiled loops over rows: decisions in order. Importing this module needs numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled
from simulator.population.bulk.kernels.sets import WordSets, bits, similarity

__all__ = ["ADMITTED", "EMBEDDING", "EXACT", "MINHASH", "Crowds", "Decisions", "Near", "decide_rows"]

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

ADMITTED, EXACT, MINHASH, EMBEDDING = 0, 1, 2, 3
"""What became of a row: admitted, or the stage that rejected it."""


class Near(NamedTuple):
    """Pairs of the rows from ``base`` on with earlier ones that are like them.

    Attributes:
        base: First row, shape (1,).
        starts: Where the pairs of each row begin in the next two.
        rows: The earlier rows, ascending for each row.
        scores: Their similarity, at or above the threshold.
    """

    base: Longs
    starts: Longs
    rows: Ints
    scores: NDArray[np.float64]


class Crowds(NamedTuple):
    """Rows that share a key with so many that only admitted ones are compared.

    Attributes:
        starts: Where the crowds of each row begin in ``numbers``; shape (rows + 1,).
        numbers: The crowds of each row.
        begins: For each crowd where its admitted rows begin in the next two.
        used: For each crowd how many rows of it are admitted.
        rows: The admitted rows.
        signs: Their signs.
    """

    starts: Longs
    numbers: Ints
    begins: Longs
    used: Longs
    rows: Ints
    signs: NDArray[np.uint64]


class Decisions(NamedTuple):
    """What became of every row.

    Attributes:
        groups: For each row the first row with the same text.
        kept: For each first row of a text, the admitted row with that text, or -1.
        compared: For each row, the last row (plus one) that was compared with it in a crowd.
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


@compiled
def decide_rows(
    first: int, last: int, sets: WordSets, threshold: float, alike: Near, crowds: Crowds, near: Near,
    decisions: Decisions,
) -> None:  # fmt: skip
    """Admit or reject the rows from ``first`` to before ``last``, in order.

    Of the admitted rows that are like a row the most similar is its survivor, of equals the earliest.

    Args:
        first: First row.
        last: Row after the last.
        sets: The words of all rows.
        threshold: Least Jaccard similarity of duplicates.
        alike: Earlier rows with like words, for these rows.
        crowds: Of all rows; takes in the admitted ones.
        near: Earlier rows with near vectors, for these rows.
        decisions: Filled.
    """
    groups, kept, _, stages, survivors, scores = decisions
    like_starts, like_rows, like_scores = alike.starts, alike.rows, alike.scores
    near_starts, near_rows, near_scores = near.starts, near.rows, near.scores
    for row in range(first, last):
        if kept[groups[row]] >= 0:
            stages[row], survivors[row], scores[row] = EXACT, kept[groups[row]], 1.0
            continue
        stage, best, score = MINHASH, -1, 0.0
        for place in range(like_starts[row - alike.base[0]], like_starts[row - alike.base[0] + 1]):
            other = int(like_rows[place])
            if stages[other] == ADMITTED and (
                like_scores[place] > score or (like_scores[place] == score and other < best)
            ):
                best, score = other, like_scores[place]
        if crowds.starts[row] < crowds.starts[row + 1]:
            best, score = _best_of_crowds(row, best, score, sets, threshold, crowds, decisions)
        if best < 0:
            stage = EMBEDDING
            for place in range(near_starts[row - near.base[0]], near_starts[row - near.base[0] + 1]):
                other = int(near_rows[place])
                if stages[other] == ADMITTED and near_scores[place] > score:
                    best, score = other, near_scores[place]
        if best >= 0:
            stages[row], survivors[row], scores[row] = stage, best, score
            continue
        kept[groups[row]] = row
        for place in range(crowds.starts[row], crowds.starts[row + 1]):
            crowd = crowds.numbers[place]
            end = crowds.begins[crowd] + crowds.used[crowd]
            crowds.rows[end], crowds.signs[end] = row, sets.signs[row]
            crowds.used[crowd] += 1


@compiled
def _best_of_crowds(
    row: int, best: int, score: float, sets: WordSets, threshold: float, crowds: Crowds, decisions: Decisions
) -> tuple[int, float]:
    """Return the most similar row, of equals the earliest: ``best``, or an admitted one of the crowds of ``row``."""
    tokens, starts, signs, compared = sets.tokens, sets.starts, sets.signs, decisions.compared
    most_spare = np.uint64(sets.most_spare[starts[row + 1] - starts[row]])
    for crowd in crowds.numbers[crowds.starts[row] : crowds.starts[row + 1]]:
        for place in range(crowds.begins[crowd], crowds.begins[crowd] + crowds.used[crowd]):
            other = int(crowds.rows[place])
            if bits(crowds.signs[place] ^ signs[row]) > most_spare or compared[other] == row + 1:
                continue
            compared[other] = row + 1
            found = similarity(tokens, starts, row, other, sets.spares)
            if found >= threshold and (found > score or (found == score and other < best)):
                best, score = other, found
    return best, score
