"""Why a run should stop: a budget is used up, or somebody asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from simulator.errors import RunStopped

__all__ = ["Limits", "Spent", "Stop"]


class Spent(Protocol):
    """What this execution of a run has paid for so far."""

    @property
    def calls(self) -> int:
        """Calls that were made (replies from the ledger cost nothing)."""
        ...

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of these calls."""
        ...

    @property
    def usd(self) -> float:
        """What they cost in US dollars, as far as prices are known."""
        ...

    @property
    def unpriced(self) -> int:
        """Those of the calls whose price is not known."""
        ...

    def reused_in(self, stage: str, role: str) -> int:
        """Calls of ``role`` in ``stage`` that the ledger answered."""
        ...

    @property
    def in_flight(self) -> int:
        """Calls that are being made."""
        ...


@dataclass(frozen=True)
class Limits:
    """Most calls, tokens, minutes and US dollars of one execution; ``None`` is no limit."""

    calls: int | None = None
    tokens: int | None = None
    minutes: float | None = None
    usd: float | None = None


@dataclass
class Stop:
    """Asked before each unit is started, and about the budget before each call. What is in flight always ends.

    So a run makes exactly as many calls as it may, and spends more tokens or money than it may by at most what the
    calls in flight take: what a reply costs is known when it is there.

    Args:
        limits: The budget.
        clock: Seconds, monotonic.
    """

    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.monotonic
    asked: str | None = None
    _spent: Spent | None = None
    _started: float = 0.0

    def watch(self, spent: Spent) -> None:
        """Count ``spent`` and the time from now on against the limits."""
        self._spent, self._started = spent, self.clock()

    def ask(self, reason: str) -> None:
        """Stop the run after what is in flight; the first reason stays."""
        self.asked = self.asked or reason

    @property
    def reason(self) -> str | None:
        """Why no further unit may start, or ``None``."""
        return self.asked or self._exhausted()

    @property
    def leaving(self) -> str | None:
        """Why nothing may be waited for that goes on without the run (a batch at a provider), or ``None``."""
        return self.asked or self._out_of_time()

    def may_call(self) -> None:
        """Return if there is budget for one more call.

        Raises:
            RunStopped: There is not.
        """
        reason = self._exhausted()
        if reason is not None:
            raise RunStopped(reason)

    def _exhausted(self) -> str | None:
        limits, spent = self.limits, self._spent
        if spent is None:
            return None
        if limits.calls is not None and spent.calls + spent.in_flight >= limits.calls:
            return f"the budget of {limits.calls:,} calls is used up"
        if limits.tokens is not None and spent.tokens >= limits.tokens:
            return f"the budget of {limits.tokens:,} tokens is used up ({spent.tokens:,} with what was in flight)"
        if limits.usd is not None and spent.usd >= limits.usd:
            return f"the budget of ${limits.usd:,g} is used up (${spent.usd:,.4f} with what was in flight)"
        return self._out_of_time()

    def _out_of_time(self) -> str | None:
        most = self.limits.minutes
        if self._spent is None or most is None or (self.clock() - self._started) / 60 < most:
            return None
        return f"the budget of {most:g} minutes is used up"
