"""Another try for what failed, and for what depended on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.assembly.kept import held_ledger
from simulator.assembly.run import Run
from simulator.assembly.simulate import Overrides, resume
from simulator.errors import RunDirectoryError
from simulator.models.unit import UNDECIDED
from simulator.runs.directory import RunDirectory
from simulator.runs.events import Listener, ignore
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Stop
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Retried", "failed_units", "retry"]


@dataclass(frozen=True)
class Retried:
    """What another try brought.

    Attributes:
        run: The run, opened for reading.
        failed: Units that had failed.
        done: Those of them that are done now.
        failed_again: Those that failed again.
        followed: Units that became possible by it, or that the run had not come to before.
        bad_rows: Failures that are no unit's: rows of the inputs, which only another input cures.
    """

    run: Run
    failed: int
    done: int
    failed_again: int
    followed: int
    bad_rows: int


def failed_units(root: Path | str) -> dict[str, str]:
    """Return the units of a run that failed, with the cause.

    Raises:
        RunDirectoryError: There is no run in it, or another process works on it.
    """
    with held_ledger(RunDirectory(Path(root))) as ledger:
        return _failed(ledger)


async def retry(
    root: Path | str,
    *,
    overrides: Overrides | None = None,
    settings: Settings | None = None,
    listener: Listener = ignore,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
    stop: Stop | None = None,
    verbosity: int = 0,
) -> Retried:
    """Do again the units of a run that failed, and what depended on them; nothing else is asked of a model.

    A unit that got no reply is asked the same again. One whose replies could not be used is performed with another
    seed, so that the model is asked anew; the unit, and what its product is called, stay the same.

    Args:
        root: The run directory.
        overrides: Values instead of the scenario's.
        settings: The environment; read from the process's by default.
        listener: Told of progress.
        models: Chat models to use instead of the scenario's, by role, or ``*`` for all.
        embedder: An embedder to use instead of the scenario's.
        stop: To stop the run from outside, with ``stop.ask(reason)``.
        verbosity: Of the run's log, 0 to 2.

    Raises:
        RunDirectoryError: There is no run in it, or nothing of it failed.
        SixhopError: As for :func:`~simulator.assembly.simulate.resume`, which goes on with the tries that are left.
    """
    with held_ledger(RunDirectory(Path(root))) as ledger:
        causes = _failed(ledger)
        if not causes:
            raise RunDirectoryError(f"nothing failed in {str(root)!r}, so there is nothing to try again")
        others = _ended(ledger) - len(causes)

    def forget(ledger: Ledger) -> None:
        ledger.try_again(list(causes), {id_ for id_, cause in causes.items() if cause not in UNDECIDED})

    options: dict[str, Any] = {"overrides": overrides, "settings": settings, "models": models, "embedder": embedder}
    options["verbosity"] = verbosity
    run = await resume(root, listener=listener, stop=stop, prepare=forget, **options)
    return _outcome(run, set(causes), others)


def _outcome(run: Run, ids: set[str], others: int) -> Retried:
    states = dict(run.ledger.rows("SELECT id, state FROM units"))
    tried = [states[id_] for id_ in ids if id_ in states]
    return Retried(
        run=run,
        failed=len(ids),
        done=tried.count("done"),
        failed_again=tried.count("failed"),
        followed=len(states) - len(tried) - others,
        bad_rows=sum(failure.unit not in states for failure in run.ledger.failures()),
    )


def _failed(ledger: Ledger) -> dict[str, str]:
    sql = "SELECT f.unit, f.cause FROM failures f JOIN units u ON u.id = f.unit ORDER BY f.seq"
    return {str(unit): str(cause) for unit, cause in ledger.rows(sql)}


def _ended(ledger: Ledger) -> int:
    count: int = next(ledger.rows("SELECT COUNT(*) FROM units"))[0]
    return count
