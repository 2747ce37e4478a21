"""The relations as arrays: who is one step from whom, and searches over it, level by level.

Compressed sparse rows: the neighbours of row ``i`` are ``targets[starts[i]:starts[i + 1]]``. A level of a search is a
handful of array operations however many personas it reaches, and a million personas with three million relations take
tens of megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adjacency", "components", "distances_from", "shortest_chain"]

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Adjacency:
    """Steps out of every row.

    Attributes:
        starts: Shape (rows + 1,): where the steps of each row begin in the other two.
        targets: Shape (steps,): the row that each step leads to; the steps of a row are in order of their edges.
        edges: Shape (steps,): the number of the edge that each step takes.
    """

    starts: NDArray[np.int64]
    targets: Rows
    edges: Rows

    @classmethod
    def of(cls, rows: int, sources: Rows, targets: Rows) -> Adjacency:
        """Return the steps along edges from ``sources`` to ``targets``, both of shape (edges,)."""
        order = np.argsort(sources, kind="stable").astype(np.int32)
        starts = np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(sources, minlength=rows), out=starts[1:])
        return cls(starts, targets[order], order)

    def steps(self, row: int) -> tuple[Rows, Rows]:
        """Return the rows one step from ``row`` and the edges that lead there; not copies."""
        part = slice(self.starts[row], self.starts[row + 1])
        return self.targets[part], self.edges[part]

    def around(self, front: Rows) -> tuple[Rows, Rows]:
        """Return the rows one step from any of ``front``, and for each the row of ``front`` that it is a step from."""
        counts = (self.starts[front + 1] - self.starts[front]).astype(np.int64)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        places = np.arange(total) + np.repeat(self.starts[front] - (ends - counts), counts)
        return self.targets[places], np.repeat(front, counts)


def distances_from(seeds: Rows, sides: tuple[Adjacency, ...], limit: int | None = None) -> NDArray[np.int16]:
    """Return the number of steps from the nearest of ``seeds`` to every row; -1 where no steps lead.

    Args:
        seeds: Rows to start from.
        sides: The steps that may be taken.
        limit: Greatest number of steps; ``None`` for any.
    """
    distances = np.full(len(sides[0].starts) - 1, -1, dtype=np.int16)
    distances[seeds] = 0
    front, distance = seeds, 0
    while len(front) and distance != limit:
        distance += 1
        reached = np.concatenate([side.around(front)[0] for side in sides])
        front = np.unique(reached[distances[reached] < 0])
        distances[front] = distance
    return distances


def shortest_chain(start: int, end: int, sides: tuple[Adjacency, ...]) -> list[int] | None:
    """Return the rows of a shortest chain from ``start`` to ``end``, both included; ``None`` if there is none.

    Both ends are searched from in turn, the smaller frontier first: two searches of three steps see thousands of
    rows where one of six would see them all.
    """
    rows = len(sides[0].starts) - 1
    parents = (np.full(rows, -1, dtype=np.int32), np.full(rows, -1, dtype=np.int32))
    parents[0][start], parents[1][end] = start, end
    if start == end:
        return [start]
    fronts = [np.asarray([start], dtype=np.int32), np.asarray([end], dtype=np.int32)]
    while len(fronts[0]) and len(fronts[1]):
        turn = 0 if len(fronts[0]) <= len(fronts[1]) else 1
        fronts[turn] = _advance(fronts[turn], parents[turn], sides)
        met = fronts[turn][parents[1 - turn][fronts[turn]] >= 0]
        if len(met):
            return [*reversed(_chain(int(met[0]), parents[0])), *_chain(int(met[0]), parents[1])[1:]]
    return None


def components(rows: int, sources: Rows, targets: Rows) -> Rows:
    """Return for each row the smallest row that is joined with it by edges in either direction."""
    labels = np.arange(rows, dtype=np.int32)
    while True:
        before = labels.copy()
        least = np.minimum(labels[sources], labels[targets])
        # To lower the label of a label, not of the row alone, joins whole trees at once: few rounds are needed.
        for ends in (sources, targets):
            np.minimum.at(labels, before[ends], least)
            np.minimum.at(labels, ends, least)
        while not np.array_equal(labels, labels[labels]):
            labels = labels[labels]
        if np.array_equal(labels, before):
            return labels


def _advance(front: Rows, parents: Rows, sides: tuple[Adjacency, ...]) -> Rows:
    """Return the rows that are new one step from ``front``, having written down whence each was reached."""
    reached, origins = (np.concatenate(parts) for parts in zip(*(side.around(front) for side in sides), strict=True))
    new = parents[reached] < 0
    found, first = np.unique(reached[new], return_index=True)
    parents[found] = origins[new][first]
    return found


def _chain(row: int, parents: Rows) -> list[int]:
    chain = [row]
    while parents[row] != row:
        row = int(parents[row])
        chain.append(row)
    return chain
