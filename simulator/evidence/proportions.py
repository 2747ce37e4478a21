"""Shares of things that passed, and the difference between two of them, each with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt

__all__ = ["Interval", "Paired", "mcnemar", "paired_difference", "wilson"]

_Z = 1.959963984540054
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """How pairs came out: both passed, only the first, only the second, neither."""

    both: int
    first: int
    second: int
    neither: int

    @property
    def pairs(self) -> int:
        """How many there are."""
        return self.both + self.first + self.second + self.neither


def wilson(passed: int, total: int) -> Interval:
    """Return a share with Wilson's score interval (E. B. Wilson, 1927).

    >>> found = wilson(81, 263)
    >>> round(found.low, 4), round(found.high, 4)
    (0.2553, 0.3662)
    """
    share = passed / total
    centre = (share + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
    half = _Z * sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2)) / (1 + _Z**2 / total)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def paired_difference(pairs: Paired) -> Interval:
    """Return the second's share less the first's, with Newcombe's hybrid score interval for paired proportions.

    That is method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", Statistics in Medicine 17 (1998): Wilson's intervals of both shares, joined with regard to
    how the pairs hang together. It keeps its level with few pairs and with shares near 0 and 1, where the usual
    interval has no width.
    """
    first = wilson(pairs.both + pairs.first, pairs.pairs)
    second = wilson(pairs.both + pairs.second, pairs.pairs)
    phi = _phi(pairs)
    up, down = second.high - second.value, second.value - second.low
    first_up, first_down = first.high - first.value, first.value - first.low
    low = sqrt(max(0.0, down**2 - 2 * phi * down * first_up + first_up**2))
    high = sqrt(max(0.0, up**2 - 2 * phi * up * first_down + first_down**2))
    value = second.value - first.value
    return Interval(value, max(-1.0, value - low), min(1.0, value + high))


def _phi(pairs: Paired) -> float:
    """Return the correlation of the two outcomes, with Newcombe's correction for continuity when it is positive."""
    a, b, c, d = pairs.both, pairs.first, pairs.second, pairs.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if not margins:
        return 0.0
    cross = float(a * d - b * c)
    if cross > 0:
        cross = max(cross - pairs.pairs / 2, 0.0)
    return cross / sqrt(margins)


def mcnemar(pairs: Paired) -> float:
    """Return the exact two-sided p-value of McNemar's test: how likely such a difference is if there is none."""
    changed = pairs.first + pairs.second
    tail = sum(comb(changed, k) for k in range(min(pairs.first, pairs.second) + 1))
    return min(1.0, 2 * tail / (1 << changed))
