"""How every stage runs: what is left to do goes to the worker pool; batches are settled and committed in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphs.context import ProductionContext
from simulator.errors import EndpointError
from simulator.models.base import Record, derive_seed
from simulator.models.unit import Failure, Unit, UnitResult
from simulator.runs.entry import Entry
from simulator.runs.events import StageEnded, StageStarted
from simulator.runs.pool import Ended, work

__all__ = ["Counts", "failed", "run_stage"]

Perform = Callable[[Unit], Awaitable[UnitResult]]
Settle = Callable[[Sequence[Ended]], Awaitable[Sequence[Entry]]]

_BREAKER = 5  # endpoint failures in a row after which the endpoint is taken for dead and the run stops, resumable


class Counts(Record):
    """What a stage made, over all executions of the run."""

    units: int = 0
    admitted: int = 0
    rejected: int = 0
    failed: int = 0


async def run_stage(
    context: ProductionContext,
    stage: str,
    units: Iterable[Unit],
    perform: Perform,
    settle: Settle,
    hop: int | None = None,
) -> Counts:
    """Run what is left of a stage and return its counts.

    Args:
        context: The run.
        stage: Its name, the one that its units carry.
        units: All its units in order; equal ones are done once.
        perform: Performs one unit.
        settle: Says what follows from a batch of results, in order; one entry per unit.
        hop: For expansion.

    Raises:
        RunStopped: A budget is used up or somebody asked; what ended is committed.
        EndpointError: The endpoint failed too often in a row.
        LedgerError: The record could not be written.
    """
    every = list({unit.id: unit for unit in units}.values())
    ended = context.ledger.ended(stage)
    left = [unit for unit in every if unit.id not in ended]
    context.listener(StageStarted(stage, len(every), len(every) - len(left), hop))
    breaker = _Breaker(_retrying(perform, context.ledger.retries()))
    batches = work(
        left,
        breaker.perform,
        concurrency=context.scenario.concurrency,
        stop=lambda: context.stop.reason,
        listener=context.listener,
    )
    async for batch in batches:
        await context.ledger.commit(await settle(batch))
    counts = _count(context, {unit.id for unit in every})
    context.listener(StageEnded(stage, counts.admitted, counts.rejected, counts.failed, hop))
    return counts


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
        seed = derive_seed(unit.seed, "retry", times[unit.id])
        result = await perform(unit.model_copy(update={"seed": seed}))
        if result.failure is None:
            return result
        return result.model_copy(update={"failure": result.failure.model_copy(update={"unit": unit.id})})

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
    result = failed(unit, "endpoint", str(error), error.raw, error.attempts)
    role = error.role or unit.role
    return result if result.failure is None else UnitResult(failure=result.failure.model_copy(update={"role": role}))


def _count(context: ProductionContext, ids: set[str]) -> Counts:
    rows = context.ledger.rows("SELECT id, state FROM units")
    states = [state for id_, state in rows if id_ in ids]
    decided = context.ledger.rows("SELECT unit, admitted FROM decisions")
    verdicts = [admitted for unit, admitted in decided if unit in ids]
    return Counts(
        units=len(ids),
        admitted=sum(verdicts),
        rejected=len(verdicts) - sum(verdicts),
        failed=states.count("failed"),
    )
