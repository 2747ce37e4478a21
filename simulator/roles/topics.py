"""The words that a text is about, chosen without a model: what a small model is shown instead of a long text.

A model of 135 million parameters loses the thread of a text within a hundred words and then describes whatever came
last. Shown the dozen words that carry the subject, it names the trade they belong to. The choice is by position and
repetition alone, so it is the same everywhere and costs nothing, and no part of a long text is cut off.
"""

from __future__ import annotations

import re
from collections import Counter

from simulator.population.names.common_words import COMMON_WORDS
from simulator.population.tokens import word_grams

__all__ = ["topic_words"]

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…\n\"“(])\s*$")
_BEFORE_NOUN = word_grams("a an the of my our your his her its their this that no new old with for and")
_FALLBACK_WORDS = 40
_LEAST = 4


def topic_words(text: str, most: int = 14) -> str:
    """Return up to ``most`` words that ``text`` is about, in the order in which they stand there, joined by commas.

    Names (capitalised within a sentence), adverbs, past tenses and the commonest words are left out. A text with fewer
    than four such words (another script, a list of numbers) gives its own beginning instead.

    >>> topic_words("The hive is quiet: no queen, no brood, and the frames smell sour. Feed the bees on Monday.")
    'hive, queen, brood, frames, sour, bees'
    """
    weights: Counter[str] = Counter()
    shown: dict[str, str] = {}
    previous = ""
    for match in _WORD.finditer(text):
        word = _POSSESSIVE.sub("", match.group().lower())
        key = _singular(word)
        noun = previous in _BEFORE_NOUN
        if _counts(word, match, text) and (noun or not word.endswith("ing")):
            weights[key] += 3 if noun else 2
            shown.setdefault(key, word)
        previous = word
    best = {key for key, _ in sorted(weights.items(), key=lambda item: -item[1])[:most]}
    chosen = [word for key, word in shown.items() if key in best]
    return ", ".join(chosen) if len(chosen) >= _LEAST else " ".join(text.split()[:_FALLBACK_WORDS])[:300]


def _counts(word: str, match: re.Match[str], text: str) -> bool:
    if len(word) < 4 or word in COMMON_WORDS or _singular(word) in COMMON_WORDS or "'" in word or "’" in word:
        return False
    if word.endswith(("ly", "ed")) and len(word) > 5:
        return False
    return match.group().islower() or bool(_SENTENCE_START.search(text[: match.start()][-4:]))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
