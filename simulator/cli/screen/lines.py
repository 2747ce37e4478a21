"""A run's progress in plain lines, for logs and pipes: one at each stage's end, and one every so often between."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console

from simulator.cli.screen.console import words
from simulator.cli.screen.money import number_of, paid
from simulator.cli.screen.progress import Progress, StageProgress, duration
from simulator.runs.events import Event, Note, RunStarted, StageEnded

__all__ = ["PlainLines", "Silence"]

_OF = {"cast": "people chosen", "report": "products written"}
"""What the stages that have no units count."""


_DONE = {
    "converse": "held",
    "check": "checked",
    "npcs": "written",
    "code": "implemented",
    "solve": "solved",
    "texts": "written",
}
"""What the stages that admit nobody do with a unit."""


class PlainLines:
    """Prints what happens, line by line.

    Args:
        progress: Adds up the events.
        console: Where to print.
        every_s: Seconds without a line after which one is printed.
    """

    def __init__(self, progress: Progress, console: Console, every_s: float = 15.0) -> None:
        self.progress = progress
        self._console = console
        self._every_s = every_s
        self._last = progress.clock()
        self._stopping = False

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self.progress.add(event)
        match event:
            case RunStarted():
                self._say(f"{event.name}: run directory {event.directory}")
            case StageEnded():
                self._say(next(_ended(s, self.progress) for s in self.progress.stages if s.made is event))
            case Note():
                self._say(event.text)

    def tick(self) -> None:
        """Print where the run is, if nothing was said for a while."""
        if self.progress.stopping and not self._stopping:
            self._stopping = True
            self._say(f"stopping ({self.progress.stopping}): waiting for {self.progress.in_flight} in flight")
        stage = self.progress.current
        if stage is not None and self.progress.clock() - self._last >= self._every_s:
            self._say(_going(stage, self.progress))

    def abandon(self) -> None:
        """Do nothing: lines leave nothing behind."""

    def _say(self, text: str) -> None:
        self._last = self.progress.clock()
        self._console.print(words(text), soft_wrap=True)


class Silence(PlainLines):
    """Counts and says nothing (``--quiet``)."""

    def _say(self, text: str) -> None:
        self._last = self.progress.clock()


def _ended(stage: StageProgress, progress: Progress) -> str:
    made = stage.made
    if made is None or not stage.units:
        return f"{stage.title}: {made.admitted if made else 0} {_OF.get(stage.name, 'made')}"
    parts = [number_of(stage.units, "unit") + (f" ({stage.reused} reused)" if stage.reused else "")]
    parts.append(_made(stage, made))
    if made.hop is not None and stage.finished:
        parts.append(f"yield {made.admitted / stage.finished:.0%}")
    return f"{stage.title}: {'; '.join(parts)}; {duration(stage.elapsed_s(progress.clock()))}{_spent(progress)}"


def _made(stage: StageProgress, made: StageEnded) -> str:
    if stage.name in _DONE:
        return f"{stage.units - made.failed} {_DONE[stage.name]}, {made.failed} failed"
    return f"{made.admitted} admitted, {made.rejected} rejected, {made.failed} failed"


def _going(stage: StageProgress, progress: Progress) -> str:
    left = stage.left_s(progress.clock())
    until = "" if left is None else f", about {duration(left)} left"
    return f"{stage.title}: {stage.finished} of {stage.units}, {stage.in_flight} in flight{until}{_spent(progress)}"


def _spent(progress: Progress) -> str:
    if progress.spent is None:
        return ""
    cost = paid(progress.spent, progress.spent.calls)
    calls = number_of(progress.spent.calls, "call")
    return f" [{calls}, {progress.spent.tokens:,} tokens{f', {cost}' if cost else ''}]"
