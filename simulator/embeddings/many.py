"""Many texts to one array of vectors, a few thousand at a time, so that memory holds little besides the vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Embedder, Vectors
from simulator.errors import InputError

__all__ = ["embed_many"]

CHUNK = 8_192


async def embed_many(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return one unit vector a text; a row of zeros for a text in which the embedder finds no meaning ("--").

    A row of zeros is like nothing: its cosine with any vector is 0.

    Args:
        embedder: What embeds them.
        texts: Any number, none empty.

    Returns:
        Array of shape (texts, dimensions), float32; (0, 0) without a text.

    Raises:
        EndpointError: A remote embedder failed.
    """
    vectors: Vectors | None = None
    for start in range(0, len(texts), CHUNK):
        part = await _embedded(embedder, texts[start : start + CHUNK])
        if vectors is None or not vectors.shape[1]:  # nothing so far had a meaning
            vectors = np.zeros((len(texts), part.shape[1]), dtype=np.float32)
        if part.shape[1]:
            vectors[start : start + len(part)] = part
    return np.zeros((0, 0), dtype=np.float32) if vectors is None else vectors


async def _embedded(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return the vectors of a chunk, halving it around what has no meaning."""
    try:
        return await embedder.embed(texts)
    except InputError:
        if len(texts) == 1:
            return np.zeros((1, 0), dtype=np.float32)
    half = len(texts) // 2
    parts = [await _embedded(embedder, texts[:half]), await _embedded(embedder, texts[half:])]
    dimensions = max(part.shape[1] for part in parts)
    return np.concatenate([part if part.shape[1] else np.zeros((len(part), dimensions), np.float32) for part in parts])
