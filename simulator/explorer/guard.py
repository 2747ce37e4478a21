"""Who may ask what: the token in the address, the name of this machine, reading only; and what a browser may do."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

__all__ = ["HEADERS", "guarded_by"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Mapping[str, str] = {
    # Only files of ours run, and they reach nobody but us. No text becomes markup: that would need Trusted Types.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer says."""

_OURS = frozenset({"127.0.0.1", "localhost"})
"""Names by which a browser on this machine, or at the other end of a tunnel to it, asks for us."""

_METHODS = ("GET", "HEAD")


def guarded_by(token: str) -> Any:
    """Return the middleware that answers readers who know ``token``, by a name of this machine, and nobody else."""
    expected = token.encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _host(request) not in _OURS:  # a page elsewhere whose name was made to lead here (DNS rebinding)
            return _told(403, "This page answers to 127.0.0.1 and localhost only.")
        given = f"{request.path}/".split("/")[1].encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return _told(404, "The address lacks its token: open the one that 'sixhop explore' printed.")
        if request.method not in _METHODS:
            return _told(405, "This page is read-only.", Allow=", ".join(_METHODS))
        return await handler(request)

    return check


def _host(request: web.Request) -> str:
    """Return the name in the Host header, without the port, which differs behind a tunnel."""
    given = request.headers.getall("Host", [])
    return given[0].rpartition(":")[0] or given[0] if len(given) == 1 else ""


def _told(status: int, message: str, **headers: str) -> web.Response:
    return web.Response(status=status, text=f"{message}\n", headers=headers)
