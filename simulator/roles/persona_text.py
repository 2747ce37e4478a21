"""The description of a person as text: how long it may be, how small faults of it are mended, and how plain it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.models.base import normalise_text
from simulator.population.tokens import word_list
from simulator.roles.detail import WORDS
from simulator.roles.people_words import names_person

__all__ = ["MAX_CHARACTERS", "MAX_WHO", "mend_persona", "mend_who", "mended", "plain_persona", "plainness"]

MAX_CHARACTERS = 400
"""Longest description: about sixty words, two full sentences."""

MAX_WHO = 120
"""Longest name for what somebody is."""

_LEAST_WORDS, _ = WORDS["medium"]

_OPENER = re.compile(
    r"^(?:this|the|that|their|his|her|such an?|one|a) (?:[\w'’-]+ ){0,8}?"
    r"(?:is|was|works as|earns a living as|has a job as|makes a living as|may be|could be|would be|might be)"
    r" (?:most likely |probably |likely )?(?=an?\b)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r",? (?:named|called|known as|by the name of) (?:the )?[\"“]?(?:Dr\.? |Mr\.? |Mrs\.? |Ms\.? )?"
    r"[A-ZÀ-Þ][\w'’.\"”-]*(?: [A-ZÀ-Þ][\w'’\"”-]*)*,?"
)
_DAYS = re.compile(
    r",? and (?:their|his|her) (?:daily work|daily routine|daily life|daily tasks?|work|job|day|duty|role|occupation|"
    r"profession)(?: \w+)? (involves?|includes?|consists of|is to|is filled with|is all about)\b"
)
_WORKS = {"involve": "involves", "include": "includes"}
_TWO_QUALITIES = re.compile(r"^(an? )([\w-]+)(?:,| and|, and) (?!their|his|her)[\w-]+ (?=[a-z])")
_AFTER_WHO = re.compile(r"[,;:.(\n]|\b(?:who|whose|that|which|with|in|at|on|from|for|named|and|or|but|is|has)\b")
_TURN = re.compile(
    r"(?:,? (?:but|and|or)|, which|;| -|,)"
    r" (?:they|their|he|she|his|her|it|its|the text|also has|has|is|are|was|which)\b.*$"
)
_PRAISE = re.compile(
    r"\b(?:passion(?:ate)?|dedicat(?:ed|ion)|skill(?:ed|s|ful)?|expertise|talented|beautiful|amazing|creative|unique|"
    r"exceptional|renowned|meticulous|innovative|love of|knack|journey|world of|various|variety|diverse)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|the)\b", re.IGNORECASE)
_LIFE = re.compile(r"\b(?:who|whose)\b")

_BEFORE_VOWEL = re.compile(r"^a (?=a|i|e(?!u)|o(?!ne\b|nce\b))", re.IGNORECASE)
"""Where "a" must be "an"; a European and a one-legged sailor keep theirs, and a word with u is left as it is."""


def plain_persona(text: str) -> str:
    """Return ``text`` as a noun phrase or sentences, without quotes and without the beginning of a reply.

    >>> plain_persona('"This person is a beekeeper who is afraid of bees."')
    'a beekeeper who is afraid of bees'
    """
    text = _OPENER.sub("", normalise_text(text).strip('"“”* '))
    text = _lowered(text)
    return text.removesuffix(".") if ". " not in text else text


def mend_persona(text: str) -> str:
    """Return ``text`` as a description, without what small models add: the name of nobody, a quality too many, a turn.

    >>> mend_persona('This person is an experienced beekeeper named Ada, and their daily work involves the hives.')
    'an experienced beekeeper whose daily work involves the hives'
    """
    text = normalise_text(text).strip('"“”* ')
    text = _OPENER.sub("", text)
    text = _one_quality(_NAMED.sub("", text))
    text = _DAYS.sub(lambda m: f" whose daily work {_WORKS.get(m.group(1), m.group(1))}", text)
    text = _without_turn(_lowered(text))
    text = _BEFORE_VOWEL.sub("an ", re.sub(r"\s+([,.])", r"\1", text).strip(" ,;"))
    return text.removesuffix(".") if ". " not in text else text


def _lowered(text: str) -> str:
    """Return ``text`` with the article that it begins with in lower case."""
    return _ARTICLE.sub(lambda m: m.group().lower(), text)


def _one_quality(text: str) -> str:
    """Return a noun phrase without the second of two qualities ("an experienced and skilled"), a habit of praise."""
    return _TWO_QUALITIES.sub(lambda m: m.group() if names_person(m.group(2)) else f"{m.group(1)}{m.group(2)} ", text)


def _without_turn(text: str) -> str:
    """Return a noun phrase without the new sentence that it runs into (", but they ..."), if enough is left."""
    kept = _TURN.sub("", text) if ". " not in text else text
    return kept if len(word_list(kept)) > _LEAST_WORDS else text


def mend_who(text: str) -> str:
    """Return the noun phrase that ``text`` names somebody by, with its article.

    >>> mend_who("This person is an experienced and skilled gardener, but they're not old")
    'an experienced gardener'
    """
    text = _one_quality(_OPENER.sub("", normalise_text(text).strip('"“”* ')))
    end = _AFTER_WHO.search(text, 3)
    text = (text[: end.start()] if end else text).strip()
    if text and not re.match(r"(?:an?|the) ", text, re.IGNORECASE) and text.isascii():
        text = f"{'an' if text[0].lower() in 'aeiou' else 'a'} {text}"
    return _BEFORE_VOWEL.sub("an ", _lowered(text))


def mended(output: Any, **mend: Callable[[str], str]) -> Any:
    """Return ``output`` with each named field mended; a field that is not answered yet (asked for apart) stays away."""
    fields = {name: getattr(output, name) for name in type(output).model_fields if hasattr(output, name)}
    return type(output).model_construct(None, **{n: mend[n](v) or v if n in mend else v for n, v in fields.items()})


def plainness(text: str) -> float:
    """Return a small bonus for saying what the person does, and a malus for praise; between -0.2 and 0.05."""
    return (0.05 if _LIFE.search(text) else 0.0) - min(0.2, 0.05 * len(_PRAISE.findall(text)))
