"""Functions that numba compiles: the loops over every character and every word of bulk deduplication.

numba is an optional dependency (the extra ``fast``). Without it bulk deduplication takes the incremental path, with the
same answers at a tenth of the speed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar, cast

__all__ = ["can_compile", "compiled", "inlined"]

F = TypeVar("F", bound=Callable[..., object])


def can_compile() -> bool:
    """Return whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def compiled(function: F) -> F:
    """Return ``function`` compiled to machine code on its first call, and kept on disk for the next process.

    The code is that of Python: no reordering of floating-point sums, no unchecked overflow surprises beyond those of
    NumPy's integers. It runs without the interpreter's lock.
    """
    compiler = import_module("numba").njit(cache=True, nogil=True)
    return cast(F, compiler(function))


def inlined(function: F) -> F:
    """Return ``function`` to be compiled into the :func:`compiled` functions that call it.

    A call of its own would count references to every array that it is given, which costs more than most such
    functions do.
    """
    compiler = import_module("numba").njit(inline="always")
    return cast(F, compiler(function))
