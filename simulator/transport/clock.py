"""Time, as something that a test can hold in its hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Clock", "Deadline"]


@dataclass(frozen=True)
class Clock:
    """Where the time comes from.

    Attributes:
        now: Monotonic seconds.
        wall: Seconds since 1970, for dates that servers send.
        sleep: Waits for that many seconds.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Deadline:
    """The moment after which a request is given up, all of its attempts taken together."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.now() + seconds

    @property
    def left(self) -> float:
        """Seconds that remain, 0 or more."""
        return max(0.0, self._end - self._clock.now())

    def put_off(self, seconds: float) -> None:
        """Move it by ``seconds`` that do not count."""
        self._end += seconds
