"""WordLlama: static token embeddings whose weights are in the package. The default; needs no network and no key."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from simulator.embeddings.pooled import PooledTokens
from simulator.embeddings.protocol import Vectors
from simulator.embeddings.vectors import check_texts, unit_rows
from simulator.errors import InputError

__all__ = ["WordLlamaEmbedder"]

DIMENSIONS = 256

INLINE = 32
"""Texts up to which a thread costs more than it frees the event loop for (about 1 ms of work)."""

MAX_CHARACTERS = 20_000
"""Of a longer text only this much is embedded: a mean over more words hardly moves."""

PART = 2_048
"""Texts that are worth a thread."""

REMEMBERED = 32_768
"""Vectors that are kept, the newest: 32 MB. The turns of some hundred conversations, and their sentences, fit."""


class WordLlamaEmbedder:
    """An ``Embedder`` that averages static token vectors, 256 dimensions, 50,000 short texts a second and core."""

    def __init__(self) -> None:
        self._model: PooledTokens | None = None
        self._known: dict[str, Vectors] = {}
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        """The embedder's identity."""
        return f"wordllama:l2_supercat_{DIMENSIONS}"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text (see ``Embedder.embed``); a text's vector does not depend on the others.

        Raises:
            InputError: A text is empty or holds nothing that the tokenizer knows.
        """
        check_texts(texts)
        if len(texts) > REMEMBERED // 16:
            return await asyncio.to_thread(self._embed, list(texts))
        rows = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in rows]
        fresh = dict(zip(new, await self._fresh(new), strict=True))
        self._remember(fresh)
        rows.update(fresh)
        return np.stack([rows[text] for text in texts]) if texts else np.empty((0, DIMENSIONS), np.float32)

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""

    async def __aenter__(self) -> WordLlamaEmbedder:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _fresh(self, texts: list[str]) -> Vectors:
        if self._model is None or len(texts) > INLINE:
            return await asyncio.to_thread(self._embed, texts)
        return self._embed(texts)

    def _remember(self, rows: dict[str, Vectors]) -> None:
        """Keep vectors: what is scored is admitted soon after, and a persona comes again and again."""
        self._known.update(rows)
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _embed(self, texts: list[str]) -> Vectors:
        model = self._load()
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        cleaned = [_cleaned(text) for text in texts]
        parts = [cleaned[start : start + PART] for start in range(0, len(cleaned), PART)]
        if len(parts) == 1:
            rows = model.means(cleaned)
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                rows = np.concatenate(list(pool.map(model.means, parts)))
        return unit_rows(
            rows, lambda index: InputError(f"nothing in text {index} ({texts[index][:80]!r}) has a meaning")
        )

    def _load(self) -> PooledTokens:
        with self._loading:
            if self._model is None:
                # Its tokenizer's threads spin: twice the CPU for a run's small batches, little time won with large ones
                os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
                with _logging_as_it_was():
                    import wordllama
                # The package looks for its own files one folder too deep, and would then download them.
                folder = Path(wordllama.__file__).parent
                model = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=folder, disable_download=True)
                self._model = PooledTokens(model.tokenizer, model.embedding)
        return self._model


def _cleaned(text: str) -> str:
    """Return what is embedded of a text: its beginning, with a question mark for what is no character."""
    text = text[:MAX_CHARACTERS]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Undo what importing the package does to the root logger: it gives it a handler and the level INFO."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
