"""The ledger: one SQLite file that is the record of a run (contract 1).

WAL mode, one writing thread, any number of readers. ``synchronous=NORMAL``: a commit survives a SIGKILL of the
process; a loss of power may take the last commits with it but never damages the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.errors import LedgerError, RunDirectoryError
from simulator.models.base import canonical_json
from simulator.models.decision import Decision
from simulator.models.message import Reply, Usage
from simulator.models.persona import Persona
from simulator.models.relation import Relation
from simulator.models.unit import Failure, Unit, UnitResult
from simulator.runs.connection import connect, connect_to_read, instead_of, is_copy
from simulator.runs.entry import Entry, ProductKind
from simulator.runs.forgetting import ends_forgotten
from simulator.runs.part import ALL, Part
from simulator.runs.statements import (
    REFERENCE,
    entry_statements,
    failure_statement,
    input_statement,
    meta_statement,
    reply_statement,
)
from simulator.runs.versions import check_file, prepare
from simulator.runs.writer import Statement, Writer, ledger_error

__all__ = ["Ledger"]

_GET_REPLY = (
    "SELECT model, finish, text, prompt_tokens, completion_tokens, cached_tokens, repaired, usd"
    " FROM replies WHERE key = ?"
)


class Ledger:
    """The record of a run. Open it with :meth:`open`; close it, or use it in a ``with`` block."""

    def __init__(self, path: Path, reader: sqlite3.Connection, writer: Writer | None) -> None:
        self.path = path
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, path: Path, *, create: bool = False, writable: bool = True) -> Ledger:
        """Open the ledger at ``path``.

        Args:
            path: The SQLite file.
            create: Make it when it is not there.
            writable: Without it, nothing can be written and no writer thread starts; of a ledger of an older version
                a copy is read that is up to date.

        Raises:
            RunDirectoryError: The file is missing, another program's, or of a newer version; it was not touched.
            LedgerError: It is damaged, not a ledger, or cannot be written.
        """
        if not path.exists() and not create:
            raise RunDirectoryError(f"{str(path.parent)!r} is not a run directory: {instead_of(path)}")
        try:
            if writable:
                return cls(path, *_connect_to_write(path))
            return cls(path, connect_to_read(path), None)
        except sqlite3.Error as error:
            raise ledger_error(error, str(path)) from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is queued and close the file."""
        if self._writer is not None:
            self._writer.close()
        self._reader.close()

    # -- writing -----------------------------------------------------------------------------------------------

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        """Store ``reply``; when this returns, it survives a SIGKILL."""
        await self._writing().write([reply_statement(key, reply, role, stage)])

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write ``statements`` in one transaction; when this returns, they survive a SIGKILL.

        Raises:
            LedgerError: They could not be written.
        """
        await self._writing().write(statements)

    async def commit(self, entries: Sequence[Entry]) -> None:
        """Write what ``entries`` add, all of it or nothing, in their order.

        Raises:
            LedgerError: It could not be written, or a unit was committed before.
        """
        await self._writing().write([statement for entry in entries for statement in entry_statements(entry)])

    async def put_finding(self, key: str, stage: str, found: Any) -> None:
        """Store what was found out and might be found otherwise another time; a key that is there keeps what it has."""
        row = (key, stage, canonical_json(found))
        await self._writing().write([Statement("INSERT OR IGNORE INTO findings VALUES (?,?,?)", [row])])

    def put_inputs(self, kind: str, rows: Iterable[tuple[str, Any]]) -> None:
        """Store inputs of ``kind`` as ``(id, JSON-able)``; an id that is there already stays as it is."""
        self._writing().write_now([input_statement(kind, rows)])

    def keep(
        self,
        inputs: Iterable[tuple[str, Iterable[tuple[str, Any]]]],
        failures: Iterable[Failure],
        meta: Mapping[str, Any],
        *,
        forgetting: Iterable[Statement] = (),
    ) -> None:
        """Store what a run starts from, all of it or nothing.

        Args:
            inputs: Kinds with their rows of id and JSON-able body; an id that is there already stays as it is.
            failures: Those that no unit had (bad rows of an input).
            meta: JSON-able values under their names.
            forgetting: What makes way for it (see :mod:`simulator.runs.forgetting`).
        """
        puts = [input_statement(kind, rows) for kind, rows in inputs]
        self._writing().write_now([*forgetting, *puts, failure_statement(list(failures)), meta_statement(meta)])

    def forget_failed(self, *causes: str) -> int:
        """Forget the units that failed for one of ``causes``, so that they are done again; return how many."""
        sql = f"SELECT unit FROM failures WHERE cause IN ({','.join('?' * len(causes))})"  # noqa: S608 - marks alone
        ids = [row[0] for row in self.rows(sql, causes)]
        self._writing().write_now(ends_forgotten(ids))
        return len(ids)

    def try_again(self, ids: Sequence[str], anew: Collection[str]) -> None:
        """Forget how the units ``ids`` ended; those in ``anew`` get another seed (see :meth:`retries`)."""
        sql = "INSERT INTO retries VALUES (?,1) ON CONFLICT (unit) DO UPDATE SET times = times + 1"
        counts = Statement(sql, [(id_,) for id_ in ids if id_ in anew])
        self._writing().write_now([*ends_forgotten(ids), counts])

    def put_meta(self, **values: Any) -> None:
        """Store JSON-able values under their names."""
        self._writing().write_now([meta_statement(values)])

    def _writing(self) -> Writer:
        if self._writer is None:
            raise LedgerError(f"the ledger {str(self.path)!r} was opened for reading only")
        return self._writer

    # -- reading -----------------------------------------------------------------------------------------------

    @property
    def outdated(self) -> bool:
        """Whether the file is of an older version, so that a copy of it is read, as it was when it was opened."""
        return is_copy(self._reader)

    async def get_reply(self, key: str) -> Reply | None:
        """Return the reply stored under ``key``, or ``None``."""
        rows = list(self.rows(_GET_REPLY, (key,)))
        if not rows:
            return None
        model, finish, text, prompt, completion, cached, repaired, usd = rows[0]
        usage = Usage(prompt=prompt, completion=completion, cached=cached)
        return Reply(text=text, finish=finish, model=model, usage=usage, repaired=bool(repaired), usd=usd)

    def finding(self, key: str) -> Any:
        """Return what was found out under ``key``, or ``None``."""
        rows = list(self.rows("SELECT body FROM findings WHERE key = ?", (key,)))
        return json.loads(rows[0][0]) if rows else None

    def meta(self, key: str, default: Any = None) -> Any:
        """Return the value stored under ``key``."""
        rows = list(self.rows("SELECT value FROM meta WHERE key = ?", (key,)))
        return json.loads(rows[0][0]) if rows else default

    def inputs(self, kind: str, part: Part = ALL) -> list[tuple[str, Any]]:
        """Return the inputs of ``kind`` in the order in which they were stored."""
        found = self.rows(*part.of("kind = ?", kind).select(("id", "body"), "inputs"))
        return [(id_, json.loads(body)) for id_, body in found]

    def kinds(self) -> list[str]:
        """Return the kinds of inputs that there are."""
        return [row[0] for row in self.rows("SELECT DISTINCT kind FROM inputs ORDER BY kind")]

    def ended(self, stage: str) -> set[str]:
        """Return the ids of the stage's units that ended, done or failed."""
        return {row[0] for row in self.rows("SELECT id FROM units WHERE stage = ?", (stage,))}

    def stages(self) -> list[str]:
        """Return the stages that have ended units or failures."""
        return [row[0] for row in self.rows("SELECT stage FROM units UNION SELECT stage FROM failures")]

    def retries(self) -> dict[str, int]:
        """Return how often each unit was given another try after a reply that could not be used."""
        return dict(self.rows("SELECT unit, times FROM retries"))

    def personas(self, id: str | None = None) -> Iterator[Persona]:
        """Yield the personas in order of admission, or the one with ``id``."""
        only = "" if id is None else " WHERE id = ?"
        sql = f"SELECT id,text,hop,origin,source,question,unit,attributes FROM personas{only} ORDER BY seq"  # noqa: S608
        names = ("id", "text", "hop", "origin", "source", "question", "unit")
        for row in self.rows(sql, () if id is None else (id,)):
            attributes = json.loads(row[7]) if row[7] != "{}" else {}
            yield Persona.model_validate({**dict(zip(names, row[:7], strict=True)), "attributes": attributes})

    def relations(self, of: str | None = None) -> Iterator[Relation]:
        """Yield the relations in the order in which they were added, or those of the persona ``of``."""
        names = ("source", "target", "name", "kind", "hop", "unit")
        only = "" if of is None else " WHERE source = :of OR target = :of"
        sql = f"SELECT {','.join(names)} FROM relations{only} ORDER BY seq"  # noqa: S608 - our names
        for row in self.rows(sql, {} if of is None else {"of": of}):
            yield Relation.model_validate(dict(zip(names, row, strict=True)))

    def decisions(self, part: Part = ALL) -> Iterator[Decision]:
        """Yield the decisions in order."""
        names = ("subject", "candidate", "text", "admitted", "stage", "survivor", "score", "reason", "unit")
        for row in self.rows(*part.select(names, "decisions")):
            values = dict(zip(names, row, strict=True))
            yield Decision.model_validate({**values, "admitted": bool(values["admitted"])})

    def products(self, kind: ProductKind, part: Part = ALL) -> Iterator[dict[str, Any]]:
        """Yield the bodies of the products of ``kind`` in order."""
        for (body,) in self.rows(*part.of("kind = ?", kind).select(("body",), "products")):
            yield json.loads(body)

    def failures(self, part: Part = ALL) -> Iterator[Failure]:
        """Yield the failures in order."""
        names = ("unit", "stage", "role", "cause", "message", "raw", "attempts")
        for row in self.rows(*part.select(names, "failures")):
            yield Failure.model_validate(dict(zip(names, row, strict=True)))

    def count(self, table: str, part: Part = ALL) -> int:
        """Return how many rows of ``table`` (a name of ours) there are, whatever the page of ``part`` is."""
        return int(next(self.rows(*part.count(table)))[0])

    def results(self, stage: str | None, part: Part = ALL) -> Iterator[tuple[Unit, UnitResult]]:
        """Yield the units of ``stage`` (of all, without one) that ended, with how, in order."""
        wanted = part if stage is None else part.of("stage = ?", stage)
        names = ("stage", "role", "inputs", "seed", "result")
        for name, role, inputs, seed, result in self.rows(*wanted.select(names, "units")):
            yield (
                Unit(stage=name, role=role, inputs=json.loads(inputs), seed=seed),
                UnitResult.model_validate(self._whole(json.loads(result))),
            )

    def _whole(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a unit's result with its product in the place of the reference to it."""
        value = result["value"]
        if value is None or REFERENCE not in value:
            return result
        (body,) = next(self.rows("SELECT body FROM products WHERE kind = ? AND id = ?", value[REFERENCE]))
        return {**result, "value": json.loads(body)}

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that is read within the block be of one moment, whatever is written meanwhile; may be nested."""
        if self._reader.in_transaction:
            yield
            return
        self._reader.execute("BEGIN")
        try:
            yield
        finally:
            self._reader.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query.

        Raises:
            LedgerError: The file is damaged or locked.
        """
        try:
            yield from self._reader.execute(sql, values)
        except sqlite3.Error as error:
            raise ledger_error(error, str(self.path)) from error


def _connect_to_write(path: Path) -> tuple[sqlite3.Connection, Writer]:
    """Return a connection to read and the writer, of a ledger that is of the newest version from now on."""
    check_file(path)
    connection = connect(path)
    try:
        prepare(connection, path)
        return connect(path), Writer(connection, str(path))
    except BaseException:
        connection.close()
        raise
