"""A new ledger that begins with the frozen cast of another run: its people and what they pose, and nothing after."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.errors import RunDirectoryError
from simulator.models.base import canonical_json
from simulator.runs.connection import connect_to_read
from simulator.runs.forgetting import PLAN, forgetting
from simulator.runs.ledger import Ledger
from simulator.runs.writer import Statement, ledger_error

__all__ = ["FROZEN", "TERMS", "freeze"]

FROZEN = "frozen"
"""The name under which a ledger keeps whose cast it has, and what that run depended on."""

TERMS = "test"
"""The name under which the ledger of a test keeps when it is passed."""

_OURS = ("fingerprint", "scenario", "base", "models", "prompts", TERMS)


def freeze(source: Path, target: Path, after: Sequence[str]) -> None:
    """Copy the run in ``source`` to ``target``, without what its stages ``after`` the cast made.

    The replies of the simulated users stay: where the other run's talk is the same so far, they say the same, also a
    model that would not say it twice, and nobody pays for it again.

    A target that was begun with the same cast before stays as it is, so that the call can be repeated, also after the
    conversations of the source were held anew.

    Args:
        source: A ledger.
        target: Where the new one goes; its folder is there.
        after: The stages whose work is left out.

    Raises:
        RunDirectoryError: ``source`` chose no cast yet, or ``target`` holds another run.
        LedgerError: A file is damaged or cannot be written.
    """
    whose = _whose(source)
    if target.exists():
        _check_same(source, target)
        return
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        _copy(source, part)
        _cut(part, after, whose)
        part.replace(target)
    except sqlite3.Error as error:
        raise ledger_error(error, str(target)) from error
    finally:
        part.unlink(missing_ok=True)


def _check_same(source: Path, target: Path) -> None:
    with Ledger.open(source, writable=False) as one, Ledger.open(target, writable=False) as two:
        if two.meta(FROZEN) is None:
            why = "it was not begun with the cast of another run"
        elif _cast(one) != _cast(two):
            why = f"it has the cast of {two.meta(FROZEN)['run']!r} as it was then: other people, or other instructions"
        else:
            return
    raise RunDirectoryError(
        f"{str(target.parent)!r} holds a run that cannot go on with the cast of {str(source.parent)!r}: {why}; "
        f"name another folder with --out"
    )


def _cast(ledger: Ledger) -> tuple[Any, list[str]]:
    """Return who the cast is, and what it poses."""
    return ledger.meta("cast"), [id_ for (id_,) in ledger.rows("SELECT id FROM products WHERE kind = 'instruction'")]


def _whose(source: Path) -> dict[str, Any]:
    with Ledger.open(source, writable=False) as ledger:
        if ledger.meta("cast") is None or ledger.meta("fingerprint") is None:
            raise RunDirectoryError(f"the run in {str(source.parent)!r} chose no cast yet; let it come so far first")
        kept = {name: ledger.meta(name) for name in ("fingerprint", "models")}
    return {"run": str(source.parent.absolute()), **kept}


def _copy(source: Path, part: Path) -> None:
    there = connect_to_read(source)
    here = sqlite3.connect(part)
    try:
        there.backup(here)
    finally:
        here.close()
        there.close()


def _cut(part: Path, after: Sequence[str], whose: dict[str, Any]) -> None:
    statements = [
        *forgetting(after, [f"{PLAN}{stage}" for stage in after], _OURS),
        Statement("DELETE FROM replies WHERE stage = ? AND role != 'user'", [(stage,) for stage in after]),
        Statement("INSERT OR REPLACE INTO meta VALUES (?,?)", [(FROZEN, canonical_json(whose))]),
    ]
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN")
        for statement in statements:
            connection.executemany(statement.sql, statement.rows)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()
