"""An embedder that is asked for a text once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.embeddings.vectors import check_texts

__all__ = ["RememberingEmbedder"]

MOST_TEXTS = 200_000
"""Texts whose vectors are remembered: 1.2 GB at 1,536 dimensions. The oldest make way."""


class RememberingEmbedder:
    """An ``Embedder`` that asks another one for each text once, however often and by however many it is wanted.

    For remote embedders, which are paid for. What it remembers ends with the process.

    Args:
        embedder: Who is asked.
        most: Texts that are remembered.
    """

    def __init__(self, embedder: Embedder, most: int = MOST_TEXTS) -> None:
        self._embedder = embedder
        self._most = most
        self._known: dict[str, Vectors] = {}
        self._coming: dict[str, asyncio.Future[None]] = {}

    @property
    def name(self) -> str:
        """The embedder's identity."""
        return self._embedder.name

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text (see ``Embedder.embed``).

        Raises:
            InputError: A text is empty.
            EndpointError: The embedder failed.
        """
        check_texts(texts)
        if not texts:
            return await self._embedder.embed(texts)
        found: dict[str, Vectors] = {}
        while left := [text for text in dict.fromkeys(texts) if text not in found]:
            found |= {text: self._known[text] for text in left if text in self._known}
            new = [text for text in left if text not in found and text not in self._coming]
            if new:
                found |= await self._ask(new)
            for coming in [self._coming[text] for text in left if text in self._coming and text not in found]:
                await asyncio.shield(coming)  # then it is known, or whoever asked has failed and we ask
        return np.stack([found[text] for text in texts])

    async def _ask(self, texts: list[str]) -> dict[str, Vectors]:
        coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming |= dict.fromkeys(texts, coming)
        try:
            made = dict(zip(texts, await self._embedder.embed(texts), strict=True))
        finally:
            for text in texts:
                del self._coming[text]
            coming.set_result(None)
        self._known |= made
        for text in list(self._known)[: max(0, len(self._known) - self._most)]:
            del self._known[text]
        return made
