"""How requests become batches, and where batches are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from simulator.models.batch import Batch
from simulator.models.message import Reply

__all__ = ["BatchPolicy", "BatchStore"]


@dataclass(frozen=True)
class BatchPolicy:
    """How requests become batches.

    Attributes:
        most: Requests in one batch (a provider takes 50,000).
        most_mb: Megabytes of one batch (a provider takes 200).
        least: Fewer than so many that wait are asked one by one, at the full price: they are not worth the wait.
        linger_s: Seconds without a new request after which a batch is handed over.
        poll_s: Seconds between two looks at a batch.
        window: Within which the provider is to be done.
        tries: Times that a request is put into a batch, at most.
    """

    most: int = 10_000
    most_mb: float = 190.0
    least: int = 10
    linger_s: float = 2.0
    poll_s: float = 30.0
    window: str = "24h"
    tries: int = 3


class BatchStore(Protocol):
    """Where batches are recorded (the ledger of a run)."""

    def underway(self, model: str, role: str, stage: str) -> list[Batch]:
        """Return the batches that were submitted, or were to be, and not collected."""
        ...

    def count(self) -> int:
        """Return how many batches there were."""
        ...

    async def put(self, batch: Batch, replies: Mapping[str, Reply] | None = None) -> None:
        """Store a batch as it is now, with the replies that it gave, in one transaction."""
        ...
