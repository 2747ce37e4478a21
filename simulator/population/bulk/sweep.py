"""How many texts would remain at each of several thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.population.bulk.deduplicate import deduplicate
from simulator.population.dedup.verdict import DedupSettings

__all__ = ["sweep", "thresholds_between"]


def thresholds_between(first: float, last: float, step: float = 0.05) -> list[float]:
    """Return the thresholds from ``first`` to ``last``, both included, in steps of ``step``.

    >>> thresholds_between(0.8, 0.95)
    [0.8, 0.85, 0.9, 0.95]

    Raises:
        InputError: They are not over 0, not up to 1, or in the wrong order.
    """
    if not 0.0 < first <= last <= 1.0 or step <= 0.0:
        raise InputError(
            f"a sweep from {first:g} to {last:g} in steps of {step:g} cannot be: thresholds rise, are over 0, at most 1"
        )
    count = int((last - first) / step + 1e-9)
    return [*(round(first + number * step, 6) for number in range(count + 1))]


def sweep(
    texts: Sequence[str],
    vectors: NDArray[np.floating] | None,
    thresholds: Sequence[float],
    settings: DedupSettings | None = None,
) -> Iterator[tuple[float, dict[str, int]]]:
    """Yield for each threshold how many texts would be kept, and how many each stage would reject.

    Args:
        texts: The texts.
        vectors: One row a text; required unless the embedding stage is off.
        thresholds: Put in the place of the thresholds of the stages that are on.
        settings: Which stages are on.

    Raises:
        InputError: As for :func:`~simulator.population.bulk.deduplicate.deduplicate`.
    """
    settings = settings or DedupSettings()
    for threshold in thresholds:
        at = replace(
            settings,
            jaccard=None if settings.jaccard is None else threshold,
            cosine=None if settings.cosine is None else threshold,
        )
        yield threshold, deduplicate(texts, vectors, at).counts()
