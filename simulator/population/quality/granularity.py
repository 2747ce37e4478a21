"""How many attributes a persona states: how finely it is drawn."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from simulator.models.base import normalise_text

__all__ = ["GRANULARITIES", "Granularity", "attribute_count", "granularity"]

Granularity = Literal["coarse", "medium", "fine"]

GRANULARITIES: dict[Granularity, tuple[int, int]] = {"coarse": (1, 1), "medium": (2, 4), "fine": (5, 1_000)}
"""Least and greatest number of attributes of each granularity; ``medium`` is the default of productions."""

# What opens a new statement about the person: a relative clause, another verb of it, a circumstance, an aside.
_OPENER = re.compile(
    r"\b(?:who|whom|whose|which|that)\b"
    r"|\b(?:with|without|from|despite|after|before|since|until|while|although|because|during)\b"
    r"|\b(?:in|at|near|on) (?:a|an|the|his|her|their|its|[A-Z]\w+)\b"
    r"|\band (?:has|have|is|are|was|loves?|likes?|enjoys?|works?|runs?|keeps?|wants?|never|often|always|also|plays?|"
    r"teaches|writes|lives?|hopes?|dreams?|owns?|collects?|believes?|prefers?|struggles?|\w+ing)\b"
    r"|[,;](?= \w)|\.(?= \w)"
)
_JOINED = re.compile(r"^[\s,;.]*(?:and|but|or|now|then)?[\s,;.]*$")
_ARTICLE = re.compile(r"^(?:an?|the|this|one)\s+", re.IGNORECASE)
_MODIFIER = re.compile(
    r"^(?:\w+-(?:year-old|aged|time|minded|hearted|spoken|nonsense|oriented|turned-\w+|generation|old|career|savvy|hard)"
    r"|young|old|elderly|retired|former|aspiring|experienced|seasoned|novice|junior|senior|single|widowed|divorced|"
    r"married|pregnant|blind|deaf|self-taught|renowned|ambitious|shy|quiet|proud|stubborn|skeptical|sceptical|"
    r"\w{3,}(?:ous|ful|less|ish|ese|ian))$",
    re.IGNORECASE,
)


def attribute_count(text: str) -> int:
    """Return how many attributes of the person ``text`` states, at least 1.

    Counted are what the person is, each describing word before that (young, retired, Italian), and each statement
    after it (a relative clause, a second verb, a circumstance of place or time).

    >>> attribute_count("a nurse")
    1
    >>> attribute_count("a retired nurse who keeps bees in a small harbour town")
    4
    """
    words = _ARTICLE.sub("", normalise_text(text)).split(" ")
    modifiers = 0
    while modifiers < len(words) - 1 and _MODIFIER.match(words[modifiers].rstrip(",")):
        modifiers += 1
    return 1 + modifiers + _statements(" ".join(words[modifiers:]))


def granularity(text: str) -> Granularity:
    """Return how finely ``text`` draws the person."""
    count = attribute_count(text)
    return next(name for name, (least, most) in GRANULARITIES.items() if least <= count <= most)


def _statements(text: str) -> int:
    """Return how many statements follow the one that says what the person is."""
    bounds = [*(match.start() for match in _OPENER.finditer(text)), len(text)]
    return sum(not _JOINED.match(text[start:stop]) for start, stop in pairwise(bounds))
