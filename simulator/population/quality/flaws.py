"""Heuristic flaws of a persona's text, each with a name, so that they can be counted.

They are cheap and know no grammar: each looks for what its flaw usually looks like, and says what it found. A text
without a flaw may still be poor; a text with one is worth a second look, or a rejection with that reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from simulator.models.base import normalise_text
from simulator.models.flaw import FlawName
from simulator.population.quality.languages import LANGUAGES, guess_language
from simulator.population.quality.person_words import (
    COLLECTIVES,
    GIVEN_NAMES,
    GROUPS,
    NUMBERS,
    PLURAL_PEOPLE,
    THINGS,
    TITLES,
    UNLIKE_SURNAMES,
)

__all__ = [
    "FLAWS",
    "USUAL",
    "Flaw",
    "count_flaws",
    "find_flaw",
    "instruction_leftover",
    "mentions_individual",
    "named_individual",
    "not_a_person",
    "several_people",
    "wrong_language",
]

FLAWS: tuple[FlawName, ...] = get_args(FlawName)
"""The flaws in the order in which :func:`find_flaw` looks for them."""

USUAL: tuple[FlawName, ...] = FLAWS[:-1]
"""Those that are looked for unless somebody says otherwise: a fan of a singer is nobody in particular."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a text, and the words that show it."""

    name: FlawName
    found: str


_LEFTOVER = re.compile(
    r"^(?:sure|certainly|of course|okay|ok)\b[,!.:]"
    r"|^(?:here(?:'s| is| are)|below (?:is|are))\b"
    r"|^(?:persona|person|answer|output|response|description|character|reader|writer|text|name|input|example|note)"
    r"(?: ?\d+)?\s*:"
    r"|\bas an? (?:ai|artificial|language model)\b|\blanguage model\b(?= i\b|,)|\bi(?:'m| am) sorry\b|\bi cannot\b"
    r"|\bthe (?:given|above|following|provided|source) (?:text|passage|persona|sentence|article|description)\b"
    r"|\b(?:likely|would|probably|might) (?:be )?(?:to )?(?:read|write|like|dislike)(?:s|ing)? (?:this|the|such a) "
    r"(?:text|passage)\b"
    r"|\bthis (?:text|passage|persona)\b|\bthe persona\b"
    r"|\[(?:insert|your|name|occupation|job|age|place|city|persona|blank)[^\]]*\]|\{\{?\s*\w+\s*\}?\}|<\|?\w+\|?>"
    r"|```|\*\*|^#+ |^\s*[{\[]\s*[\"{]|\\n|\\\"",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:^|\s)1[.)] .+\s2[.)] ")
_HEAD_END = re.compile(
    r"[,;:.!?(]|\s(?:who|whom|whose|which|that|with|without|of|in|on|at|for|from|to|by|near|about|and|or|as|after|"
    r"looking|seeking|speciali[sz]ing|working|living|using|trying|hoping|planning|needing|wanting|aiming|being|offering|"
    r"providing|dealing|facing|having|struggling|running|studying|speciali[sz]ed|trained|known|responsible|interested|"
    r"eager|based|born|dedicated|is|was|has|[a-z]+ing (?=(?:an?|the|this|his|her|their|its)\b))\b"
)
_DETERMINER = re.compile(r"^(?:an?|the|this|one|my|our|his|her|their)\s+", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w'’]+\.?(?: (?:[A-Z]\.|[A-Z][\w'’]+|van|von|de|da|del|bin|al))* [A-Z][\w'’-]+")
_ALIAS = re.compile(
    r"(?:\b(?:alias|pen name|stage name|nickname|goes by|my name is)|^I am|^I'm)(?: of| is)?[\s:,\"“'‘(]*$",
    re.IGNORECASE,
)
_CALLED = re.compile(r"\b(?:who is )?(?:named|called|known as)[\s\"“'‘]*$", re.IGNORECASE)
_OWN_END = re.compile(
    r"[\"”’')]*(?:$|[,.;:!?(–—-]| (?:who|whose|that|is|was|has|had|from|of|in|at|with|works|lives|teaches|runs|writes|"
    r"loves|likes|enjoys)\b)"
)


def instruction_leftover(text: str) -> Flaw | None:
    """Return a flaw if ``text`` has words of the prompt, of a preamble, of markup or of a placeholder in it."""
    match = _LEFTOVER.search(text.strip())
    return Flaw("instruction leftover", match.group().strip()) if match else None


def wrong_language(text: str, language: str = "en") -> Flaw | None:
    """Return a flaw if ``text`` is clearly in another language than ``language`` (a code of ISO 639-1).

    Of a language that :func:`guess_language` does not know nothing is said: it would be taken for a related one.
    """
    guess = guess_language(text) if language in LANGUAGES else None
    return Flaw("wrong language", guess) if guess is not None and guess != language else None


def several_people(text: str) -> Flaw | None:
    """Return a flaw if ``text`` is about a group, a pair or a list of people."""
    if _LISTED.search(text):
        return Flaw("several people", "1. ... 2. ...")
    normal = _cased(text)
    head = _head(normal).split()
    bare = not _DETERMINER.match(normal)
    if head and bare and (head[0].lower() in NUMBERS or head[-1].lower() in PLURAL_PEOPLE):
        return Flaw("several people", " ".join(head))
    after = normal[_head_start(normal) + len(_head(normal)) :].lstrip()
    if head and head[-1].lower() in COLLECTIVES and after.startswith("of "):
        return Flaw("several people", f"{head[-1]} of")
    # "A family and estate lawyer": joined by "and" or a comma, the first noun need not be what it is about.
    if head and head[-1] in GROUPS and not re.match(r",|and |or ", after):
        return Flaw("several people", head[-1])
    match = re.match(
        r"(?:an? |the )?(?:husband and wife|mother and (?:son|daughter)|father and (?:son|daughter))", normal, re.I
    )
    return Flaw("several people", match.group()) if match else None


def not_a_person(text: str) -> Flaw | None:
    """Return a flaw if ``text`` is a question, a command, about a thing, or has no letter in it."""
    normal = _cased(text)
    if not any(map(str.isalpha, normal)):
        return Flaw("not a person", normal[:20])
    if normal.endswith("?"):
        return Flaw("not a person", "?")
    head = _head(normal)
    words = head.split()
    if not words:
        return Flaw("not a person", normal[:20])
    # "A history and geography teacher": joined by "and", the first noun need not be what it is about.
    joined = re.match(r",? ?(?:and|or) ", normal[_head_start(normal) + len(head) :])
    # "A University of Ghent lecturer": a capitalised noun belongs to a name; "AI" is written so on its own.
    if words[-1].lower() in THINGS and (words[-1][0].islower() or words[-1].isupper()) and not joined:
        return Flaw("not a person", words[-1])
    match = re.match(
        r"(?:it|there|this|these|what|how|why|when|where|if|let|please|write|create|describe) ", normal, re.I
    )
    return Flaw("not a person", match.group().strip()) if match else None


def named_individual(text: str) -> Flaw | None:
    """Return a flaw if the person of ``text`` has a name: a given name or a title, and a surname.

    Whether that somebody lives cannot be known from here, and a persona needs no name. Fans, colleagues and relatives
    of somebody with a name are not that somebody (see :func:`mentions_individual`).
    """
    normal = normalise_text(text)
    own = (match.group() for match in _names(normal) if _is_own(normal, match))
    return next((Flaw("names a real individual", name) for name in own), None)


def mentions_individual(text: str) -> Flaw | None:
    """Return a flaw if ``text`` names somebody, be it the person of the text or somebody they have to do with."""
    return next((Flaw("mentions an individual", match.group()) for match in _names(normalise_text(text))), None)


def find_flaw(text: str, language: str = "en", wanted: Collection[str] = USUAL) -> Flaw | None:
    """Return the first flaw of ``text``, or ``None``.

    Args:
        text: The persona.
        language: What it should be written in, a code of ISO 639-1.
        wanted: The flaws to look for.
    """
    checks: tuple[Callable[[str], Flaw | None], ...] = (
        instruction_leftover,
        lambda text: wrong_language(text, language),
        several_people,
        not_a_person,
        named_individual,
        mentions_individual,
    )
    found = (check(text) for name, check in zip(FLAWS, checks, strict=True) if name in wanted)
    return next((flaw for flaw in found if flaw), None)


def count_flaws(texts: Iterable[str], language: str = "en") -> dict[FlawName, int]:
    """Return how many of ``texts`` have each flaw first; flaws that none has are counted 0."""
    found = Counter(flaw.name for flaw in (find_flaw(text, language, FLAWS) for text in texts) if flaw)
    return {name: found[name] for name in FLAWS}


def _cased(text: str) -> str:
    """Return ``text`` normalised, in small letters if it is all capitals: these tell no word from another."""
    normal = normalise_text(text)
    return normal.lower() if normal.isupper() and " " in normal else normal


def _names(normal: str) -> Iterator[re.Match[str]]:
    for match in _NAME.finditer(normal):
        if _is_name([word.rstrip(".") for word in match.group().split()]):
            yield match


def _is_own(normal: str, name: re.Match[str]) -> bool:
    """Return whether ``name`` is that of the person whom ``normal`` describes, and not of somebody they mention."""
    before, after = normal[: name.start()], normal[name.end() :]
    if name.group().endswith(("'s", "’s")) or after.startswith(("'", "’")):
        return False  # "Anna Berg's pupil" is the pupil
    if _ALIAS.search(before):
        return True
    # "Anna Berg, a nurse", "the nurse Anna Berg", "a nurse named Anna Berg", "a nurse: Anna Berg": the name is the head
    # or stands beside it. "a pupil of Anna Berg" and "an Anna Berg collector" have another one.
    lead = _CALLED.sub("", before).rstrip(" ,:;(\"“'‘–—-")
    return _HEAD_END.search(lead) is None and _OWN_END.match(after) is not None


def _is_name(words: list[str]) -> bool:
    """Return whether capitalised ``words`` are a person's name rather than a place, a work or an institution."""
    lower = [word.lower() for word in words]
    if lower[-1] in UNLIKE_SURNAMES or lower[1] in UNLIKE_SURNAMES:
        return False
    return lower[0] in GIVEN_NAMES or (lower[0] in TITLES and words[0][0].isupper() and len(words) > 1)


def _head_start(normal: str) -> int:
    match = _DETERMINER.match(normal)
    return match.end() if match else 0


def _head(normal: str) -> str:
    """Return the noun phrase that ``normal`` begins with, without its article: ``retired lock keeper``."""
    rest = normal[_head_start(normal) :]
    end = _HEAD_END.search(rest)
    return rest[: end.start()] if end else rest
