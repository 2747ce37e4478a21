"""How many requests an endpoint is given at once.

Additive increase, multiplicative decrease, as in TCP: every success at the limit widens it by one request per round,
a rate limit (429) halves it. A burst of 429s cuts once: only a request that was sent *after* the last cut says
anything about the new limit. Server faults (5xx) leave the limit alone; they are the retry policy's business. When the
server asks for a pause, everybody pauses.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from simulator.transport.clock import Clock

__all__ = ["Limiter", "Outcome", "PauseTooLong", "Ticket"]

Outcome = Literal["ok", "busy", "fault"]


@dataclass
class Ticket:
    """One request's leave to be sent.

    Attributes:
        round: Cuts of the limit before it was sent.
        outcome: How the request ended; set it before the ticket is given back. ``fault`` changes nothing.
        pause_s: Seconds that the server asked everybody to wait.
        cut: Whether its outcome has cut the limit; known when it was given back.
    """

    round: int
    outcome: Outcome = "fault"
    pause_s: float = 0.0
    cut: bool = False


class PauseTooLong(Exception):
    """The server asked for a pause that the caller cannot wait for.

    Attributes:
        seconds: What is left of it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"a pause of {seconds:.0f} s")
        self.seconds = seconds


class Limiter:
    """Adaptive limit of the requests in flight, first come first served.

    Args:
        ceiling: The limit is never above this; it starts here.
        clock: Source of the time.
    """

    CUT = 0.5

    def __init__(self, ceiling: int, clock: Clock | None = None) -> None:
        if ceiling < 1:
            raise ValueError(f"ceiling is {ceiling}; allowed is 1 or more")
        self.ceiling = ceiling
        self.in_flight = 0
        self.cuts = 0
        self._limit = float(ceiling)
        self._clock = clock or Clock()
        self._resume = float("-inf")
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """Requests that may be in flight now, 1 to ``ceiling``."""
        return max(1, int(self._limit))

    @property
    def waiting(self) -> int:
        """Requests that wait for leave to be sent."""
        return len(self._queue)

    @asynccontextmanager
    async def slot(self, longest_s: float = math.inf) -> AsyncIterator[Ticket]:
        """Wait for leave to send one request; give it back at the end of the block.

        Args:
            longest_s: The longest pause that is waited for.

        Raises:
            PauseTooLong: The server asked for a longer one; nothing may be sent.
        """
        await self._enter()
        ticket = Ticket(self.cuts)
        try:
            await self.pause(ticket, longest_s)
            yield ticket
        finally:
            self.in_flight -= 1
            self._learn(ticket)
            self._wake()

    async def pause(self, ticket: Ticket, longest_s: float = math.inf) -> None:
        """Wait until the server may be sent something; for a ticket that was held back by something else meanwhile.

        Raises:
            PauseTooLong: That is more than ``longest_s`` away.
        """
        while (left := self._resume - self._clock.now()) > 0:
            if left > longest_s:
                raise PauseTooLong(left)
            await self._clock.sleep(left)
        ticket.round = self.cuts

    async def _enter(self) -> None:
        if not self._queue and self.in_flight < self.limit:
            self.in_flight += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._abandon(turn)
            raise

    def _abandon(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            # Leave was given in the same instant as the cancellation: pass it on.
            self.in_flight -= 1
            self._wake()
        elif turn in self._queue:
            self._queue.remove(turn)

    def _wake(self) -> None:
        while self._queue and self.in_flight < self.limit:
            turn = self._queue.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def _learn(self, ticket: Ticket) -> None:
        if ticket.pause_s > 0:
            self._resume = max(self._resume, self._clock.now() + ticket.pause_s)
        if ticket.outcome == "ok" and self.in_flight + 1 >= self.limit:
            self._limit = min(float(self.ceiling), self._limit + 1 / self.limit)
        elif ticket.outcome == "busy" and ticket.round == self.cuts:
            self._limit = max(1.0, self._limit * self.CUT)
            self.cuts += 1
            ticket.cut = True
