"""Embeddings of any OpenAI-compatible ``/v1/embeddings`` endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.embeddings.vectors import check_texts, unit_rows
from simulator.errors import InvalidReply, SixhopError
from simulator.transport.body import decode, shorten
from simulator.transport.client import HttpClient
from simulator.transport.setback import Answer, Setback

__all__ = ["Count", "OpenAIEmbedder"]

Count = Callable[[Sequence[str], int], Awaitable[None]]

BATCH = 64
"""Texts in one request: OpenAI allows 2,048, local servers work on few at once, and a failure costs one batch."""

BATCH_CHARACTERS = 200_000
"""Characters in one request: OpenAI allows 300,000 tokens, and no language has more than one and a half a character."""


class OpenAIEmbedder:
    """An ``Embedder`` behind HTTP. Batches go out side by side, as many as the client's limiter lets.

    Args:
        model: The model's name at the endpoint.
        client: The transport.
        count: Told of each request that was answered: its texts, and the tokens that the endpoint counted.
    """

    def __init__(self, model: str, client: HttpClient, count: Count | None = None) -> None:
        self.client = client
        self._count = count
        self._model = model
        self._dimensions = 0

    @property
    def name(self) -> str:
        """The embedder's identity."""
        return f"{self.client.place.url}#{self._model}"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text (see ``Embedder.embed``).

        Raises:
            InputError: A text is empty.
            EndpointError: The endpoint did not answer, refused, or was busy for too long.
            InvalidReply: It answered with something else than one finite vector, not zero, for each text.
        """
        check_texts(texts)
        bounds = _bounds(texts)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._batch(list(texts[low:high]))) for low, high in pairwise(bounds)]
        except* SixhopError as errors:
            raise _first(errors) from None
        parts = [task.result() for task in tasks]
        return np.concatenate(parts) if parts else np.empty((0, self._dimensions), np.float32)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self.client.aclose()

    async def __aenter__(self) -> OpenAIEmbedder:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _batch(self, texts: list[str]) -> Vectors:
        rows: list[Vectors] = []
        tokens = 0

        def check(answer: Answer) -> Setback | None:
            nonlocal tokens
            try:
                rows[:] = [self._read(answer, len(texts))]
                tokens = _tokens(answer)
            except InvalidReply as error:
                return Setback(error, again=True)
            return None

        await self.client.post("/embeddings", {"model": self._model, "input": texts}, check=check)
        if self._count is not None:
            await self._count(texts, tokens)
        return rows[0]

    def _read(self, answer: Answer, count: int) -> Vectors:
        host = self.client.place.host
        raw = shorten(answer.data[:2000].decode("utf-8", "replace"))
        try:
            body, _ = decode(answer.data)
            items = body["data"]
            ordered = sorted(items, key=_index) if all("index" in item for item in items) else items
            vectors = [item["embedding"] for item in ordered]
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidReply(f"{host} answered with something else than embeddings: {raw!r}", raw) from error
        if len(vectors) != count:
            raise InvalidReply(f"{host} sent {len(vectors)} embeddings for {count} texts", raw)
        return self._stack(vectors, host, raw)

    def _stack(self, vectors: list[Any], host: str, raw: str) -> Vectors:
        try:
            rows = np.array(vectors, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise InvalidReply(f"{host} sent embeddings of different lengths, or not of numbers", raw) from error
        if rows.ndim != 2 or rows.shape[1] != (self._dimensions or rows.shape[1]) or not rows.shape[1]:
            found = f"shape {rows.shape}, after {self._dimensions} dimensions" if self._dimensions else f"{rows.shape}"
            raise InvalidReply(f"{host} sent embeddings of an unexpected shape: {found}", raw)
        unit = unit_rows(rows, lambda i: InvalidReply(f"{host} sent a zero or non-finite vector for text {i}", raw))
        self._dimensions = rows.shape[1]
        return unit


def _tokens(answer: Answer) -> int:
    """Return the tokens that the endpoint counted; 0 when it does not say, or nothing sensible."""
    usage = decode(answer.data)[0].get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and 0 <= count < 10**9 else 0


def _index(item: dict[str, Any]) -> int:
    return int(item["index"])


def _bounds(texts: Sequence[str]) -> list[int]:
    """Return where the batches begin, and the end of the last."""
    bounds, characters = [0], 0
    for index, text in enumerate(texts):
        characters += len(text)
        if index - bounds[-1] == BATCH or (characters > BATCH_CHARACTERS and index > bounds[-1]):
            bounds.append(index)
            characters = len(text)
    return [*bounds, len(texts)] if texts else [0]


def _first(errors: BaseExceptionGroup[SixhopError]) -> SixhopError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, SixhopError)  # noqa: S101 -- for the type checker; ``except*`` has chosen it
    return error
