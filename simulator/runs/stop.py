"""Why a run should stop: a budget is used up, or somebody asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

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


@dataclass(frozen=True)
class Limits:
    """Most calls, tokens and minutes of one execution; ``None`` is no limit."""

    calls: int | None = None
    tokens: int | None = None
    minutes: float | None = None


@dataclass
class Stop:
    """Asked before each unit is started. What is in flight always ends.

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

    def _exhausted(self) -> str | None:
        limits, spent = self.limits, self._spent
        if spent is None:
            return None
        if limits.calls is not None and spent.calls >= limits.calls:
            return f"the budget of {limits.calls} calls is used up"
        if limits.tokens is not None and spent.tokens >= limits.tokens:
            return f"the budget of {limits.tokens} tokens is used up"
        if limits.minutes is not None and (self.clock() - self._started) / 60 >= limits.minutes:
            return f"the budget of {limits.minutes:g} minutes is used up"
        return None
