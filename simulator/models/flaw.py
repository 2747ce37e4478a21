"""The flaws that a description of a person may have, by name."""

from __future__ import annotations

from typing import Literal

__all__ = ["FlawName"]

FlawName = Literal[
    "instruction leftover",
    "wrong language",
    "several people",
    "not a person",
    "names a real individual",
    "mentions an individual",
]
"""In the order in which :mod:`simulator.population.quality.flaws` looks for them."""
