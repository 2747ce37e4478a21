"""The record of what providers work on, in the ledger: written before and after, so that nothing is submitted twice."""

from __future__ import annotations

import json
from collections.abc import Mapping

from simulator.models.batch import Batch
from simulator.models.message import Reply
from simulator.runs.ledger import Ledger
from simulator.runs.statements import reply_statement
from simulator.runs.writer import Statement

__all__ = ["LedgerBatches"]

_NAMES = ("id", "model", "role", "stage", "state", "remote", "keys", "told")
_PUT = (
    f"INSERT INTO batches ({','.join(_NAMES)}) VALUES (?,?,?,?,?,?,?,?)"  # noqa: S608 - our names
    " ON CONFLICT (id) DO UPDATE SET state = excluded.state, remote = excluded.remote, told = excluded.told"
)


class LedgerBatches:
    """The batches of one run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def underway(self, model: str, role: str, stage: str) -> list[Batch]:
        """Return the batches that were submitted, or were to be, and not collected."""
        sql = (
            f"SELECT {','.join(_NAMES)} FROM batches"  # noqa: S608 - our names
            " WHERE model = ? AND role = ? AND stage = ? AND state IN ('intended', 'submitted') ORDER BY seq"
        )
        rows = (dict(zip(_NAMES, row, strict=True)) for row in self._ledger.rows(sql, (model, role, stage)))
        return [Batch.model_validate({**row, "keys": json.loads(row["keys"])}) for row in rows]

    def count(self) -> int:
        """Return how many batches there were."""
        return int(next(self._ledger.rows("SELECT COUNT(*) FROM batches"))[0])

    async def put(self, batch: Batch, replies: Mapping[str, Reply] | None = None) -> None:
        """Store a batch as it is now, with the replies that it gave, in one transaction.

        Raises:
            LedgerError: It could not be written.
        """
        row = (*batch.model_dump(exclude={"keys", "told"}).values(), json.dumps(batch.keys), batch.told)
        paid = [reply_statement(key, reply, batch.role, batch.stage) for key, reply in (replies or {}).items()]
        await self._ledger.write([*paid, Statement(_PUT, [row])])
