"""A meter that also knows which unit each call was for, and how long the calls took."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from simulator.llm.meter import Meter, Tally
from simulator.models.message import Reply, Usage
from simulator.runs.events import Event, UnitEnded, UnitStarted

__all__ = ["MeasuredUnit", "Pace", "UnitMeter"]


@dataclass
class MeasuredUnit:
    """One unit: how many calls each role made for it, and their tokens."""

    stage: str
    calls: dict[str, int] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)

    def add(self, role: str, usage: Usage) -> None:
        """Count one call of ``role``."""
        self.calls[role] = self.calls.get(role, 0) + 1
        self.usage[role] = self.usage.get(role, Usage()) + usage


@dataclass
class Pace:
    """How fast calls of a role were answered.

    Attributes:
        calls: How many were.
        waited: The sum of their times, in seconds.
        busy: Seconds in which at least one was in flight.
    """

    calls: int = 0
    waited: float = 0.0
    busy: float = 0.0


_unit: ContextVar[MeasuredUnit | None] = ContextVar("unit", default=None)


class UnitMeter(Meter):
    """Counts calls by unit. Hand it the events of the run: a unit's start is told in the task that performs it.

    Args:
        clock: Seconds, monotonic.

    Attributes:
        units: Those that ended, in that order.
        pace: By role; calls that were answered by the ledger took no time and are not in it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.units: list[MeasuredUnit] = []
        self.pace: dict[str, Pace] = {}
        self._roles: dict[int, str] = {}
        self._since: dict[int, float] = {}
        self._clock = clock

    def listen(self, event: Event) -> None:
        """Take an event of the run."""
        match event:
            case UnitStarted():
                _unit.set(MeasuredUnit(event.stage))
            case UnitEnded() if (unit := _unit.get()) is not None:
                self.units.append(unit)

    def row(self, stage: str, role: str, model: str) -> Tally:
        """Return the tally of one stage, role and model."""
        row = super().row(stage, role, model)
        self._roles[id(row)] = role  # rows live as long as the meter
        return row

    def started(self, row: Tally) -> None:
        """Count a call as in flight."""
        self._pass(row)
        super().started(row)

    def ended(self, row: Tally, reply: Reply | None) -> None:
        """Count a call in flight as made, with what came back, or as failed."""
        self._pass(row)
        super().ended(row, reply)
        if reply is not None:
            self._pace(row).calls += 1
            self._count(row, reply)

    def reused(self, row: Tally, reply: Reply) -> None:
        """Count a call that did not have to be made: the run would have to, without the ledger."""
        super().reused(row, reply)
        self._count(row, reply)

    def _count(self, row: Tally, reply: Reply) -> None:
        unit = _unit.get()
        if unit is not None:
            unit.add(self._roles[id(row)], reply.usage)

    def _pace(self, row: Tally) -> Pace:
        return self.pace.setdefault(self._roles[id(row)], Pace())

    def _pass(self, row: Tally) -> None:
        """Add the time since the last change: by Little's law the calls in flight, over time, are their waiting."""
        now, before = self._clock(), self._since.get(id(row))
        self._since[id(row)] = now
        if before is not None and row.in_flight:
            pace = self._pace(row)
            pace.waited += row.in_flight * (now - before)
            pace.busy += now - before
