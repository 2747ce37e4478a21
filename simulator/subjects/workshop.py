"""Where the user's own code runs: a thread and an event loop apart, so that it cannot stop the simulation.

Code that hangs is given up after its time; its thread is a daemon, so that it does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["HungError", "Workshop"]

_PATIENCE_S = 1.0
"""How long the loop may take to answer after something in it was given up, before it counts as blocked."""


class HungError(Exception):
    """The code did not end in time."""


class Workshop:
    """Runs functions of the user's, synchronous or not, each with a limit of time."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, function: Callable[..., Any], *given: Any, timeout_s: float) -> Any:
        """Return what ``function`` returns.

        Args:
            function: A plain function runs in a thread of its own, a coroutine function in the workshop's loop.
            given: Its arguments.
            timeout_s: Seconds until it is given up.

        Raises:
            HungError: It took longer.
            Exception: What it raised.
        """
        work = asyncio.run_coroutine_threadsafe(_call(function, given), self._running())
        waiting = asyncio.wrap_future(work)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=timeout_s)
        except asyncio.CancelledError:
            work.cancel()
            raise
        if not done:
            work.cancel()
            await self._leave_if_blocked()
            raise HungError(f"it gave no answer within {timeout_s:g} s")
        return waiting.result()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(_DaemonThreads())
            threading.Thread(target=self._loop.run_forever, name="sixhop-user-code", daemon=True).start()
        return self._loop

    async def _leave_if_blocked(self) -> None:
        """Start anew next time when the loop itself hangs: a coroutine function may block it."""
        loop = self._running()
        alive = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop))
        done, _ = await asyncio.wait({alive}, timeout=_PATIENCE_S)
        if not done and self._loop is loop:
            self._loop = None

    def close(self) -> None:
        """Stop the loop. What hangs in it is left behind."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None


async def _call(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*given)
        made = await asyncio.get_running_loop().run_in_executor(None, function, *given)
        return await made if inspect.isawaitable(made) else made
    except (SystemExit, KeyboardInterrupt) as error:  # would end the workshop's loop, and with it everybody's work
        raise RuntimeError(f"it tried to end the process: {error!r}") from error
    except asyncio.CancelledError:
        if asyncio.current_task().cancelling():  # type: ignore[union-attr] # a coroutine has a task
            raise
        raise RuntimeError("it raised CancelledError") from None


class _DaemonThreads(ThreadPoolExecutor):
    """An executor that the end of the process does not wait for. One thread for each call: they may hang."""

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = concurrent.futures.Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(function(*given, **named))
            except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
                future.set_exception(error)

        threading.Thread(target=work, name="sixhop-user-code", daemon=True).start()
        return future
