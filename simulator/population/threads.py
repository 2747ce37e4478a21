"""How many threads multiply matrices.

The threads of NumPy's linear algebra wait for each other by spinning. When another process wants a core, as the
embedded language model does, a product on two such threads takes twenty times as long as on one. So ours run on one,
and work that falls into parts is given to threads of our own.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["one_thread", "over_threads", "row_parts"]

_PART_ROWS = 1 << 13
"""Rows of which parts are made: fewer are not worth another thread."""

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let matrix products run on one thread for a while, if ``threadpoolctl`` is there to say so."""
    controller = _controller()
    if controller is None:
        yield
        return
    with controller.limit(limits=1, user_api="blas"):
        yield


def over_threads(work: Callable[[T], R], parts: Iterable[T], threads: int | None = None) -> Iterator[R]:
    """Yield ``work(part)`` for each of ``parts``, in their order, whichever thread did it.

    Args:
        work: A function that spends its time in NumPy.
        parts: What to work on.
        threads: Number of threads; by default one a core.
    """
    threads = threads or os.cpu_count() or 1
    with one_thread():
        if threads == 1 or _controller() is None:
            yield from map(work, parts)
            return
        pool = ThreadPoolExecutor(threads)
        try:
            yield from pool.map(work, parts)
        finally:
            pool.shutdown(cancel_futures=True)


def row_parts(rows: int) -> list[tuple[int, int]]:
    """Return the first row of each part, and the row after its last: one part a core, if there are many rows.

    What is done with parts must not depend on their number.
    """
    size = max(_PART_ROWS, -(-rows // (os.cpu_count() or 1)))
    size = -(-size // _PART_ROWS) * _PART_ROWS
    return [(first, min(first + size, rows)) for first in range(0, rows, size)]


@cache
def _controller() -> Any | None:
    if importlib.util.find_spec("threadpoolctl") is None:
        return None
    return import_module("threadpoolctl").ThreadpoolController()
