"""How connections fail, and what that is called."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp

from simulator.errors import EndpointUnreachable
from simulator.transport.body import shorten
from simulator.transport.setback import Place, Setback, kept

__all__ = ["of_exception"]


def of_exception(error: Exception, place: Place, limit_s: float, data: bytes) -> Setback:
    """Return what a failure of the connection means.

    Args:
        error: An :class:`aiohttp.ClientError`, :class:`TimeoutError` or :class:`OSError`.
        place: The endpoint.
        limit_s: Seconds that the attempt was given.
        data: What had come of the answer's body.
    """
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        text, again = f"no connection to {place.host} in time", True
    elif isinstance(error, asyncio.TimeoutError):
        text, again = f"no complete answer from {place.host} within {limit_s:.3g} s", True
    elif isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        text, again = f"{place.host} has a certificate or TLS set-up that is not trusted ({shorten(str(error))})", False
    elif isinstance(error, aiohttp.ClientConnectorError):
        text, again = f"no connection to {place.host} ({shorten(str(error.os_error))})", True
    elif isinstance(error, aiohttp.ClientHttpProxyError) and error.status in {401, 403, 407}:
        text = f"the proxy before {place.host} answered {error.status} ({shorten(error.message)})"
        advice = "Check user and password in HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY."
        return Setback(EndpointUnreachable(f"{place.strike(text)}. {advice}", raw=kept(data, place)), again=False)
    else:
        text, again = f"the connection to {place.host} broke ({shorten(str(error)) or type(error).__name__})", True
    text = f"{place.strike(text)}. Is the server running, and the URL right?"
    return Setback(EndpointUnreachable(text, raw=kept(data, place)), again=again)
