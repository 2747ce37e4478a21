"""What a run's progress events add up to: the numbers behind the panel and the plain lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from simulator.runs.events import Event, Note, RunStarted, StageEnded, StageStarted, UnitEnded, UnitStarted
from simulator.runs.forecast import Forecast
from simulator.runs.stop import Spent

__all__ = ["Progress", "StageProgress", "duration"]

_WINDOW_S = 60.0  # the rate looks back this far: long enough for slow models, short enough to follow a change

State = Literal["waiting", "running", "ended", "skipped"]


@dataclass
class StageProgress:
    """One stage of this execution.

    Attributes:
        name: As the events name it (``expand-2``).
        units: All its units; 0 for a stage that asks no model.
        reused: Units that had ended in an earlier execution.
        done: Units that ended well in this one.
        failed: Units that failed in this one.
        failed_before: Units of ``reused`` that failed.
        in_flight: Units that a worker holds.
        made: What was admitted, rejected and failed, once it has ended.
        before: Calls, tokens and US dollars of the run when it began.
    """

    name: str
    state: State = "waiting"
    units: int = 0
    reused: int = 0
    done: int = 0
    failed: int = 0
    failed_before: int = 0
    in_flight: int = 0
    started: float = 0.0
    ended: float = 0.0
    made: StageEnded | None = None
    before: tuple[float, float, float] = (0.0, 0.0, 0.0)
    _ends: deque[float] = field(default_factory=deque)

    @property
    def title(self) -> str:
        """The name for people: ``hop 2`` for ``expand-2``."""
        return self.name.replace("expand-", "hop ")

    @property
    def finished(self) -> int:
        """Units that need no more work: reused, done and failed."""
        return self.reused + self.done + self.failed

    @property
    def units_here(self) -> int:
        """Units of this execution: those that were not done before."""
        return self.units - self.reused

    def count_end(self, now: float, failed: bool) -> None:
        """Count a unit's end."""
        self.in_flight -= 1
        self.done += not failed
        self.failed += failed
        self._ends.append(now)
        while self._ends and self._ends[0] < now - _WINDOW_S:
            self._ends.popleft()

    def rate(self, now: float) -> float:
        """Return units per second over the last minute, or since the stage began if that is shorter."""
        since = max(self.started, now - _WINDOW_S)
        recent = sum(end >= since for end in self._ends)
        return recent / (now - since) if now > since else 0.0

    def left_s(self, now: float) -> float | None:
        """Return the seconds that the rest will take at the present rate; ``None`` while nobody can know."""
        rate = self.rate(now)
        if self.state != "running" or rate <= 0 or len(self._ends) < 2:
            return None
        return (self.units - self.finished) / rate

    def elapsed_s(self, now: float) -> float:
        """Return the seconds that the stage has taken so far."""
        return (now if self.state == "running" else self.ended) - self.started


class Progress:
    """Adds up the events of one execution.

    Args:
        planned: Names of the stages that the scenario asks for, in order.
        clock: Seconds, monotonic.
    """

    def __init__(self, planned: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.stages = [StageProgress(name) for name in planned]
        self.clock = clock
        self.began = clock()
        self.name = ""
        self.directory: Path | None = None
        self.spent: Spent | None = None
        self.foreseen = Forecast(())
        self.stopping = ""
        self.over = False
        self.notes: list[str] = []
        self._calls: deque[tuple[float, int]] = deque()

    @property
    def in_flight(self) -> int:
        """Units that workers hold, over all stages."""
        return sum(stage.in_flight for stage in self.stages)

    @property
    def current(self) -> StageProgress | None:
        """The stage that runs, if one does."""
        return next((stage for stage in self.stages if stage.state == "running"), None)

    def add(self, event: Event) -> None:
        """Count one event."""
        match event:
            case RunStarted():
                self.name, self.directory, self.spent = event.name, event.directory, event.spent
                self.foreseen = event.foreseen
            case StageStarted():
                self._start(event)
            case UnitStarted():
                self.stage(event.stage).in_flight += 1
            case UnitEnded():
                self.stage(event.stage).count_end(self.clock(), event.failed)
            case StageEnded():
                stage = self.stage(_name(event))
                made = event if stage.made is None else _both(stage.made, event)
                stage.state, stage.ended, stage.made, stage.in_flight = "ended", self.clock(), made, 0
                if not stage.finished:  # a stage that asks nobody (an import) ends no unit by itself
                    stage.done, stage.failed = event.admitted + event.rejected, event.failed
            case Note():
                self.notes.append(event.text)

    def stage(self, name: str) -> StageProgress:
        """Return the stage called ``name``, added at the end if it was not planned."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        self.stages.append(StageProgress(name))
        return self.stages[-1]

    def reused(self, stage: str) -> dict[str, int]:
        """Return how many units of ``stage``, and answers in its other units, are from an earlier execution."""
        answers = 0 if self.spent is None else self.spent.reused_in(stage, "assistant")
        return {"units": self.stage(stage).reused, "answers": answers}

    def taken(self) -> tuple[float, float, float]:
        """Return the calls, tokens and US dollars that the run has taken so far."""
        spent = self.spent
        return (0.0, 0.0, 0.0) if spent is None else (spent.calls, spent.tokens, spent.usd)

    def call_rate(self) -> float:
        """Return calls per second over the last minute; 0 while there is nothing to go by.

        Each asking is a measuring point, so that long units (conversations) do not hide what is going on in them.
        """
        if self.spent is None:
            return 0.0
        now = self.clock()
        self._calls.append((now, self.spent.calls))
        while self._calls[0][0] < now - _WINDOW_S:
            self._calls.popleft()
        since, before = self._calls[0]
        return (self.spent.calls - before) / (now - since) if now > since else 0.0

    def _start(self, event: StageStarted) -> None:
        stage = self.stage(_name(event))
        stage.failed_before += event.failed
        if stage.state == "ended":  # it has another turn
            stage.state, stage.units, stage.reused = "running", stage.units + event.units, stage.reused + event.reused
            return
        stage.state, stage.units, stage.reused, stage.started = "running", event.units, event.reused, self.clock()
        stage.before = self.taken()
        for earlier in self.stages[: self.stages.index(stage)]:
            if earlier.state == "waiting":
                earlier.state = "skipped"  # a hop that was not worth it


def _both(one: StageEnded, other: StageEnded) -> StageEnded:
    """Return what two turns of a stage made."""
    counts = {name: getattr(one, name) + getattr(other, name) for name in ("admitted", "rejected", "failed")}
    return replace(other, **counts)


def _name(event: StageStarted | StageEnded) -> str:
    if event.hop is not None and event.stage == "expand":
        return f"expand-{event.hop}"
    return event.stage


def duration(seconds: float) -> str:
    """Return ``seconds`` as people write them: ``8 s``, ``3:05``, ``2:07:40``.

    >>> duration(7.6), duration(185), duration(7660)
    ('8 s', '3:05', '2:07:40')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
