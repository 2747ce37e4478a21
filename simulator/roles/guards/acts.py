"""Dialogue acts: what a sentence does in a talk (asks, tells, offers, advises ...), read from its commonest words.

English only. A word is taken as its class ("send", "book" and "refund" are ``DEAL``), so that few examples teach much.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["OWN", "Said", "read"]

_CLASSES = {
    "SERVE": "help helps helping assist assistance support offer offers offered offering provide guide suggest "
    "recommend recommended advise handle process serve service",
    "DEAL": "send sent book booked reserve reserved refund refunded cancel cancelled repair repaired deliver "
    "delivered order ordered transfer transferred forward forwarded exchange confirm confirmed issue note "
    "noted register registered schedule scheduled ship shipped collect charge charged moved arrange "
    "arranged receive received located added passed changed replaced update updated upgrade upgraded "
    "include included mark marked unlock unlocked",
    "HANDLE": "put place use add apply keep cut wash rinse dry hang wipe clean store cover spread soak boil mix "
    "stir heat fill press remove lift turn tighten loosen wrap brush spray water feed lay tie pour "
    "measure tape glue sand run plug unplug cool warm bake raise lower move test weigh attach fix shake "
    "hold flatten replace install reset restart select enter type click open close save check avoid "
    "practise practice start begin choose buy read write draw leave let give take bring make set try "
    "consider remember ensure look ask tell say think describe slice dab pick stay rest focus aim",
    "GOOD": "great good lovely wonderful excellent perfect fantastic beautiful nice clever brilliant amazing fine "
    "valid exactly",
    "WANT": "want wants wanted need needed wish prefer hope rather",
    "TIME": "monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december today tomorrow tonight morning afternoon evening noon "
    "week weeks day days hour hours minute minutes month months year years am pm",
    "DET": "a an the this that these those",
    "PREP": "in on at from with by into over under between through after before until within near",
    "BE": "is are was were 's 're be been being",
    "USUAL": "usually normally typically generally often always tend tends common commonly normal mostly",
    "SORRY": "sorry apologise apologize apologies unfortunately afraid regret",
    "NUMBER": "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred half",
    "THING": "number code name address receipt invoice reference id card policy account details date copy photo "
    "photos photograph photographs file certificate letter form",
    "OTHERS": "he she they him her them his their it its",
    "MUST": "should must ought",
}
_CLASS = {word: name for name, words in _CLASSES.items() for word in words.split()}

_TOKEN = re.compile(r"\d[\d.,:/-]*|n't|'(?:m|s|re|ve|ll|d)\b|[^\W\d_]+(?=n't)|[^\W\d_]+|[?]")
_POINT = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_LEADS_WORDS = (
    "absolutely actually ah alright also and but certainly course exactly fine first good great hm hmm just next "
    "no now of oh ok okay or perfect please right simply so sure thanks then well yes"
)
_LEADS = frozenset(_LEADS_WORDS.split())
"""Words that a sentence may begin with without changing what it does."""

_ASKING_WORDS = (
    "am are can could did do does had has have how is may might shall should was were what when where which who "
    "whom whose why will would"
)
_ASKING = frozenset(_ASKING_WORDS.split())
_I = frozenset(["i", "me", "my", "mine"])
_WE = frozenset(["we", "us", "our", "ours"])
_YOU = frozenset(["you", "your", "yours"])
OWN = _I | _WE | {"myself"}
"""Words by which somebody speaks of themselves."""

_MODALS = frozenset(["can", "could", "may", "might", "should", "must", "need", "have", "'ll", "will", "'d", "would"])
_OFFER = re.compile(r"\b(?:can|could|may|shall|should|will) (?:i|we) (?:\w+ ){0,3}?(?:you|your)\b")
_WISH = re.compile(r"\b(?:would you (?:like|prefer|rather)|do you (?:want|need|prefer|still))\b")
_REQUEST = re.compile(r"\b(?:can|could|would|will) you\b")
_CITES = re.compile(
    r"\b(?:as|like|what|than) you (?:just |already )?"
    r"(?:ha(?:ve|d) it|put it|say|said|wrote|suggest(?:ed)?|describe(?:d)?|explain(?:ed)?|mention(?:ed)?|told me)\b,?",
    re.IGNORECASE,
)
"""Words that point to what the other one said: they speak of it, and not of them."""

_PUBLISHED = re.compile(
    r"\byour (?:\w+ )?(?:web ?site|site|page|app|shop|catalogue|brochure|leaflet|advert|colleagues?|driver|hotline|"
    r"e-?mail|letter|terms|faq|confirmation) (?:says?|said|states?|stated|told me|wrote|promise[sd]?)\b(?: that)?",
    re.IGNORECASE,
)
"""Who tells what the other side's website says tells what they read."""

_SHORT = 4
"""Words up to which a sentence without a person in it is a mere answer."""


class Said(NamedTuple):
    """A sentence as it was read: its text, its words (``?`` for the mark), those words' classes, and its act."""

    text: str
    words: tuple[str, ...]
    classes: tuple[str, ...]
    act: str


@lru_cache(maxsize=4096)
def read(sentence: str) -> Said:
    """Return what ``sentence`` does. A question without its mark, as people type it, is one all the same."""
    bare = _PUBLISHED.sub("I read that", _CITES.sub("", _POINT.sub("", sentence))) or sentence
    words = tuple(_TOKEN.findall(bare.lower().replace("’", "'")))
    rest = tuple(word for word in words if word not in _LEADS)
    if rest and rest[0] in _ASKING and words[-1] != "?" and not sentence.rstrip().endswith((".", "!")):
        words = (*words, "?")
    classes = tuple("NUMBER" if word[0].isdigit() else _CLASS.get(word, word) for word in words)
    listed = ("LIST",) if _POINT.match(sentence) else ()
    return Said(
        sentence, (*listed, *words), (*listed, *classes), _asks(words) if words[-1:] == ("?",) else _says(words)
    )


def _asks(words: tuple[str, ...]) -> str:
    line, there = " ".join(words[:-1]), frozenset(words)
    own, you = bool(there & OWN), bool(there & _YOU)
    if _OFFER.search(line):
        return "offers"
    if _WISH.search(line):
        return "asks for your wish"
    if _REQUEST.search(line):
        return "requests for itself" if own else "requests"
    if you:
        return "asks about both" if own else "asks about you"
    return "asks about itself" if own else "asks"


def _says(words: tuple[str, ...]) -> str:
    start = next((place for place, word in enumerate(words) if word not in _LEADS), None)
    if start is None:
        return "nods"
    rest, there = words[start:], frozenset(words)
    own, you = " own" if there & OWN else "", " you" if there & _YOU else ""
    first, kinds = rest[0], {_CLASS.get(word) for word in rest}
    if first == "thank" or _CLASS.get(first) == "SORRY" or "sorry" in rest[1:3]:
        return "thanks" if first == "thank" else "is sorry"
    if _CLASS.get(first) == "HANDLE" or first in ("send", "call", "ring", "note"):
        return f"instructs{own}"
    if first == "your":
        return "tells of yours"
    if first in _YOU:
        return ("advises" if _MODALS & frozenset(rest[1:3]) else "tells of you") + own
    if first in OWN:
        verb = "serve" if "SERVE" in kinds else "deal" if "DEAL" in kinds else "tell"
        return f"{'we' if first in _WE else 'I'} {verb}{you}"
    if len(words) <= _SHORT:
        return "answers"
    general = "USUAL" in kinds or first in ("if", "when", "once", "while", "since")
    return ("explains" if general else "tells") + own + you
