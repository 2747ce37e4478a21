"""Caps on what an endpoint is sent in a minute: requests, tokens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulator.transport.clock import Clock
from simulator.transport.setback import Answer

__all__ = ["Cost", "MinuteCap"]

MINUTE = 60.0


@dataclass(frozen=True)
class Cost:
    """What a request takes of a cap.

    Attributes:
        estimate: Before it is answered.
        true: From its answer.
    """

    estimate: float
    true: Callable[[Answer], float]


class MinuteCap:
    """At most so much in any 60 seconds, first come first served.

    A log of what was let through rather than a bucket that refills: a bucket lets nearly twice the cap through in its
    first minute, which is what providers count.

    Args:
        per_minute: The cap, 1 or more. A single cost above it is let through alone.
        clock: Source of the time.
    """

    def __init__(self, per_minute: float, clock: Clock | None = None) -> None:
        if per_minute < 1:
            raise ValueError(f"per_minute is {per_minute}; allowed is 1 or more")
        self.per_minute = per_minute
        self._clock = clock or Clock()
        self._log: deque[list[float]] = deque()
        self._sum = 0.0
        self._turn = asyncio.Lock()

    @property
    def used(self) -> float:
        """What the minute holds, as of the last call."""
        return self._sum

    async def take(self, cost: float = 1.0) -> list[float]:
        """Wait until ``cost`` fits into the minute and enter it.

        Returns:
            The entry, for :meth:`correct`.
        """
        async with self._turn:
            while (wait := self._wait(cost)) > 0:
                await self._clock.sleep(wait)
            entry = [self._clock.now(), cost]
            self._log.append(entry)
            self._sum += cost
            return entry

    def correct(self, entry: list[float], cost: float) -> None:
        """Replace an estimated cost by the true one."""
        if self._log and entry[0] >= self._log[0][0]:  # still in the log, which is in order of time
            self._sum += cost - entry[1]
        entry[1] = cost

    def _wait(self, cost: float) -> float:
        now = self._clock.now()
        while self._log and self._log[0][0] <= now - MINUTE:
            self._sum -= self._log.popleft()[1]
        if not self._log or self._sum + cost <= self.per_minute:
            return 0.0
        return self._log[0][0] + MINUTE - now
