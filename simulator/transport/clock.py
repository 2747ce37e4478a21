"""Time, as something that a test can hold in its hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Allowance", "Clock", "Spell", "allowed"]


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


class Allowance:
    """Seconds that may be spent. They run while somebody spends them, once however many do so at the same time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._spent = 0.0
        self._since = 0.0
        self._spenders = 0

    def left(self, now: float) -> float:
        """Return the seconds that remain, 0 or more."""
        running = now - self._since if self._spenders else 0.0
        return max(0.0, self.seconds - self._spent - running)

    def begin(self, now: float) -> None:
        """Let them run."""
        if self._spenders == 0:
            self._since = now
        self._spenders += 1

    def end(self, now: float) -> None:
        """Stop them, unless somebody else still spends."""
        self._spenders -= 1
        if self._spenders == 0:
            self._spent += now - self._since


_of_unit: ContextVar[Allowance | None] = ContextVar("allowance of the unit", default=None)


@contextmanager
def allowed(seconds: float) -> Iterator[None]:
    """Give all calls that are made inside, by whatever tasks, ``seconds`` with the endpoint altogether."""
    token = _of_unit.set(Allowance(seconds))
    try:
        yield
    finally:
        _of_unit.reset(token)


class Spell:
    """What one request may take: its own allowance, and what is left of its unit's.

    Time in a queue counts for neither: there the endpoint is at work for others, and each of them has an end.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        unit = _of_unit.get()
        self._clock = clock
        self._purses = [Allowance(seconds)] if unit is None else [Allowance(seconds), unit]

    @property
    def left(self) -> float:
        """Seconds that remain, 0 or more."""
        now = self._clock.now()
        return min(purse.left(now) for purse in self._purses)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time inside."""
        for purse in self._purses:
            purse.begin(self._clock.now())
        try:
            yield
        finally:
            for purse in self._purses:
                purse.end(self._clock.now())
