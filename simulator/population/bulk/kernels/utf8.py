"""UTF-8 in compiled loops. Importing this module needs numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import inlined

__all__ = ["decoded"]


@inlined
def decoded(data: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    """Return the code point at byte ``at`` and the number of its bytes."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (data[at + 1] & 0x3F), 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F), 3
    high = ((first & 0x07) << 18) | ((data[at + 1] & 0x3F) << 12)
    return high | ((data[at + 2] & 0x3F) << 6) | (data[at + 3] & 0x3F), 4
