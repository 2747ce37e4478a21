"""The way of one batch: written down, submitted once, waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.errors import EndpointError, EndpointRefused, RunStopped
from simulator.llm.batch_api import BatchApi, Status
from simulator.llm.batch_policy import BatchPolicy, BatchStore
from simulator.models.batch import Batch

__all__ = ["BatchCarrier"]

_GLANCE_S = 0.5  # how soon a run that is to stop stops waiting
_MISSED = 60  # looks in a row that may get no answer (each is tried several times): half an hour at the usual pace
_LOOKS = 3  # times that a batch whose creation was not confirmed is looked for, before it counts as not submitted


@dataclass(frozen=True)
class BatchCarrier:
    """Brings batches to a provider and waits for them.

    Attributes:
        store: Where batches are recorded.
        policy: How often to look, and the window.
        stopping: Why the run is to stop, or ``None``.
        tell: Told where batches are.
    """

    store: BatchStore
    policy: BatchPolicy
    stopping: Callable[[], str | None]
    tell: Callable[[str], None]

    async def submit(self, api: BatchApi, batch: Batch, lines: Sequence[bytes]) -> Status:
        """Write the batch down, submit it, and return it as the provider knows it.

        Raises:
            EndpointError: It could not be submitted; it is written down as failed.
        """
        await self.store.put(batch)
        try:
            return await api.submit(batch.id, lines, self.policy.window)
        except EndpointRefused as error:
            await self._gave_up(batch, str(error))
            raise
        except EndpointError:
            found = await self._looked_for(api, batch)  # it may have been created all the same
            if found is not None:
                return found
            await self._gave_up(batch, "it could not be submitted")
            raise

    async def find(self, api: BatchApi, batch: Batch) -> Status | None:
        """Return a batch of an earlier execution as the provider knows it; ``None`` when it never got there.

        Raises:
            EndpointError: The provider does not say.
        """
        why = "it was never submitted"  # written down, and then the process was killed
        if batch.remote:
            try:
                return await api.status(batch.remote)
            except EndpointRefused as error:
                why = f"the provider does not know it any more: {error}"
        found = await self._looked_for(api, batch)
        if found is None:
            await self._gave_up(batch, why)
            self.tell(f"{batch.stage}: a batch of {len(batch.keys):,} requests is asked for anew: {why}")
        return found

    async def _looked_for(self, api: BatchApi, batch: Batch) -> Status | None:
        """Return a batch from the provider's list, where a new one may take a moment to appear."""
        for look in range(_LOOKS):
            found = await api.find(batch.id)
            if found is not None:
                return found
            await asyncio.sleep(min(self.policy.poll_s, 2.0**look))
        return await api.find(batch.id)

    async def wait(self, api: BatchApi, batch: Batch, status: Status) -> tuple[Batch, Status]:
        """Write down the provider's id, wait until it is done, and return the batch and how it ended.

        Raises:
            RunStopped: The run is to stop; the batch stays with the provider.
            EndpointError: The provider does not say.
        """
        batch = batch.model_copy(update={"state": "submitted", "remote": status.id})
        await self.store.put(batch)
        self.tell(f"{batch.stage}: a batch of {len(batch.keys):,} requests is with the provider ({batch.remote})")
        missed = 0
        while not status.over:
            await self._pause(batch)
            try:
                status, missed = await api.status(batch.remote), 0
            except EndpointRefused:
                raise
            except EndpointError:  # the provider works on, even when nobody can be asked how far it is
                missed += 1
                if missed >= _MISSED:
                    raise
        return batch, status

    async def _pause(self, batch: Batch) -> None:
        left = self.policy.poll_s
        while left > 0:
            reason = self.stopping()
            if reason is not None:
                stays = f"a batch of {len(batch.keys):,} requests stays with the provider ({batch.remote}), and the run"
                raise RunStopped(reason, waiting=f"{stays} that goes on collects it")
            await asyncio.sleep(min(left, _GLANCE_S))
            left -= _GLANCE_S

    async def _gave_up(self, batch: Batch, why: str) -> None:
        await self.store.put(batch.model_copy(update={"state": "failed", "told": why}))
