"""What every code point is and what it becomes in lower case, as tables for compiled loops."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.population.tokens import CJK_RANGES

__all__ = ["ALONE", "SPACE", "WORD", "UnicodeTables", "is_irregular", "unicode_tables"]

WORD, ALONE, SPACE = 1, 2, 3
"""Classes of characters: part of a word, a word of its own (CJK), white space. All others are 0."""

# Capital sigma becomes one of two letters, depending on what follows; capital I with dot becomes two characters.
_IRREGULAR = re.compile("[Σİ]")


@dataclass(frozen=True)
class UnicodeTables:
    """``lower[c]`` is the lower case of code point ``c``; ``classes[c]`` is the class of a code point in lower case."""

    lower: NDArray[np.int32]
    classes: NDArray[np.uint8]


def is_irregular(text: str) -> bool:
    """Return whether ``text`` has a character whose lower case is not one character that depends on it alone."""
    return _IRREGULAR.search(text) is not None


@cache
def unicode_tables() -> UnicodeTables:
    """Return the tables of this Python's Unicode version."""
    # Not a list of a million characters, which takes 80 MB.
    every = np.arange(sys.maxunicode + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    regular = _IRREGULAR.sub("-", every)
    lower = np.frombuffer(regular.lower().encode("utf-32-le", "surrogatepass"), dtype=np.int32).copy()
    if len(lower) != len(every):
        raise AssertionError(
            f"Unicode {unicodedata.unidata_version} has a lower case of several characters unknown here"
        )
    classes = np.zeros(len(every), dtype=np.uint8)
    for match in re.finditer(r"\w+", every):
        classes[match.start() : match.end()] = WORD
    for first, last in CJK_RANGES:
        part = classes[first : last + 1]
        part[part == WORD] = ALONE
    for match in re.finditer(r"\s+", every):
        classes[match.start() : match.end()] = SPACE
    return UnicodeTables(lower, classes)
