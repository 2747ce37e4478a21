"""Word 1-grams and their true Jaccard similarity: what the lexical stage compares.

A text's 1-grams are the set of its lower-cased Unicode word tokens (``\\w+``). Scripts that write no spaces have no
such tokens, so Chinese characters and Japanese kana count one by one. Korean puts spaces between its words and needs
no exception.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache

__all__ = ["CJK_RANGES", "jaccard", "sentences", "word_grams", "word_list"]

CJK_RANGES: tuple[tuple[int, int], ...] = (
    (0x3005, 0x3007),  # iteration mark, closing mark, ideographic zero
    (0x3041, 0x3096),  # hiragana
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),  # katakana, without the middle dot
    (0x30FC, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # ideographs, extension A
    (0x4E00, 0x9FFF),  # ideographs
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0xFF66, 0xFF9D),  # half-width katakana
    (0x20000, 0x3FFFF),  # the ideographic planes
)
"""Inclusive ranges of the code points that are tokens of their own (where they are word characters at all)."""

_CJK = "".join(f"{chr(first)}-{chr(last)}" for first, last in CJK_RANGES)
# A CJK character on its own, or a longest run of word characters without one.
_TOKEN = re.compile(rf"(?=\w)[{_CJK}]|[^\W{_CJK}]+")
_ASCII_TOKEN = re.compile(r"\w+", re.ASCII)
_END = re.compile(r"(?<=[.!?。！？])[\"'”’)]*\s+|\n+")


def word_grams(text: str) -> frozenset[str]:
    """Return the word 1-grams of ``text``: its lower-cased word tokens, each once.

    The text is brought to Unicode NFC first, so that two spellings of the same characters are the same tokens.

    >>> sorted(word_grams("A nurse, a NURSE on the night-shift"))
    ['a', 'night', 'nurse', 'on', 'shift', 'the']
    >>> sorted(word_grams("看护 nurse"))
    ['nurse', '护', '看']
    """
    return frozenset(word_list(text))


def word_list(text: str) -> list[str]:
    """Return the lower-cased word tokens of ``text`` as they stand in it."""
    return [*_words(text)]


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """Return the word tokens; a dozen checks in a row look at the words of the same reply."""
    if text.isascii():  # four times faster, and most texts
        return tuple(_ASCII_TOKEN.findall(text.lower()))
    return tuple(_TOKEN.findall(unicodedata.normalize("NFC", text).lower()))


def jaccard(left: AbstractSet[object], right: AbstractSet[object]) -> float:
    """Return the Jaccard similarity of two sets, 0.0 to 1.0.

    Two empty sets score 0.0: texts without a single word have no words in common, and identical ones are caught
    before any set is compared.

    >>> jaccard({"a", "b", "c"}, {"b", "c", "d"})
    0.5
    """
    common = len(left & right)
    union = len(left) + len(right) - common
    return common / union if union else 0.0


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, trimmed, without empty ones."""
    return [piece.strip() for piece in _END.split(text) if piece and piece.strip()]
