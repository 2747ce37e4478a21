"""Which script and which language a short text is in, as far as that can be told from its commonest words."""

from __future__ import annotations

import unicodedata
from collections import Counter

from simulator.population.tokens import word_list

__all__ = ["language_of", "script_of"]

_COMMON = {
    "English": "the and is are was you your to of in it that this with for my how what can do not be have will should",
    "German": "der die das und ist sind nicht ich sie wir mit für ein eine einen auf zu wie was kann auch den dem mein",
    "French": "le la les et est sont je vous nous avec pour un une des du que qui dans pas comment mon ma votre sur au",
    "Spanish": "el la los las y es son yo usted con para un una de del que en no cómo mi su por se lo puedo está",
    "Italian": "il la gli e è sono io lei con per un una di del che in non come mio mia si lo posso della nel anche",
    "Portuguese": "o a os as e é são eu você com para um uma de do da que em não como meu minha por se no na posso",
    "Dutch": "de het een en is zijn ik je u wij met voor op te hoe wat kan niet ook mijn van dat die in er maar wel",
    "Polish": "i w nie się na jest to że z do jak co mogę moja mój dla czy po ale są tak tego już",
}
"""Commonest words of the Latin-script languages that models drift into; a vote, not a dictionary."""

_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_LEAST = 3
_LEAD = 2


def language_of(text: str) -> str | None:
    """Return the language whose common words ``text`` uses, or ``None`` when it cannot be told.

    At least three hits, and two more than the runner-up: a short text in a mix of languages is not judged.
    """
    words = word_list(text)
    votes = Counter({language: sum(word in common for word in words) for language, common in _WORDS.items()})
    (first, most), (_, second) = votes.most_common(2)
    return first if most >= _LEAST and most - second >= _LEAD else None


def script_of(text: str) -> str | None:
    """Return the script that most letters of ``text`` are in (``LATIN``, ``CYRILLIC``, ``CJK`` ...).

    ``None`` with fewer than eight letters of it, or when another script has more than a third as many.
    """
    letters = Counter(_script(letter) for letter in text if letter.isalpha())
    if not letters:
        return None
    ranked = [*letters.most_common(2), ("", 0)]
    (first, most), (_, second) = ranked[:2]
    wide = first in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
    return (
        ("CJK" if wide else first) if most >= (3 if wide else 8) and second * 3 <= most * (3 if wide else 1) else None
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
