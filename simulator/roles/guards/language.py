"""Which script and which language a short text is in, as far as that can be told from its commonest words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

from simulator.population.tokens import word_list

__all__ = ["language_of", "script_of"]

_COMMON = {
    "English": "the and is are was you your to of in it that this with for my how what can do not be have will should "
    "a i on no as so at by we they if or but from has had would could there their then me an about when which",
    "German": "der das und ist sind nicht ich sie wir mit für ein eine einen auf zu wie kann auch den dem mein sich es",
    "French": "le la les et est sont je vous nous avec une des du que qui dans pas comment mon ma votre sur au ce",
    "Spanish": "el la los las y es yo usted con para un una de del que en cómo mi su por lo puedo está muy",
    "Italian": "il la gli e è sono io lei con un una di del che non mio mia si lo posso della nel anche questo",
    "Portuguese": "o os e é são eu você com para um uma da que em não meu minha por na posso mais isso muito",
    "Dutch": "de het een en zijn ik je met voor te hoe wat niet ook mijn dat maar wel naar deze",
    "Polish": "i w nie się na jest że z jak co mogę moja mój dla czy po ale są tak tego już",
}
"""Commonest words of the Latin-script languages that models drift into, without those that are English words too."""

_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_LANGUAGES_OF = {
    word: tuple(language for language, common in _WORDS.items() if word in common)
    for word in frozenset[str]().union(*_WORDS.values())
}
_LEAST = 3
_LEAD = 2


@lru_cache(maxsize=1024)
def language_of(text: str) -> str | None:
    """Return the language whose common words ``text`` uses, or ``None`` when it cannot be told.

    At least three hits, and two more than the runner-up: a short text in a mix of languages is not judged.
    """
    votes = Counter(dict.fromkeys(_COMMON, 0))
    for word in word_list(text):
        for language in _LANGUAGES_OF.get(word, ()):
            votes[language] += 1
    (first, most), (_, second) = votes.most_common(2)
    return first if most >= _LEAST and most - second >= _LEAD else None


@lru_cache(maxsize=1024)
def script_of(text: str) -> str | None:
    """Return the script that most letters of ``text`` are in (``LATIN``, ``CYRILLIC``, ``CJK`` ...).

    ``None`` with fewer than eight letters of it, or when another script has more than a third as many.
    """
    if text.isascii():
        return "LATIN" if sum(map(str.isalpha, text)) >= 8 else None
    letters = Counter(map(_script, filter(str.isalpha, text)))
    if not letters:
        return None
    ranked = [*letters.most_common(2), ("", 0)]
    (first, most), (_, second) = ranked[:2]
    wide = first in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
    return (
        ("CJK" if wide else first) if most >= (3 if wide else 8) and second * 3 <= most * (3 if wide else 1) else None
    )


@lru_cache(maxsize=65536)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
