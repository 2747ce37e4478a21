"""What a server answered, what went wrong with one attempt, and whether another one can help.

Free of aiohttp, which takes 0.2 s to import, because whoever reads a stored reply needs this too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from simulator.errors import EndpointBusy, EndpointError, EndpointRefused, ReplyError
from simulator.transport.body import clean, decode, shorten
from simulator.transport.limiter import Outcome

__all__ = ["HOPELESS", "TRANSIENT", "Answer", "Place", "Setback", "kept", "of_status"]

KEPT = 2000
"""Bytes of an answer that a failure keeps: enough to see what it was."""

TRANSIENT = frozenset({408, 409, 425, 429})
"""Client errors that pass by themselves: timeout, conflict, too early, too many requests."""

PERMANENT = frozenset({501, 505, 511})
"""Server errors that do not: not implemented, HTTP version, log in to the network first."""

HOPELESS = frozenset({401, 402})
"""Refusals that meet every further request too: no key, no credit. A 403 may be about one request's content."""

SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Codes of a 429 that waiting does not cure."""


_SHORTEST_KEY = 16  # characters: keys of providers have 20 and more


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: HTTP status.
        data: The body as it came.
        asked: Seconds that the server asked to wait, or ``None``.
        location: Where a redirect points.
    """

    status: int
    data: bytes
    asked: float | None = None
    location: str = ""

    def message(self) -> str:
        """Return the server's own explanation, on one line."""
        try:
            value, _ = decode(self.data)
        except ValueError:
            return shorten(self.data.decode("utf-8", "replace"))
        return shorten(_explanation(value))

    def code(self) -> str:
        """Return the server's error code or type; empty when there is none."""
        error = self._error()
        return str(error.get("code") or error.get("type") or "")

    def parameter(self) -> str:
        """Return the parameter that the server blames; empty when it names none."""
        return str(self._error().get("param") or "")

    def _error(self) -> dict[str, Any]:
        try:
            value, _ = decode(self.data)
        except ValueError:
            return {}
        error = value.get("error") if isinstance(value, dict) else None
        return error if isinstance(error, dict) else {}


@dataclass(frozen=True)
class Place:
    """An endpoint, as messages speak of it.

    Attributes:
        url: Base URL.
        key_env: The variable that its key comes from; empty when there is none to set.
        key: The key, so that it can be struck out of what the server says.
    """

    url: str
    key_env: str = ""
    key: SecretStr | None = None

    @property
    def host(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def strike(self, text: str) -> str:
        """Return ``text`` without the key: servers quote it back."""
        return text.replace(self.key.get_secret_value(), "***") if self.key else text

    def strike_data(self, data: bytes) -> bytes:
        """Return a reply without the key: what is stored and exported must not hold it.

        A short key ("EMPTY", as servers without keys are given) is an ordinary word and stays.
        """
        key = self.key.get_secret_value().encode() if self.key else b""
        return data.replace(key, b"***") if len(key) >= _SHORTEST_KEY else data


@dataclass(frozen=True)
class Setback:
    """One failed attempt.

    Attributes:
        error: What to raise when it was the last one.
        again: Whether another attempt can help.
        outcome: What the limiter learns from it.
        asked: Seconds that the server asked to wait, or ``None``.
    """

    error: EndpointError | ReplyError
    again: bool
    outcome: Outcome = "fault"
    asked: float | None = None


def kept(data: bytes, place: Place) -> str:
    """Return the beginning of an answer as text that can be stored, without the key."""
    return place.strike(clean(data[:KEPT].decode("utf-8", "replace")))


def of_status(answer: Answer, place: Place) -> Setback:
    """Return what an answer other than 2xx means."""
    said, raw = place.strike(answer.message()), kept(answer.data, place)
    text = f"{place.host} answered {answer.status}" + (f": {said}" if said else "")
    if answer.asked:
        text += f" (it asks to wait {answer.asked:,.0f} s)"
    if answer.status == 429 and answer.code() in SPENT:
        text += ". The account has no credit left; waiting does not help."
        return Setback(EndpointRefused(text, raw=raw, hopeless=True), again=False)
    if answer.status in TRANSIENT or (answer.status >= 500 and answer.status not in PERMANENT):
        outcome: Outcome = "busy" if answer.status == 429 else "fault"
        return Setback(EndpointBusy(f"{text}.", raw=raw), again=True, outcome=outcome, asked=answer.asked)
    advice = _key_advice(place) if answer.status in {401, 403} else _advice(answer)
    hopeless = answer.status in HOPELESS
    return Setback(EndpointRefused(f"{text}. {advice}", raw=raw, hopeless=hopeless), again=False)


def _explanation(value: Any) -> str:
    """Return the text in any of the places where servers put it: OpenAI, FastAPI, Ollama, plain."""
    if isinstance(value, dict):
        for key in ("error", "message", "detail", "msg"):
            if value.get(key):
                return _explanation(value[key])
    if isinstance(value, list) and value:
        return _explanation(value[0])
    return str(value)


def _key_advice(place: Place) -> str:
    if not place.key_env:
        return "It wants a key: name the variable that holds it."
    state = "the key in it is not accepted" if place.key else "it is not set"
    return f"The key is read from the variable {place.key_env!r}; {state}."


def _advice(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"It points to {shorten(answer.location, 200)!r}; redirects are not followed, so name the right URL."
    if answer.status == 404:
        return "Check the model's name and the URL (it usually ends in /v1)."
    if answer.status == 413:
        return "The request is too large for it: shorten the input."
    return "The same request would be refused again."
