"""What a run will take: calls, tokens, money and time, as ranges, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

__all__ = ["Forecast", "Range", "RoleForecast", "StageForecast", "sampled", "share"]

_Z = 1.645
"""Two-sided 90 % of the normal distribution: of ten ranges, nine hold what they are about."""


@dataclass(frozen=True)
class Range:
    """A quantity that is not known yet: at least, expected, at most. None is negative.

    >>> Range(1, 2, 3) + Range(0, 1, 2), Range(1, 2, 3) * Range(2, 2, 2)
    (Range(low=1, expected=3, high=5), Range(low=2, expected=4, high=6))
    """

    low: float
    expected: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Range:
        """Return the range that holds nothing but ``value``."""
        return cls(value, value, value)

    def __add__(self, other: Range) -> Range:
        """Return the sum; the ends add up too, so it is wider than the parts' randomness alone would make it."""
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __mul__(self, other: Range) -> Range:
        """Return the product."""
        return Range(self.low * other.low, self.expected * other.expected, self.high * other.high)

    def of(self, change: Callable[[float], float]) -> Range:
        """Return ``change`` of each of the three, which must not fall when its argument rises."""
        return Range(change(self.low), change(self.expected), change(self.high))


NOTHING = Range.exactly(0)


def sampled(values: Sequence[float], least: float = 0.0) -> Range:
    """Return the mean that ``values`` speak for, with the 90 % interval of Student's t around it.

    Args:
        values: Measured, one a unit.
        least: The mean is never below this.

    Of a single value the spread is not known; it is taken to be as large as the value.

    >>> sampled([4, 6]).expected
    5.0
    """
    mean = fmean(values)
    freedom = len(values) - 1
    if not freedom:
        return Range(max(least, mean / 2), mean, 2 * mean)
    t = _Z + (_Z**3 + _Z) / (4 * freedom) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
    margin = t * stdev(values) / math.sqrt(len(values))
    return Range(max(least, mean - margin), mean, mean + margin)


def share(good: int, of: int) -> Range:
    """Return the share that ``good`` of ``of`` units speak for, with its 90 % interval (Agresti and Coull's)."""
    middle = (good + 2) / (of + 4)
    margin = _Z * math.sqrt(middle * (1 - middle) / (of + 4))
    seen = good / of
    return Range(min(seen, max(0.0, middle - margin)), seen, max(seen, min(1.0, middle + margin)))


@dataclass(frozen=True)
class RoleForecast:
    """What one role takes in one stage.

    Attributes:
        role: Its name.
        model: The model's identity.
        calls: Calls.
        prompt: Tokens of the prompts.
        completion: Tokens of the answers.
        usd: US dollars; ``None`` when the price is not known.
    """

    role: str
    model: str
    calls: Range
    prompt: Range
    completion: Range
    usd: Range | None


@dataclass(frozen=True)
class StageForecast:
    """What one stage takes.

    Attributes:
        stage: Its name.
        units: How many units it has.
        roles: What its roles take.
        seconds: Time.
        probed: Units that were measured; 0 when the numbers come from the scenario alone.
    """

    stage: str
    units: Range
    roles: tuple[RoleForecast, ...]
    seconds: Range
    probed: int = 0

    @property
    def calls(self) -> Range:
        """Calls of all its roles."""
        return _sum(role.calls for role in self.roles)

    @property
    def tokens(self) -> Range:
        """Tokens of prompts and answers of all its roles."""
        return _sum(role.prompt + role.completion for role in self.roles)

    @property
    def usd(self) -> Range | None:
        """US dollars; ``None`` when a price is not known."""
        return _money(role.usd for role in self.roles)


@dataclass(frozen=True)
class Forecast:
    """What a run takes; the stages in the story's order."""

    stages: tuple[StageForecast, ...] = ()

    @property
    def calls(self) -> Range:
        """Calls."""
        return _sum(stage.calls for stage in self.stages)

    @property
    def tokens(self) -> Range:
        """Tokens of prompts and answers."""
        return _sum(stage.tokens for stage in self.stages)

    @property
    def usd(self) -> Range | None:
        """US dollars; ``None`` when a price is not known."""
        return _money(stage.usd for stage in self.stages)

    @property
    def seconds(self) -> Range:
        """Time: the stages follow each other."""
        return _sum(stage.seconds for stage in self.stages)


def _sum(ranges: Iterable[Range]) -> Range:
    return sum(ranges, start=NOTHING)


def _money(parts: Iterable[Range | None]) -> Range | None:
    total = NOTHING
    for part in parts:
        if part is None:
            return None
        total += part
    return total
