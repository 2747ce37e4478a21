"""What an embedder is to the rest of Sixhop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Embedder", "Vectors"]

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The embedder's identity: vectors of embedders with different names are never compared."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, L2-normalised.

        Args:
            texts: Any number of texts, none of them empty.

        Returns:
            Array of shape (len(texts), dimensions), float32; a cosine is a dot product of two rows.

        Raises:
            EndpointError: A remote embedder failed.
        """
        ...
