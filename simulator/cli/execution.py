"""What the commands that execute a run share: progress, signals, the summary, and the way back to a stopped run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from simulator.cli.options import Conduct
from simulator.cli.screen.console import command, draws, print_json, stderr, stdout
from simulator.cli.screen.lines import PlainLines, Silence
from simulator.cli.screen.money import number_of, paid
from simulator.cli.screen.progress import Progress, duration
from simulator.errors import EmptyResult, LedgerError, LedgerUnwritable, RunStopped, SixhopError, UsageError
from simulator.runs.directory import RunDirectory
from simulator.runs.stop import Stop

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.cli.screen.live import LivePanel
    from simulator.runs.events import Listener

__all__ = ["Start", "Watching", "execute", "watched"]

T = TypeVar("T")

_TICK_S = 0.5  # how soon a plain line says that the run is stopping


class Watching(TypedDict):
    """The keyword arguments of the Python API by which a command watches a run, stops it and has it logged."""

    listener: Listener
    stop: Stop
    verbosity: int


Start = Callable[[Watching], Coroutine[Any, Any, "Run"]]
"""Makes the run's coroutine."""


def execute(
    start: Start,
    root: Path,
    planned: Sequence[str],
    conduct: Conduct,
    *,
    besides: Callable[[], Mapping[str, Any]] = dict,
    conclude: Callable[[Run, Progress], None] | None = None,
) -> None:
    """Run to the end, showing progress, and print the summary.

    Args:
        start: Begins or goes on with the run.
        root: The run directory, to be named if the run stops early.
        planned: The stages that the scenario asks for.
        conduct: How it is shown, logged and summed up.
        besides: What the JSON of a run that is done says besides.
        conclude: Says what came of it, instead of both.

    Raises:
        RunStopped: A budget is used up or the user asked; the note on it names the command that goes on.
        EmptyResult: Nothing came of something that the scenario asked for; the run is done.
        SixhopError: What went wrong; likewise.
    """

    def begin(listener: Listener, stop: Stop) -> Coroutine[Any, Any, Run]:
        return start({"listener": listener, "stop": stop, "verbosity": conduct.verbose})

    progress = Progress(planned)
    try:
        run = watched(begin, progress, conduct.quiet)
    except SixhopError as error:
        if conduct.as_json and _has_begun(root, error):
            _print_result(root, error)
        _name_the_way_back(root, error)
        raise
    with run:
        if conclude is not None:
            conclude(run, progress)
            return
        if conduct.as_json:
            _print_result(root, None, besides())
        else:
            from simulator.cli.screen.summary import print_summary

            print_summary(stdout(), run, now=_told(progress))
        _refuse_empty(run)


def watched(
    start: Callable[[LivePanel | PlainLines, Stop], Coroutine[Any, Any, T]], progress: Progress, quiet: bool
) -> T:
    """Do what ``start`` makes, given its listener and its stop, showing ``progress`` and hearing signals.

    Raises:
        RunStopped: A budget is used up or the user asked.
    """
    # What code of the user's prints is no result: it goes where progress goes, above the panel if there is one.
    with redirect_stdout(sys.stderr), _shown(progress, quiet) as display:
        return asyncio.run(_Watch(display, Stop()).over(start))


@dataclass
class _Watch:
    """One execution with its signals.

    The first SIGINT or SIGTERM lets what is in flight end, the second cancels it, the third ends the process on the
    spot: what was paid for is in the ledger, which survives that.
    """

    display: LivePanel | PlainLines
    stop: Stop
    asked: int = 0
    _work: asyncio.Task[Any] | None = field(default=None)

    async def over(self, start: Callable[[LivePanel | PlainLines, Stop], Coroutine[Any, Any, T]]) -> T:
        """Do the work that ``start`` makes.

        Raises:
            RunStopped: A second signal cancelled it.
        """
        loop = asyncio.get_running_loop()
        work: asyncio.Task[T] = asyncio.create_task(start(self.display, self.stop))
        self._work = work
        ticking = asyncio.create_task(self._tick())
        try:
            with _signals(lambda number: self._hear(number, loop)):
                return await work
        except asyncio.CancelledError:
            if self.asked < 2:
                raise
            raise RunStopped(f"{self.stop.asked}, twice; what was in flight is lost") from None
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.display.tick()

    def _hear(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        # Runs between two byte codes of the main thread, even when the event loop is busy: set flags, nothing more.
        self.asked += 1
        if self.asked == 1:
            reason = "you pressed Ctrl-C" if number == signal.SIGINT else "the process was asked to end"
            self.stop.ask(reason)
            self.display.progress.stopping = reason
        elif self.asked == 2 and self._work is not None:
            loop.call_soon_threadsafe(self._work.cancel)
        elif self.asked > 2:
            self.display.abandon()
            os._exit(RunStopped.exit_code)


@contextmanager
def _signals(hear: Callable[[int], None]) -> Iterator[None]:
    def handler(number: int, _frame: FrameType | None) -> None:
        hear(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def _shown(progress: Progress, quiet: bool) -> Iterator[LivePanel | PlainLines]:
    console = stderr()
    if quiet:
        shown: LivePanel | PlainLines = Silence(progress, console)
    elif draws(console):
        from simulator.cli.screen.live import LivePanel

        shown = LivePanel(progress, console)
    else:
        shown = PlainLines(progress, console)
    with shown:
        yield shown


def _told(progress: Progress) -> str:
    calls = progress.spent.calls if progress.spent else 0
    cost = paid(progress.spent, calls) if progress.spent else ""
    return f"{number_of(calls, 'call')} in {duration(progress.clock() - progress.began)}{f', {cost}' if cost else ''}"


def _has_begun(root: Path, error: SixhopError) -> bool:
    return not isinstance(error, UsageError) and RunDirectory(root).ledger.exists()


def _name_the_way_back(root: Path, error: SixhopError) -> None:
    error.__notes__ = []  # LangGraph adds notes that only its own developers understand
    if _has_begun(root, error) and not _is_shut(error):
        error.add_note(f"What was paid for is kept. Go on with:\n  {command('sixhop', 'resume', root)}")


def _is_shut(error: SixhopError) -> bool:
    """Return whether nobody can go on now: another process holds the run, or its ledger cannot be read."""
    return isinstance(error, LedgerError) and not isinstance(error, LedgerUnwritable)


def _refuse_empty(run: Run) -> None:
    """Refuse to call a run a success of which something that was asked for is empty; it can be read all the same.

    Raises:
        EmptyResult: What is empty, and why.
    """
    from simulator.assembly.digest import digest

    empty = digest(run).empty
    if not empty:
        return
    told = ", ".join(f"0 of {asked:,} {what}" for what, asked in empty.items())
    error = EmptyResult(f"the run is done, but something that it was asked for is empty: {told}")
    error.add_note(f"Why: {command('sixhop', 'show', run.directory.root, 'failures')}")
    if any(failure.cause != "input" for failure in run.failures):
        error.add_note(f"Once more: {command('sixhop', 'retry', run.directory.root)}")
    raise error


def _print_result(root: Path, error: SixhopError | None, besides: Mapping[str, Any] | None = None) -> None:
    """Print the manifest, as it was written when the run ended, with its directory."""
    from simulator.assembly import open_run

    state = "stopped" if isinstance(error, RunStopped) else "failed"
    with open_run(root) as run:
        told = {"state": state, "reason": str(error)} if error else {}
        print_json({"directory": str(root), **run.manifest, **told, **(besides or {})})
