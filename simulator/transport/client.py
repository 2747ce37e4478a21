"""JSON over HTTP to one endpoint, with bounded retries."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from typing import Any

import aiohttp

from simulator.errors import InvalidReply, ModelSpecError, ReplyError
from simulator.transport.body import encode
from simulator.transport.breakage import of_exception
from simulator.transport.clock import Clock, Deadline
from simulator.transport.limiter import Limiter, Ticket
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.rates import MinuteCap
from simulator.transport.retry_after import retry_after
from simulator.transport.sessions import Sessions
from simulator.transport.setback import Answer, Place, Setback, of_status

__all__ = ["Check", "HttpClient"]

Check = Callable[[Answer], Setback | None]
"""Looks at a 2xx answer: ``None`` when it can be used."""

log = logging.getLogger(__name__)


class HttpClient:
    """Posts JSON to one endpoint.

    Args:
        place: Base URL and key.
        patience: Limits of each request.
        limiter: How many requests may be in flight.
        budget: Share of the calls that may be retries.
        cap: Requests per minute, retries counted.
        proxy: URL of an HTTP proxy, if there is one.
        clock: Source of the time.
        rng: Source of the jitter; the default is seeded by the system.
    """

    def __init__(
        self,
        place: Place,
        *,
        patience: Patience | None = None,
        limiter: Limiter | None = None,
        budget: RetryBudget | None = None,
        cap: MinuteCap | None = None,
        proxy: str | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.place = place
        self.patience = patience or Patience()
        self.limiter = limiter or Limiter(16)
        self.attempts = 0
        self.retries = 0
        self._budget = budget or RetryBudget(reserve=max(32, self.limiter.ceiling))
        self._cap = cap
        self._proxy = proxy
        self._clock = clock or Clock()
        self._rng = rng or random.Random(secrets.randbits(64))
        self._sessions = Sessions(place.key, self.patience.connect_s)

    async def post(
        self, path: str, payload: dict[str, Any], *, check: Check, hand_back: frozenset[int] = frozenset()
    ) -> Answer:
        """Send ``payload`` until it is answered, or until attempts, time or retry budget are used up.

        Args:
            path: Appended to the base URL, e.g. ``"/chat/completions"``.
            payload: The request's body.
            check: Judges a 2xx answer.
            hand_back: Statuses whose answers the caller wants to see instead of an error.

        Raises:
            EndpointError: No answer, a refusal, or a fault that outlasted the retries.
            ReplyError: ``check`` found the answer unusable every time.
        """
        try:
            data = encode(payload)
        except TypeError as error:
            raise ModelSpecError(f"the request cannot be written as JSON ({error}); check extra parameters") from error
        self._budget.earn()
        return await self._persist(path, data, check, hand_back)

    def refusal(self, answer: Answer) -> Exception:
        """Return the error that an answer which was handed back stands for."""
        return of_status(answer, self.place).error

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.aclose()

    async def _persist(self, path: str, data: bytes, check: Check, hand_back: frozenset[int]) -> Answer:
        deadline = Deadline(self._clock, self.patience.deadline_s)
        attempt = 0
        while True:
            attempt += 1
            queued = self._clock.now()
            async with self.limiter.slot() as ticket:
                if self._cap is not None:
                    await self._cap.take()
                deadline.put_off(self._clock.now() - queued)
                result = await self._attempt(path, data, deadline, check, hand_back)
                self._tell(ticket, result)
            if isinstance(result, Answer):
                return result
            wait = self._wait(result, attempt, deadline)
            if wait is None:
                raise _after(result, attempt)
            log.info("attempt %d at %s failed, again in %.1f s: %s", attempt, self.place.host, wait, result.error)
            self.retries += 1
            await self._clock.sleep(wait)

    async def _attempt(
        self, path: str, data: bytes, deadline: Deadline, check: Check, hand_back: frozenset[int]
    ) -> Answer | Setback:
        limit = min(self.patience.timeout_s, deadline.left)
        result = await self._exchange(path, data, limit)
        if isinstance(result, Setback) or result.status in hand_back:
            return result
        if 200 <= result.status < 300:
            return check(result) or result
        return of_status(result, self.place)

    async def _exchange(self, path: str, data: bytes, limit_s: float) -> Answer | Setback:
        self.attempts += 1
        session = await self._sessions.get()
        timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=self.patience.connect_s)
        try:
            async with session.post(
                self.place.url + path, data=data, timeout=timeout, proxy=self._proxy, allow_redirects=False
            ) as response:
                asked = retry_after(response.headers, self._clock.wall())
                body = await self._read(response)
                return Answer(response.status, body, asked, response.headers.get("Location", ""))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return of_exception(error, self.place, limit_s)
        except _TooLarge:
            text = f"{self.place.host} sent more than the {self.patience.max_bytes} bytes that a reply may have"
            return Setback(InvalidReply(text), again=False)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for chunk in response.content.iter_any():
            parts += chunk
            if len(parts) > self.patience.max_bytes:
                response.close()
                raise _TooLarge
        return bytes(parts)

    def _tell(self, ticket: Ticket, result: Answer | Setback) -> None:
        if isinstance(result, Answer):
            ticket.outcome = "ok"
            return
        ticket.outcome = result.outcome
        if result.asked is not None:
            ticket.pause_s = min(result.asked, self.patience.asked_cap_s)

    def _wait(self, setback: Setback, attempt: int, deadline: Deadline) -> float | None:
        """Return the seconds to wait before another attempt; ``None`` when there is to be none."""
        if not setback.again or attempt >= self.patience.attempts:
            return None
        wait = self.patience.wait(attempt, setback.asked, self._rng)
        if wait >= deadline.left:
            return None
        return wait if setback.outcome == "busy" or self._budget.spend() else None


class _TooLarge(Exception):
    """A body went over the cap."""


def _after(setback: Setback, attempts: int) -> Exception:
    if attempts == 1:
        return setback.error
    error = setback.error
    text = f"{error} ({attempts} attempts)"
    return type(error)(text, error.raw) if isinstance(error, ReplyError) else type(error)(text)
