"""Functions that numba compiles: the loops over every character and every word of bulk deduplication.

numba is an optional dependency (the extra ``fast``). Without it bulk deduplication takes the incremental path, with the
same answers at a tenth of the speed.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TypeVar, cast

__all__ = ["can_compile", "compiled", "inlined"]

F = TypeVar("F", bound=Callable[..., object])

log = logging.getLogger(__name__)


@cache
def can_compile() -> bool:
    """Return whether numba is installed and fits the installed NumPy, which it refuses at its import if it is newer."""
    if importlib.util.find_spec("numba") is None:
        return False
    try:
        import_module("numba")
    except ImportError as error:
        log.warning("numba is installed and cannot be used: %s; deduplication is slower, with the same answers", error)
        return False
    return True


def compiled(function: F) -> F:
    """Return ``function`` compiled to machine code on its first call, and kept on disk for the next process.

    The code is that of Python: no reordering of floating-point sums, no unchecked overflow surprises beyond those of
    NumPy's integers. It runs without the interpreter's lock. Where no folder can be written (a container without a
    home), nothing is kept, and each process compiles for some ten seconds.
    """
    numba = import_module("numba")
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, numba.njit(nogil=True)(function))


def inlined(function: F) -> F:
    """Return ``function`` to be compiled into the :func:`compiled` functions that call it.

    A call of its own would count references to every array that it is given, which costs more than most such
    functions do.
    """
    compiler = import_module("numba").njit(inline="always")
    return cast(F, compiler(function))
