"""One run, read while it may go on: each question sees one moment of its ledger, which is closed again at once."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar

from simulator.assembly.run import Run, open_run
from simulator.errors import InputError
from simulator.models.persona import Persona
from simulator.population.graph.reference import resolve
from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["Look", "Reader", "written"]

T = TypeVar("T")

_THREADS = 4
"""Questions answered at once: one that counts everything must not keep a search waiting."""

_KEPT = 10.0
"""A graph that the run has outgrown is kept for so many times the seconds that it took to load: the run needs the
processor more than the page does."""


class Reader:
    """Answers questions to the run in ``root``, a few at once, in threads of its own.

    The ledger is open only while a question is answered: between questions nothing is locked or held, and a
    ledger that was begun anew is seen.

    Args:
        root: The run directory.

    Raises:
        RunDirectoryError: There is no run in it.
        LedgerError: Its ledger is damaged.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        with open_run(root) as run:
            run.directory.check()
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="sixhop-explore")
        self._graphs = _Graphs()
        self._kept = _Kept()

    async def ask(self, question: Callable[[Look], T]) -> T:
        """Return the answer to ``question``.

        Raises:
            SixhopError: What the question raised, or the ledger cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, question)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Callable[[Look], T]) -> T:
        with open_run(self.root) as run, run.ledger.snapshot():
            return question(Look(run, self._graphs, self._kept))


class Look:
    """One moment of a run."""

    def __init__(self, run: Run, graphs: _Graphs, kept: _Kept) -> None:
        self.run = run
        self._graphs = graphs
        self._kept = kept

    @property
    def graph(self) -> RelationshipGraph:
        """The relationship graph; of a run that goes on, it may lag behind a little."""
        return self._graphs.of(self.run)

    def persona(self, reference: str) -> Persona:
        """Return the persona that ``reference`` names: an id, the beginning of one, a text, or a part of a text.

        Raises:
            InputError: None fits, or several do; then the error's notes list them.
        """
        known = next(self.run.ledger.personas(reference), None)
        if known is None:
            graph = self.graph.arrays
            known = next(self.run.ledger.personas(resolve(reference, zip(graph.ids, graph.texts, strict=True))), None)
        if known is None:
            raise InputError(f"The run was begun anew, and {reference!r} is not in it.")
        if known.id not in self.graph:
            self._graphs.refresh(self.run)
        return known

    def texts(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Return the texts of those of ``ids`` that are personas."""
        graph = self.graph
        return {id: graph.text(id) for id in ids if id is not None and id in graph}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what ``make`` returns, or what it returned when nothing was written in between."""
        return self._kept.once(name, written(self.run), make)


class _Graphs:
    """The graph that was loaded last, for as long as it is the run's."""

    def __init__(self) -> None:
        self._stamp: tuple[Any, ...] = ()
        self._graph: RelationshipGraph | None = None
        self._until = 0.0
        self._turn = RLock()  # to load it twice at once would take twice the memory

    def of(self, run: Run) -> RelationshipGraph:
        with self._turn:
            if self._graph is None or (time.monotonic() >= self._until and self._stamp != _grown(run)):
                return self.refresh(run)
            return self._graph

    def refresh(self, run: Run) -> RelationshipGraph:
        with self._turn:
            return self._load(run)

    def _load(self, run: Run) -> RelationshipGraph:
        start = time.monotonic()
        self._graph, self._stamp = run.graph(), _grown(run)
        self._until = time.monotonic() + _KEPT * (time.monotonic() - start)
        return self._graph


class _Kept:
    """Answers that take long to find, for as long as nothing is written."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[Any, Any]] = {}
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)

    def once(self, name: str, stamp: Any, make: Callable[[], T]) -> T:
        with self._turns[name]:  # who asks for the same waits for the same answer
            kept = self._answers.get(name)
            if kept is None or kept[0] != stamp:
                kept = self._answers[name] = (stamp, make())
            made: T = kept[1]
            return made


def _grown(run: Run) -> tuple[Any, ...]:
    """Return what differs whenever the graph does: a persona or relation changes only along with a decision."""
    tables = ("personas", "relations", "decisions")
    return (*_ledger(run), *_last(run, tables))


def written(run: Run) -> tuple[Any, ...]:
    """Return what differs whenever a unit ended since."""
    return (*_ledger(run), *_last(run, ("units", "personas", "relations", "decisions", "products", "failures")))


def _ledger(run: Run) -> tuple[Any, ...]:
    """Return which ledger it is: one that was begun anew is another file, one that is reused has another scenario."""
    return run.directory.ledger.stat().st_ino, run.ledger.meta("scenario")


def _last(run: Run, tables: Iterable[str]) -> tuple[int, ...]:
    return tuple(next(run.ledger.rows(f"SELECT COALESCE(MAX(seq), 0) FROM {table}"))[0] for table in tables)  # noqa: S608
