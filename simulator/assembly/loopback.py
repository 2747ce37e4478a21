"""Web applications for the user of this machine: on its loopback interface alone, until they are asked to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from simulator.errors import UsageError

__all__ = ["asked_to_end", "served"]

_PATIENCE = 2.0
"""Seconds that requests in flight have when the server ends: an answer takes less, a hung client forever."""


@asynccontextmanager
async def served(app: web.Application, port: int = 0, *, impatient: bool = False) -> AsyncIterator[str]:
    """Serve ``app`` on 127.0.0.1, and yield ``http://127.0.0.1:PORT``.

    Args:
        app: What to serve.
        port: 0 for any free one.
        impatient: Whether the answer to a client that has left is given up.

    Raises:
        UsageError: The port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PATIENCE, handler_cancellation=impatient)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; name another") from error
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asked_to_end() -> None:
    """Wait for SIGINT or SIGTERM; a shell that starts a command in the background has the first one ignored."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
