"""How every stage runs: what is left to do goes to the worker pool; batches are settled and committed in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphs.context import ProductionContext
from simulator.errors import EndpointError
from simulator.models.base import Record, derive_seed
from simulator.models.unit import UNANSWERED, Failure, Unit, UnitResult
from simulator.population.collector import collector_seldom
from simulator.runs.entry import Entry
from simulator.runs.events import StageEnded, StageStarted
from simulator.runs.ledger import Ledger
from simulator.runs.pool import Ended, work

__all__ = ["Counts", "Pace", "Tally", "failed", "run_stage"]

Perform = Callable[[Unit], Awaitable[UnitResult]]
Settle = Callable[[Sequence[Ended]], Awaitable[Sequence[Entry]]]

_BREAKER = 5  # endpoint failures in a row after which the endpoint is taken for dead and the run stops, resumable


class Counts(Record):
    """What a stage made, over all executions of the run."""

    units: int = 0
    admitted: int = 0
    rejected: int = 0
    failed: int = 0

    def plus(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return Counts(
            units=self.units + other.units,
            admitted=self.admitted + other.admitted,
            rejected=self.rejected + other.rejected,
            failed=self.failed + other.failed,
        )


Pace = Callable[[Counts, Counts], int]
"""Told what the stage made so far and what its last round made, says how many more units to do; 0 ends the stage."""


async def run_stage(
    context: ProductionContext,
    stage: str,
    units: Iterable[Unit],
    perform: Perform,
    settle: Settle,
    hop: int | None = None,
    pace: Pace | None = None,
) -> Counts:
    """Run what is left of a stage and return its counts.

    Args:
        context: The run.
        stage: Its name, the one that its units carry.
        units: All its units in order; equal ones are done once.
        perform: Performs one unit.
        settle: Says what follows from a batch of results, in order; one entry per unit.
        hop: For expansion.
        pace: Says how many units the next round takes, where a stage may end early; without it, all are one round.

    Raises:
        RunStopped: A budget is used up or somebody asked; what ended is committed.
        EndpointError: The endpoint failed too often in a row.
        LedgerError: The record could not be written.
    """
    every = list({unit.id: unit for unit in units}.values())
    tally = Tally(context.ledger, stage)
    before = tally.counts(every)
    context.listener(StageStarted(stage, len(every), before.units, hop, before.failed))
    breaker = _Breaker(_retrying(perform, context.ledger.retries()))
    begun, made, last = 0, Counts(), Counts()
    while begun < len(every):
        size = len(every) if pace is None else pace(made, last)
        if size <= 0:
            break
        some = every[begun : begun + size]
        await _round(context, [unit for unit in some if unit.id not in tally.ended], breaker, settle, tally)
        last = tally.counts(some)
        begun, made = begun + len(some), made.plus(last)
    context.listener(StageEnded(stage, made.admitted, made.rejected, made.failed, hop))
    return made


async def _round(
    context: ProductionContext, left: Sequence[Unit], breaker: _Breaker, settle: Settle, tally: Tally
) -> None:
    width = context.widths.get(left[0].stage.partition("-")[0]) if left else None
    batches = work(
        left,
        breaker.perform,
        concurrency=width or context.scenario.concurrency,
        stop=lambda: context.stop.reason,
        listener=context.listener,
    )
    with collector_seldom():
        async for batch in batches:
            entries = await settle(batch)
            await context.ledger.commit(entries)
            tally.add(entries)


def failed(unit: Unit, cause: str, message: str, raw: str = "", attempts: int = 0) -> UnitResult:
    """Return the result of a unit that failed."""
    return UnitResult(
        failure=Failure(
            unit=unit.id,
            stage=unit.stage,
            role=unit.role,
            cause=cause,
            message=message,
            raw=raw,
            attempts=attempts,
        )
    )


def _retrying(perform: Perform, times: Mapping[str, int]) -> Perform:
    """Perform a unit that was given another try with the seed of that try; the unit itself stays what it is."""

    async def again(unit: Unit) -> UnitResult:
        if unit.id not in times:
            return await perform(unit)
        return await perform(unit.reseeded(derive_seed(unit.seed, "retry", times[unit.id])))

    return again


@dataclass
class _Breaker:
    """Turns an endpoint's error into a failed unit, until too many follow each other."""

    inner: Perform
    in_a_row: int = field(default=0)

    async def perform(self, unit: Unit) -> UnitResult:
        try:
            result = await self.inner(unit)
        except EndpointError as error:
            self.in_a_row += 1
            if self.in_a_row >= _BREAKER or error.hopeless:
                raise
            return _unanswered(unit, error)
        self.in_a_row = 0
        return result


def _unanswered(unit: Unit, error: EndpointError) -> UnitResult:
    """Return the failure that a resume does anew; its role is that of the call, which may be one side of several."""
    result = failed(unit, UNANSWERED, str(error), error.raw, error.attempts)
    role = error.role or unit.role
    return result if result.failure is None else UnitResult(failure=result.failure.model_copy(update={"role": role}))


class Tally:
    """What became of each unit of a stage: read from the ledger once, then kept up with what is committed.

    Attributes:
        ended: The counts of each unit that ended, by its id.
    """

    def __init__(self, ledger: Ledger, stage: str) -> None:
        self.ended: dict[str, Counts] = {}
        rows = ledger.rows(
            "SELECT u.id, u.state = 'failed', TOTAL(d.admitted), COUNT(d.unit) FROM units u"
            " LEFT JOIN decisions d ON d.unit = u.id WHERE u.stage = ? GROUP BY u.id",
            (stage,),
        )
        for id_, failed, admitted, decided in rows:
            self.ended[id_] = Counts(units=1, admitted=admitted, rejected=decided - admitted, failed=failed)

    def add(self, entries: Sequence[Entry]) -> None:
        """Count what was committed."""
        for entry in entries:
            if entry.unit is not None and entry.result is not None:
                admitted = sum(decision.admitted for decision in entry.decisions)
                rejected = len(entry.decisions) - admitted
                failed = int(entry.result.failure is not None)
                self.ended[entry.unit.id] = Counts(units=1, admitted=admitted, rejected=rejected, failed=failed)

    def counts(self, units: Iterable[Unit]) -> Counts:
        """Return the sum over ``units``."""
        known = [self.ended[unit.id] for unit in units if unit.id in self.ended]
        names = ("units", "admitted", "rejected", "failed")
        return Counts(**{name: sum(getattr(one, name) for one in known) for name in names})
