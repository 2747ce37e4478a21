"""Progress events: what a run says of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simulator.runs.forecast import Forecast
from simulator.runs.stop import Spent

__all__ = [
    "Event",
    "Listener",
    "Note",
    "RunStarted",
    "StageEnded",
    "StageStarted",
    "UnitEnded",
    "UnitStarted",
    "ignore",
]


@dataclass(frozen=True)
class RunStarted:
    """The run began; ``spent`` counts what it takes while it goes on, ``foreseen`` is what it was expected to take."""

    name: str
    directory: Path
    spent: Spent
    foreseen: Forecast = field(default_factory=Forecast)


@dataclass(frozen=True)
class StageStarted:
    """A stage began; ``reused`` of its ``units`` had ended in an earlier execution, ``failed`` of these in failure.

    ``hop`` is set for expansion.
    """

    stage: str
    units: int
    reused: int = 0
    hop: int | None = None
    failed: int = 0


@dataclass(frozen=True)
class UnitStarted:
    """A worker took a unit."""

    stage: str


@dataclass(frozen=True)
class UnitEnded:
    """A unit ended; ``failed`` says how."""

    stage: str
    failed: bool


@dataclass(frozen=True)
class StageEnded:
    """A stage ended, with what it made: admitted, rejected and failed are counts."""

    stage: str
    admitted: int
    rejected: int
    failed: int
    hop: int | None = None


@dataclass(frozen=True)
class Note:
    """A sentence that the user should see."""

    text: str


Event = RunStarted | StageStarted | UnitStarted | UnitEnded | StageEnded | Note
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """The listener that does nothing."""
