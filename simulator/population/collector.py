"""Python's garbage collector, out of the way of large builds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_off", "collector_seldom"]

_YOUNG = 10_000
"""New objects between two looks at the young ones. Python's own 700 are what a single call to a model makes."""


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


@contextmanager
def collector_seldom() -> Iterator[None]:
    """Let the collector run less often while a stage is at work: it took a fifth of the CPU of a call to a model."""
    before = gc.get_threshold()
    gc.set_threshold(max(_YOUNG, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
