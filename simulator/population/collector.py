"""Python's garbage collector, out of the way of large builds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_off"]


@contextmanager
def collector_off() -> Iterator[None]:
    """Switch cyclic garbage collection off while millions of small objects are made, none of them garbage.

    The collector would walk all of them again and again: it takes up to half of the time of a large build.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
