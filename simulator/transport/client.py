"""JSON over HTTP to one endpoint, with bounded retries."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from simulator.errors import EndpointBusy, EndpointError, EndpointUnreachable, InvalidReply, ModelSpecError
from simulator.settings import Proxy
from simulator.transport.body import encode
from simulator.transport.breakage import of_exception
from simulator.transport.clock import Clock, Spell
from simulator.transport.limiter import Limiter, PauseTooLong, Ticket
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.rates import Cost, MinuteCap
from simulator.transport.retry_after import retry_after
from simulator.transport.sessions import Sessions
from simulator.transport.setback import Answer, Place, Setback, kept, of_status

__all__ = ["Check", "HttpClient"]

Check = Callable[[Answer], Setback | None]
"""Looks at a 2xx answer: ``None`` when it can be used."""

log = logging.getLogger(__name__)

_SLOWER = " Ask less often: set requests_per_minute in the model's entry of the scenario, or a lower --concurrency."


class HttpClient:
    """Speaks HTTP to one endpoint: posts JSON, and where asked sends and fetches other things.

    Args:
        place: Base URL and key.
        patience: Limits of each request.
        limiter: How many requests may be in flight.
        budget: Share of the calls that may be retries.
        cap: Requests per minute, retries counted.
        tokens: Tokens per minute, for requests that come with a cost.
        proxy: An HTTP proxy, if there is one.
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
        tokens: MinuteCap | None = None,
        proxy: Proxy | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.place = place
        self.patience = patience or Patience()
        self.limiter = limiter or Limiter(16)
        self.attempts = 0
        self.retries = 0
        self.tokens = tokens
        self._budget = budget or RetryBudget(reserve=self.limiter.ceiling)
        self._cap = cap
        self._proxy = proxy
        self._clock = clock or Clock()
        self._rng = rng or random.Random(secrets.randbits(64))
        self._sessions = Sessions(self.patience.connect_s)

    async def post(
        self,
        path: str,
        payload: dict[str, Any],
        *,
        check: Check,
        hand_back: frozenset[int] = frozenset(),
        cost: Cost | None = None,
    ) -> Answer:
        """Send ``payload`` until it is answered, or until attempts, time or retry budget are used up.

        Args:
            path: Appended to the base URL, e.g. ``"/chat/completions"``.
            payload: The request's body.
            check: Judges a 2xx answer.
            hand_back: Statuses whose answers the caller wants to see instead of an error.
            cost: In tokens, if they are capped.

        Raises:
            EndpointError: No answer, a refusal, or a fault that outlasted the retries.
            ReplyError: ``check`` found the answer unusable every time.
        """
        try:
            data = encode(payload)
        except TypeError as error:
            raise ModelSpecError(f"the request cannot be written as JSON ({error}); check extra parameters") from error
        self._budget.earn()
        return await self._persist(_Request(path, data, check, hand_back, cost))

    async def send(
        self,
        method: str,
        path: str,
        *,
        check: Check,
        data: bytes | None = None,
        content_type: str = "",
        attempts: int | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Send a request that is no chat completion, likewise.

        Args:
            method: ``GET`` or ``POST``.
            path: Appended to the base URL.
            check: Judges a 2xx answer.
            data: The request's body.
            content_type: Of the body, if it is not JSON.
            attempts: Times that it is sent at most, if other than usual: 1 for what must not happen twice.
            max_bytes: Largest body that is read, if other than usual.

        Raises:
            EndpointError: No answer, a refusal, or a fault that outlasted the retries.
            ReplyError: ``check`` found the answer unusable every time.
        """
        self._budget.earn()
        headers = {"Content-Type": content_type} if content_type else None
        request = _Request(path, data, check, frozenset(), None, method, headers, attempts, max_bytes)
        return await self._persist(request)

    def refusal(self, answer: Answer) -> Exception:
        """Return the error that an answer which was handed back stands for."""
        return _after(of_status(answer, self.place), 1)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.aclose()

    async def _persist(self, request: _Request) -> Answer:
        spell = Spell(self._clock, self.patience.deadline_s)
        sent = counted = 0
        while True:
            before = self.attempts
            ticket, result = await self._in_turn(request, spell)
            sent += self.attempts > before
            if isinstance(result, Answer):
                return result
            free = result.outcome == "busy" and not ticket.cut
            counted += not free
            wait = self._wait(result, sent, spell) if counted < (request.attempts or self.patience.attempts) else None
            if wait is None:
                raise _after(result, sent)
            if not (free or self._budget.spend()):
                raise _after(result, sent, self._budget.used_up())
            log.info("attempt %d at %s failed, again in %.1f s: %s", sent, self.place.host, wait, result.error)
            self.retries += 1
            with spell.running():
                await self._clock.sleep(wait)

    async def _in_turn(self, request: _Request, spell: Spell) -> tuple[Ticket, Answer | Setback]:
        """Send the request when it may be sent; the ticket says what the limiter made of the result."""
        ticket = Ticket(self.limiter.cuts)
        try:
            async with self.limiter.slot(spell.left) as ticket:
                entry = await self._enter(ticket, request, spell)
                with spell.running():
                    result = await self._attempt(request, spell)
                self._tell(ticket, result)
        except PauseTooLong as pause:
            return ticket, self._held(pause)
        if entry is not None and request.cost is not None and self.tokens is not None:
            self._settle(self.tokens, entry, request.cost, result)
        return ticket, result

    async def _enter(self, ticket: Ticket, request: _Request, spell: Spell) -> list[float] | None:
        """Wait for the caps; return the entry among the tokens."""
        entry = None
        if self._cap is not None:
            await self._cap.take()
        if self.tokens is not None and request.cost is not None:
            entry = await self.tokens.take(request.cost.estimate)
        if self._cap is not None or entry is not None:
            await self.limiter.pause(ticket, spell.left)
        return entry

    def _settle(self, tokens: MinuteCap, entry: list[float], cost: Cost, result: Answer | Setback) -> None:
        if isinstance(result, Answer):
            tokens.correct(entry, cost.true(result))
        elif result.outcome == "busy":
            tokens.correct(entry, 0.0)  # turned away unread

    def _held(self, pause: PauseTooLong) -> Setback:
        text = (
            f"{self.place.host} asked for no requests for another {pause.seconds:.0f} s, longer than the "
            f"{self.patience.deadline_s:g} s that a reply may take. Go on later, or allow more with timeout_s"
        )
        return Setback(EndpointBusy(text), again=False)

    async def _attempt(self, request: _Request, spell: Spell) -> Answer | Setback:
        limit = min(self.patience.timeout_s, spell.left)
        if limit <= 0:
            return Setback(EndpointUnreachable(f"{self.place.host}: the time for this unit is used up"), again=False)
        result = await self._exchange(request, limit)
        if isinstance(result, Setback) or result.status in request.hand_back:
            return result
        if 200 <= result.status < 300:
            return request.check(result) or result
        return of_status(result, self.place)

    async def _exchange(self, request: _Request, limit_s: float) -> Answer | Setback:
        self.attempts += 1
        body = bytearray()
        session = await self._sessions.get()
        timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=self.patience.connect_s)
        try:
            async with session.request(
                request.method,
                self.place.url + request.path,
                data=request.data,
                headers=self._headers(request),
                timeout=timeout,
                proxy=self._proxy.url if self._proxy else None,
                proxy_headers=self._proxy.headers() if self._proxy else None,
                allow_redirects=False,
            ) as response:
                asked = retry_after(response.headers, self._clock.wall())
                await _read(response, body, request.max_bytes or self.patience.max_bytes)
                return Answer(response.status, bytes(body), asked, response.headers.get("Location", ""))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return of_exception(error, self.place, limit_s, bytes(body))
        except _TooLarge:
            most = request.max_bytes or self.patience.max_bytes
            text = f"{self.place.host} sent more than the {most} bytes that a reply may have"
            return Setback(InvalidReply(text, kept(bytes(body), self.place)), again=False)

    def _headers(self, request: _Request) -> dict[str, str]:
        """Return the headers of one request; made anew each time, so that no object holds a key that can be seen."""
        headers = dict(request.headers or {})
        if self.place.key is not None:
            headers["Authorization"] = f"Bearer {self.place.key.get_secret_value()}"
        if self._proxy is not None and not self.place.url.startswith("https:"):
            headers |= self._proxy.headers()  # no tunnel: the proxy reads the headers of the request itself
        return headers

    def _tell(self, ticket: Ticket, result: Answer | Setback) -> None:
        if isinstance(result, Answer):
            ticket.outcome = "ok"
            return
        ticket.outcome, ticket.pause_s = result.outcome, result.asked or 0.0

    def _wait(self, setback: Setback, sent: int, spell: Spell) -> float | None:
        """Return the seconds to wait before another attempt; ``None`` when there is to be none."""
        if not setback.again:
            return None
        wait = self.patience.wait(sent, setback.asked, self._rng)
        return wait if wait < spell.left else None


@dataclass(frozen=True)
class _Request:
    path: str
    data: bytes | None
    check: Check
    hand_back: frozenset[int]
    cost: Cost | None
    method: str = "POST"
    headers: dict[str, str] | None = None
    attempts: int | None = None
    max_bytes: int | None = None


class _TooLarge(Exception):
    """A body went over the cap."""


async def _read(response: aiohttp.ClientResponse, body: bytearray, most: int) -> None:
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most:
            response.close()
            raise _TooLarge


def _after(setback: Setback, sent: int, why: str = "") -> Exception:
    error = setback.error
    text = (f"{error} ({sent} attempts)" if sent > 1 else str(error)) + why
    if isinstance(error, EndpointError):
        text += _SLOWER if setback.outcome == "busy" and sent else ""
        return type(error)(text, hopeless=error.hopeless, raw=error.raw, attempts=sent)
    return type(error)(text, error.raw)
