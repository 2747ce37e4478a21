"""Whether anything of a text can be seen."""

from __future__ import annotations

import unicodedata

__all__ = ["unseen"]

_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"))
"""Unicode's categories of characters that show nothing: controls, formats, what is not assigned, white space."""

_BLANK = frozenset(
    map(
        chr,
        (
            0x034F,  # combining grapheme joiner
            *(0x115F, 0x1160, 0x3164, 0xFFA0),  # fillers of Hangul
            *(0x17B4, 0x17B5),  # inherent vowels of Khmer
            *(0x180B, 0x180C, 0x180D, 0x180F),  # variation selectors of Mongolian
            0x2800,  # Braille without a dot
            *range(0xFE00, 0xFE10),  # variation selectors
            *range(0xE0100, 0xE01F0),
            0xFFFD,  # stands for what cannot be stored, such as NUL
        ),
    )
)
"""Characters of other categories that show nothing by themselves."""

_NAMED = 3  # characters that a message names


def unseen(text: str) -> str | None:
    """Return what is wrong with a text of which nothing can be seen, and ``None`` for any other.

    >>> unseen("a midwife"), unseen("...")
    (None, None)
    >>> unseen("\u200b \ufeff")
    'it has no visible text, only U+200B, U+FEFF'
    >>> unseen("")
    'it is empty'
    """
    if any(unicodedata.category(one) not in _UNSEEN and one not in _BLANK for one in text):
        return None
    there = list(dict.fromkeys(f"U+{ord(one):04X}" for one in text if not one.isspace()))
    if not there:
        return "it is empty"
    return f"it has no visible text, only {', '.join(there[:_NAMED])}{', ...' if there[_NAMED:] else ''}"
