"""Random choices that depend on nothing but what they were seeded with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")


class Dice:
    """A stream of numbers out of SHA-256, the same on every machine and Python.

    >>> Dice(b"x").below(6) == Dice(b"x").below(6)
    True
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._count = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to ``limit - 1``."""
        return self._draw() % limit

    def between(self, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def fraction(self) -> float:
        """Return a number above 0 and below 1."""
        return ((self._draw() >> 11) + 0.5) / (1 << 53)

    def choice(self, items: Sequence[T]) -> T:
        """Return one of ``items``."""
        return items[self.below(len(items))]

    def _draw(self) -> int:
        self._count += 1
        return int.from_bytes(hashlib.sha256(self._seed + self._count.to_bytes(8, "big")).digest()[:8], "big")
