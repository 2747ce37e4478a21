"""One aiohttp session for each event loop."""

from __future__ import annotations

import asyncio

import aiohttp

__all__ = ["Sessions"]


class Sessions:
    """Opens a session when a loop first needs one and closes them all at the end.

    Args:
        connect_s: Seconds for a connection to be made.
    """

    def __init__(self, connect_s: float) -> None:
        self._connect_s = connect_s
        self._open: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def get(self) -> aiohttp.ClientSession:
        """Return the running loop's session."""
        loop = asyncio.get_running_loop()
        session = self._open.get(loop)
        if session is None or session.closed:
            await self._drop_dead()
            session = self._open[loop] = self._new()
        return session

    async def aclose(self) -> None:
        """Close the running loop's session and those of loops that have ended."""
        session = self._open.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()
        await self._drop_dead()

    async def _drop_dead(self) -> None:
        for loop in [loop for loop in self._open if loop.is_closed()]:
            await self._open.pop(loop).close()

    def _new(self) -> aiohttp.ClientSession:
        # Not the key: aiohttp tells a proxy what stands here, the Authorization as its own.
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        # The limiter bounds the connections; a second bound here would only hide requests from it.
        return aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
