"""A batch that a provider works on."""

from __future__ import annotations

from typing import Literal

from simulator.models.base import Record

__all__ = ["Batch", "BatchState"]

BatchState = Literal["intended", "submitted", "collected", "failed"]


class Batch(Record):
    """Requests that were, or are about to be, handed to a provider together.

    Attributes:
        id: Ours; it is sent along, so that the batch can be found at the provider when its answer was lost.
        model: Who is asked.
        role: The role that asks.
        stage: The stage that it asks in.
        state: ``intended`` is written before it is submitted, ``submitted`` when the provider's id is known.
        remote: The provider's id.
        keys: Those of the replies, in order.
        told: What became of it.
    """

    id: str
    model: str
    role: str
    stage: str
    state: BatchState = "intended"
    remote: str = ""
    keys: tuple[str, ...] = ()
    told: str = ""
