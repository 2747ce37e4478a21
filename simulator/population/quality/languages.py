"""Which language a short text is in, by its script and its commonest words. Enough to notice the wrong one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

from simulator.population.tokens import word_list

__all__ = ["LANGUAGES", "guess_language"]

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("CJK", "zh"),
    ("CYRILLIC", "ru"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("GREEK", "el"),
    ("DEVANAGARI", "hi"),
    ("THAI", "th"),
)

_COMMON: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "a an the of and to in who with for from is that his her their on by at as whose has are she he they it "
        "about works was which after into how never not but while every used people person where when what would do",
        "es": "un una el la los las de que y en con para por su sus es se del al lo como más le está quien",
        "fr": "un une le la les des de du qui et en dans avec pour par son sa ses est au aux sur ne pas ce dont",
        "de": "ein eine einer eines der die das den dem und mit für von im am ist sich nicht auf zu aus bei als wie",
        "it": "un uno una il lo la gli le di del della che e in con per da è al alla nel suo sua i come si più",
        "pt": "um uma o a os as de do da dos das que e em no na com para por é seu sua se ao mais como",
        "nl": "een de het van en in met die dat voor op is zijn aan te bij haar niet om uit als ook",
        "pl": "i w z na do się że jest który która przez dla od nie po jak oraz swoje swojej za ze",
    }.items()
}

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(language for language, common in _COMMON.items() if word in common)
    for word in frozenset[str]().union(*_COMMON.values())
}
"""Each common word with the languages that it is one of."""

LANGUAGES: tuple[str, ...] = tuple(dict.fromkeys([*_COMMON, *(language for _, language in _SCRIPTS)]))
"""The codes (ISO 639-1) that :func:`guess_language` can return."""

_ENGLISH_ENDINGS = ("ing", "ness", "ship", "ist", "ian", "er", "or", "tion", "ed", "ly")


@lru_cache(maxsize=4096)
def guess_language(text: str) -> str | None:
    """Return the code of the language that ``text`` is most likely in.

    Returns:
        ``None`` if the text is too short or too mixed to tell.

    >>> guess_language("a ferry captain who collects old maps")
    'en'
    >>> guess_language("un capitán de barco que colecciona mapas")
    'es'
    """
    if text.isascii():
        return _by_words(word_list(text)) if any(map(str.isalpha, text)) else None
    scripts = Counter(map(_script, filter(str.isalpha, text)))
    if not scripts:
        return None
    script, letters = scripts.most_common(1)[0]
    if script == "LATIN":
        return _by_words(word_list(text))
    if letters * 10 < 6 * scripts.total():
        return None
    if script == "CJK" and (scripts["HIRAGANA"] or scripts["KATAKANA"]):
        return "ja"
    return dict(_SCRIPTS).get(script)


def _by_words(words: list[str]) -> str | None:
    hits = dict.fromkeys(_COMMON, 0)
    for word in words:
        for language in _LANGUAGES_OF.get(word, ()):
            hits[language] += 1
    # Persona texts are noun phrases: an English one may have no common word but its article.
    english = hits.pop("en") + len([word for word in words if word.endswith(_ENGLISH_ENDINGS)]) // 2
    ranked = sorted(hits, key=lambda language: -hits[language])
    if english >= hits[ranked[0]]:
        return "en" if english else None
    # "a" and "do" are words of several languages: one word more is not enough against English.
    clear = hits[ranked[0]] > hits[ranked[1]] and hits[ranked[0]] >= english + 2
    return ranked[0] if clear else None


@lru_cache(maxsize=65536)
def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split()[0].split("-")[0]
