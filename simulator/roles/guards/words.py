"""Small measures on words that the detectors share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from sys import intern

from simulator.population.tokens import sentences, word_list

__all__ = [
    "bare_words",
    "content_words",
    "goes_on",
    "longest_run",
    "prose",
    "quoted_share",
    "sentences",
    "shingles",
    "stems",
    "words_of",
]

_KEPT = 4096
"""Texts whose words are remembered: every turn is compared with each later one, by several detectors."""

_FENCED = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n.*?^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_FURNITURE = re.compile(r"#{1,6} |\||[-*_=]{3,}$")
_POINT = re.compile(r"(?:[-*•+]|\(?\d{1,3}[.)])\s+")
_AND_SO_ON = re.compile(r"[,; ]\s{0,3}(?:and|or)$", re.IGNORECASE)
"""What joins a point of a list to the next one."""

_MARKS = ".!?…。！？,;"

_FEWEST_PAIRS = 4

_LONG_TURN = 60
"""Words from which on a turn may take an earlier one up again, as a letter that was asked for once more does."""

_NEW_SHARE = 0.25
_OLD_PAIRS = 0.6

_FUNCTION_WORDS = (
    "a about after again all also always am an and any are as at be because been before being but by can "
    "could did do does "
    "don down each even every few for from get got had has have having he her here him his how i if in into is it its "
    "just like ll make many me more most much must my need no nor not now of off on one only or other our out over "
    "own re s same she should so some still such t take than that the their them then there these they this those "
    "through to too under until up use ve very was way we were what when where which while who why will with would "
    "you your yours m d"
)
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
"""English words that carry no topic, and the pieces that contractions leave."""

_ENDING = re.compile(r"(?:ing|ed|en|es|er|e|s)$")
_PAST = (
    "bred breed kept keep sold sell wrote write written write taught teach built build drove drive driven drive "
    "rode ride ridden ride made make ran run grew grow grown grow sang sing sung sing drew draw drawn draw flew fly "
    "flown fly caught catch bought buy spoke speak spoken speak wove weave woven weave"
)
_FORMS = _PAST.split()
_IRREGULAR = dict(zip(_FORMS[::2], _FORMS[1::2], strict=True))
_SHORT = 4
"""Letters up to which a word is its own stem."""


@lru_cache(maxsize=_KEPT)
def prose(text: str) -> str:
    """Return what of ``text`` is sentences: no code blocks, headings and tables; the points of a list end with a mark.

    A code block that nothing closes stays, because it is a turn that was cut.

    >>> prose("Try this:\\n```\\nls -la\\n```\\n- the first\\n- the second")
    'Try this.\\nthe first.\\nthe second.'
    """
    lines = (line.strip() for line in _FENCED.sub("\n", text).splitlines())
    return "\n".join(_as_sentence(line) for line in lines if line and not _FURNITURE.match(line))


def _as_sentence(line: str) -> str:
    point = _POINT.match(line)
    said = _AND_SO_ON.sub("", line[point.end() :]) if point else line
    if said.endswith(":"):
        return f"{said[:-1]}."
    return f"{said}." if point and said and said[-1] not in _MARKS else said


@lru_cache(maxsize=_KEPT)
def words_of(text: str) -> tuple[str, ...]:
    """Return the lower-cased words of ``text``, each kept once for all texts."""
    return tuple(map(intern, word_list(text)))


@lru_cache(maxsize=_KEPT)
def content_words(text: str) -> frozenset[str]:
    """Return the words of ``text`` that carry a topic, plural and singular as one."""
    words = (word for word in words_of(text) if word not in _FUNCTION)
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words)


@lru_cache(maxsize=_KEPT)
def stems(text: str) -> frozenset[str]:
    """Return the topic words of ``text`` without their endings."""
    return frozenset(_stem(word) for word in content_words(text))


@lru_cache(maxsize=_KEPT)
def bare_words(text: str) -> str:
    """Return the words of ``text`` in their order, without endings."""
    return " ".join(map(_stem, words_of(text)))


@lru_cache(maxsize=4 * _KEPT)
def _stem(word: str) -> str:
    """Return a word without its ending, so that "logged", "logs" and "logging" are one."""
    word = _IRREGULAR.get(word, word)
    bare = word
    for _ in range(2):  # "suffered", "suffers" and "suffer" are all "suff"
        bare = _ENDING.sub("", bare) if len(bare) > _SHORT else bare
    if len(bare) == _SHORT and bare.endswith("e"):
        bare = bare[:-1]  # "dive" as "diving"
    return bare[:-1] if len(bare) > 2 and bare[-1] == bare[-2] else bare


def shingles(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Return the runs of ``size`` neighbouring words, in order, repeated ones included."""
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


def quoted_share(part: str, whole: str) -> float:
    """Return how much of ``part`` stands in ``whole``: the share of its word pairs, 0 to 1.

    Texts with fewer than four pairs score 0: short answers share them by chance.
    """
    mine = _pairs(part)
    return len(mine & _pairs(whole)) / len(mine) if len(mine) >= _FEWEST_PAIRS else 0.0


@lru_cache(maxsize=_KEPT)
def _pairs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(shingles(words_of(text), 2))


def goes_on(turn: str, earlier: Sequence[str]) -> bool:
    """Return whether a long ``turn`` says much that is new, whatever of ``earlier`` it says again.

    Whoever is asked for another version of a letter, or for the next step of a calculation, repeats what stays. New is
    a sentence of which most word pairs stand in no earlier turn, and a quarter of the words must stand in such ones.
    """
    words = len(words_of(turn))
    if words < _LONG_TURN:
        return False
    new = [one for one in sentences(turn) if all(quoted_share(one, text) < _OLD_PAIRS for text in earlier)]
    return sum(len(words_of(one)) for one in new if len(_pairs(one)) >= _FEWEST_PAIRS) >= _NEW_SHARE * words


def longest_run(part: str, whole: str, least: int) -> str:
    """Return the longest run of at least ``least`` words (two or more) that both texts have, or nothing."""
    mine, words = _pairs(part), words_of(part)
    shared, again = len(mine & _pairs(whole)), len(words) - 1 - len(mine)
    if shared + again < least - 1:  # a run is made of as many pairs as both have, or that come again in the part
        return ""
    size, found = least, ""
    while runs := {*shingles(words_of(whole), size)} & {*shingles(words, size)}:
        found, size = " ".join(min(runs)), size + 1
    return found
