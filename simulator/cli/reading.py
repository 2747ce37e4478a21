"""A run that a command reads and does not write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["reading", "tell_outdated"]


@contextmanager
def reading(root: Path) -> Iterator[Run]:
    """Yield the run in ``root``, open; whoever asks is told where it was made by an older version.

    Raises:
        RunDirectoryError: There is no run in it.
        LedgerError: Its ledger is damaged.
    """
    from simulator.assembly import open_run

    with open_run(root) as run:
        tell_outdated(run)
        yield run


def tell_outdated(run: Run) -> None:
    """Say so on stderr if a run was made by an older version."""
    from simulator.cli.screen.console import note

    root = run.directory.root
    if run.ledger.outdated:
        note(
            f"{str(root)!r} was made by an older Sixhop: a copy of its ledger is brought up to date and read; "
            f"'sixhop resume {root}' brings the run itself up to date"
        )
