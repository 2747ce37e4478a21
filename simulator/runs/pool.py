"""The worker pool: many units at once, their results in the units' order (contract 3)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from simulator.errors import RunStopped
from simulator.models.unit import Unit, UnitResult
from simulator.runs.events import Listener, UnitEnded, UnitStarted, ignore

__all__ = ["Ended", "spare", "work"]

_LOOK_AHEAD = 32  # units per worker that may be done before the oldest one: bounds memory, not throughput
_AHEAD_AT_MOST = 8192  # of a pool as wide as a provider's batch, which needs no more than its own width
_SPARE = 4  # slots for which there is one unit more
_BATCH = 256  # most results handed over at once: bounds what a kill makes the run do again
_FEWEST = 4  # a batch has at least a result for so many workers: what follows from it costs one as much as many

Perform = Callable[[Unit], Awaitable[UnitResult]]


@dataclass(frozen=True)
class Ended:
    """A unit and how it ended."""

    unit: Unit
    result: UnitResult


def spare(slots: int) -> int:
    """Return how many units keep an endpoint of ``slots`` calls at work: some of them are being checked or stored."""
    return slots + max(1, slots // _SPARE)


async def work(
    units: Sequence[Unit],
    perform: Perform,
    *,
    concurrency: int,
    stop: Callable[[], str | None] = lambda: None,
    listener: Listener = ignore,
) -> AsyncIterator[list[Ended]]:
    """Perform ``units`` and yield their results in order, in batches of consecutive units.

    Args:
        units: In the order in which their results are wanted.
        perform: Performs one unit; an exception of it ends the work: no further unit starts. ``RunStopped`` does that
            as ``stop`` does: what else is in flight ends.
        concurrency: How many units are performed at once, at least 1.
        stop: Asked before each unit; a reason ends the work when what is in flight is done.
        listener: Told of each unit's start and end.

    Yields:
        Lists of at least one :class:`Ended`.

    Raises:
        RunStopped: ``stop`` gave a reason; what came before the first unit that did not start has been yielded.
        SixhopError: What ``perform`` raised; what came before that unit has been yielded.
    """
    pool = _Pool(perform, asyncio.Semaphore(concurrency), stop, listener)
    ahead: deque[tuple[Unit, asyncio.Task[UnitResult | None]]] = deque()
    waiting = iter(units)
    fewest = min(_BATCH, max(1, concurrency // _FEWEST))
    try:
        while True:
            room = min(concurrency * _LOOK_AHEAD, max(concurrency, _AHEAD_AT_MOST)) - len(ahead)
            ahead.extend((unit, asyncio.create_task(pool.run(unit))) for unit in islice(waiting, room))
            batch = await _take(ahead, fewest)
            if not batch:
                # The oldest unit stopped half-way: those behind it may be at work still, and what they ask is paid for.
                ends = await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)
                if broken := next((end for end in ends if isinstance(end, Exception)), None):
                    raise broken  # worse than a stop: a full disk, say
                break
            yield batch
    finally:
        for _, task in ahead:
            task.cancel()
        await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)
    if pool.stopped:
        reason = stop() or pool.stopped  # asked again: now with what was in flight
        raise RunStopped(f"{reason}; {pool.waiting}" if pool.waiting else reason)


@dataclass
class _Pool:
    perform: Perform
    slots: asyncio.Semaphore
    stop: Callable[[], str | None]
    listener: Listener
    stopped: str | None = None
    waiting: str = ""

    async def run(self, unit: Unit) -> UnitResult | None:
        """Perform ``unit`` when a slot is free; ``None`` when the work has stopped before its end."""
        async with self.slots:
            self.stopped = self.stopped or self.stop()
            if self.stopped:
                return None
            self.listener(UnitStarted(unit.stage))
            try:
                result = await self.perform(unit)
            except RunStopped as stopped:  # in the middle of the unit: what was paid for is kept, the rest is for later
                self.stopped, self.waiting = self.stopped or str(stopped), self.waiting or stopped.waiting
                return None
            except Exception as error:
                self.stopped = f"{unit.role} failed: {error}"
                raise
            self.listener(UnitEnded(unit.stage, failed=result.failure is not None))
            return result


async def _take(ahead: deque[tuple[Unit, asyncio.Task[UnitResult | None]]], fewest: int) -> list[Ended]:
    """Wait for the ``fewest`` oldest units and take them with those that are done behind them.

    Fewer are the last ones, or those before one that stopped or broke; an empty list means no more come.
    """
    batch: list[Ended] = []
    while ahead and len(batch) < _BATCH and (len(batch) < fewest or ahead[0][1].done()):
        unit, task = ahead[0]
        if not task.done():
            await asyncio.wait((task,))
        if batch and task.exception() is not None:
            return batch  # raised when it is the oldest
        result = task.result()
        if result is None:
            return batch
        ahead.popleft()
        batch.append(Ended(unit, result))
    return batch
