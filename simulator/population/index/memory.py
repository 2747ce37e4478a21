"""The index of a population without a folder: every vector is compared with the query's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.population.vectors.unit import cosines

__all__ = ["Hit", "MemoryIndex", "NearPersonas", "checked_rows"]

_SPARE = 32
"""Candidates by float32 products beyond those asked for: rounding may swap neighbours, the true cosine decides."""


@dataclass(frozen=True)
class Hit:
    """A persona near to a vector, with its text and the true cosine."""

    id: str
    text: str
    score: float


class NearPersonas(Protocol):
    """An open index of personas, wherever it is held.

    Attributes:
        rebuilt: Why what was there before could not be used; empty if it could.
    """

    rebuilt: str

    def __len__(self) -> int: ...

    def __enter__(self) -> NearPersonas: ...

    def __exit__(self, *_: object) -> None: ...

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        """Add personas that are not in it, each with its text and its unit vector."""
        ...

    def query(self, vector: Vectors, n: int = 10) -> list[Hit]:
        """Return up to ``n`` personas nearest to a unit vector, nearest first; of equals, by id."""
        ...

    def close(self) -> None:
        """Leave it as it is for the next one."""
        ...

    def abandon(self) -> None:
        """Leave it so that the next one takes nothing that is unfinished for whole."""
        ...


class MemoryIndex:
    """An index for as long as the process lives: for when the folder belongs to somebody else.

    Args:
        rebuilt: Why there is no folder.
    """

    def __init__(self, rebuilt: str) -> None:
        self.rebuilt = rebuilt
        self._ids: list[str] = []
        self._texts: list[str] = []
        self._parts: list[Vectors] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __enter__(self) -> MemoryIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        """Add personas; the vectors are kept, not copied."""
        checked_rows(ids, texts, vectors)
        self._ids += ids
        self._texts += texts
        if len(ids):
            self._parts.append(vectors)

    def query(self, vector: Vectors, n: int = 10) -> list[Hit]:
        """Return up to ``n`` personas nearest to ``vector``, nearest first; of equals, by id.

        Raises:
            InputError: ``n`` is not at least 1, or the vector has another length.
        """
        if n < 1:
            raise InputError(f"{n} personas were asked for: ask for at least 1.")
        if not self._ids:
            return []
        if vector.shape != self._parts[0].shape[1:]:
            raise InputError(f"A vector of shape {vector.shape} was given to {self._parts[0].shape[1]} dimensions.")
        products = np.concatenate([part @ vector for part in self._parts])
        near = np.argsort(-products, kind="stable")[: n + _SPARE]
        rows = np.concatenate(self._parts)[near] if len(self._parts) > 1 else self._parts[0][near]
        scores = cosines(rows, np.broadcast_to(vector, rows.shape)).tolist()
        hits = [Hit(self._ids[row], self._texts[row], score) for row, score in zip(near.tolist(), scores, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:n]

    def close(self) -> None:
        """Forget everything."""
        self._ids, self._texts, self._parts = [], [], []

    def abandon(self) -> None:
        """Forget everything."""
        self.close()


def checked_rows(ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
    """Check that there is one text and one vector for each id.

    Raises:
        InputError: There is not.
    """
    if not len(ids) == len(texts) == len(vectors):
        raise InputError(f"Lengths differ: {len(ids)} ids, {len(texts)} texts, {len(vectors)} vectors.")
