"""How often and how long a request is tried."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Patience", "RetryBudget"]


@dataclass(frozen=True)
class Patience:
    """The limits of one request, all of its attempts taken together.

    Attributes:
        attempts: Times that the request is sent at most, 1 or more.
        timeout_s: Seconds that one attempt may take from the first byte sent to the last one read.
        deadline_s: Seconds for all attempts and the waits between them. Time in the limiter's queue does not count:
            there the endpoint is at work for others, and each of them has a deadline.
        connect_s: Seconds for a connection to be made.
        base_s: The first wait is up to this long; each later one up to twice the one before.
        cap_s: No wait of our own is longer.
        asked_cap_s: No wait that the server asks for is longer: a server that says "in an hour" is tried again after
            this time, so that one odd header cannot stop a run.
        max_bytes: Largest body that is read. The longest completions on offer are about 128k tokens, well under
            8 MiB of JSON.
    """

    attempts: int = 4
    timeout_s: float = 120.0
    deadline_s: float = 300.0
    connect_s: float = 10.0
    base_s: float = 0.5
    cap_s: float = 20.0
    asked_cap_s: float = 60.0
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
        if asked is not None:
            return min(asked, self.asked_cap_s) * (1 + rng.random() / 10)
        return rng.uniform(0, min(self.cap_s, self.base_s * 2 ** (attempt - 1)))


class RetryBudget:
    """Keeps retries after faults to a share of the calls, so that a failing endpoint is not given more work still.

    A rate limit (429) does not draw on it: there the limiter slows everybody down, which is the cure.

    Args:
        share: Retries earned by each call, 0 to 1.
        reserve: Retries that may be spent before any was earned, and the most that can be saved up.
    """

    def __init__(self, share: float = 0.1, reserve: int = 32) -> None:
        self._share = share
        self._reserve = float(reserve)
        self._left = float(reserve)

    def earn(self) -> None:
        """Count one call."""
        self._left = min(self._reserve, self._left + self._share)

    def spend(self) -> bool:
        """Take one retry out of the budget; ``False`` when it is empty."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
