"""How often and how long a request is tried."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Patience", "RetryBudget"]


@dataclass(frozen=True)
class Patience:
    """The limits of one request, all of its attempts taken together.

    Attributes:
        attempts: Times that the request is sent at most, 1 or more. A 429 to a request that was in flight when the
            limit was cut does not count: it was sent before anybody could know.
        timeout_s: Seconds that one attempt may take from the first byte sent to the last one read.
        deadline_s: Seconds for all attempts and the waits between them, those that the server asks for included. Time
            in the limiter's queue does not count: there the endpoint is at work for others, and each of them has a
            deadline.
        connect_s: Seconds for a connection to be made.
        base_s: The first wait is up to this long; each later one up to twice the one before.
        cap_s: No wait of our own is longer.
        max_bytes: Largest body that is read. The longest completions on offer are about 128k tokens, well under
            8 MiB of JSON.
    """

    attempts: int = 4
    timeout_s: float = 120.0
    deadline_s: float = 300.0
    connect_s: float = 10.0
    base_s: float = 0.5
    cap_s: float = 20.0
    max_bytes: int = 8 << 20

    def wait(self, attempt: int, asked: float | None, rng: random.Random) -> float:
        """Return the seconds to wait after a failed attempt.

        Args:
            attempt: Which attempt failed, from 1.
            asked: What the server asked for, if it did; a tenth is added at random so that not all callers come back
                in the same instant.
            rng: Source of the jitter.

        Returns:
            Exponential with full jitter: anything between nothing and twice the previous bound.
        """
        own = rng.uniform(0, min(self.cap_s, self.base_s * 2 ** (attempt - 1)))
        return own if asked is None else max(own, asked * (1 + rng.random() / 10))


class RetryBudget:
    """Keeps retries to a share of the calls, so that a failing endpoint is not given more work still.

    Faults and rate limits draw on it alike, but a burst of 429s once: what was in flight when the limit was cut is sent
    again for nothing.

    Args:
        share: Retries for each call, 0 to 1.
        reserve: Retries that there are in any case, however few the calls: one for each that may be in flight, so that
            a server that restarts does not end a run that has just begun.
    """

    def __init__(self, share: float = 0.1, reserve: int = 16) -> None:
        self.calls = 0
        self.retries = 0
        self._share = share
        self._reserve = reserve

    def earn(self) -> None:
        """Count one call."""
        self.calls += 1

    def spend(self) -> bool:
        """Take one retry out of the budget; ``False`` when it is empty."""
        if self.retries + 1 > max(self._reserve, self._share * self.calls):
            return False
        self.retries += 1
        return True

    def used_up(self) -> str:
        """Return what to say of a request that failed because the budget is empty."""
        return (
            f" It was not sent again: the budget of retries is used up ({self.retries:,} for {self.calls:,} calls; a "
            f"share of {self._share:.0%} of the calls may be retries, or {self._reserve:,} of few calls)."
        )
