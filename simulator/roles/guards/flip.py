"""The detector of a role flip: a user who answers like an assistant, or an assistant who asks like a user."""

from __future__ import annotations

import re

from simulator.models.conversation import Label
from simulator.population.tokens import word_list
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.sides import known_share, shipped, sounds_like

__all__ = ["SURE", "role_flip"]

SURE = 2.5
"""Score from which a turn is the other side's: 94 of 100 findings are right from here on (cross-validation, mostly near
misses). A false alarm costs a good turn; a miss is left to the judge."""

_FEWEST = 4
"""Words from which on a turn tells whose it is."""

_ENGLISH = 0.4
"""Share of a turn's words that must be known: the weights were learned from English."""

_SERVICE = re.compile(
    r"\bhow (?:can|may|could) i (?:help|assist|support) you\b|\bi(?:'m| am) here to (?:help|assist|support)\b"
    r"|\bi(?:'m| am|'d be| would be) (?:happy|glad|pleased) (?:to|i could) (?:help|assist)\b(?! (?:if|but)\b)"
    r"|\bfeel free to (?:ask|contact|reach|let|come back)\b|\bi hope this helps\b"
    r"|\b(?:is there anything|what) else (?:that )?i can (?:help|assist|do for) you\b"
    r"|\bthank(?:s| you) for (?:reaching out|contacting|your (?:question|inquiry|enquiry|patience))\b"
    r"|\b(?:sorry|apologi[sz]e) for (?:the|any|this) inconvenience\b"
    r"|\bhere are (?:some|a few) (?:tips|ideas|ways|steps)\b"
    r"|\bas an? (?:ai|artificial|virtual|helpful) ",
    re.IGNORECASE,
)
"""What only those say who serve, even among people, who advise each other and offer help."""

_OFFERS = re.compile(
    r"\b(?:i (?:can|could|will)|i'll|(?:can|could|may|shall) i|what if i)(?: \w+)? (?:help|assist|accommodate|serve) "
    r"(?:you|an?)\b"
    r"|\bwhat (?:else )?(?:can|could|should) i (?:do|tell|offer)\b[^.?!]{0,20} (?:for |to help )?you\b"
    r"|\bwhat if i (?:make|do|bring|build|get|find)\b[^.?!]{0,40} for you\b"
    r"|\blet me know (?:if|how|what|which)(?: else)? (?:you|i can)\b|\bwould you like (?:me )?to\b"
    r"|\bi(?:'d| would)? (?:recommend|advise|suggest(?! you\b))\b|\b(?:can|could|may|shall) i (?:suggest|recommend)\b"
    r"|\b(?:great|good|excellent) question\b|\banswer(?:ed|s|ing)? your question\b"
    r"|\bwhat(?:'s| is) your (?:problem|concern|question|business|(?:\w+ )?number)\b"
    r"|\byour (?:invoice|order|booking) number\b",
    re.IGNORECASE,
)
"""What those say who serve, and among people also a friend."""

_POINT = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)

_ASKS_FOR_SELF = re.compile(
    r"\b(?:can|could|would|will) you (?:please )?(?:help|advise|teach) me\b"
    r"(?! (?:find|locate|look|check|identify|verify|understand))"
    r"|\bi (?:need|could use|would like) (?:your|some|a bit of) (?:help|advice)\b|"
    r"\bi have the same (?:trouble|problem|issue)\b|\bmy question is\b"
    r"|\bthank(?:s| you) (?:so much |very much )?for (?:the|your) (?:help|advice|answer|tip|explanation|suggestion)s?\b"
    r"|\b(?:how (?:do|can|should)|what should|where (?:do|can)) i (?!help|assist|support|reach|contact|call|"
    r"send|deliver|address|put|note|book|ship)[^.?!]*\?\s*$",
    re.IGNORECASE,
)
_MY = re.compile(r"\bmy (?:\w+ )??(\w{4,})", re.IGNORECASE)


def role_flip(turn: str, scene: Scene) -> Label | None:
    """Find a user who answers like an assistant, or an assistant who asks like a user."""
    if scene.role == "assistant":
        found = _ASKS_FOR_SELF.search(turn) or _has_the_same(turn, scene)
    else:
        found = _SERVICE.search(turn) or (None if scene.among_people else _OFFERS.search(turn))
    evidence = found.group() if found else None
    if evidence is None and scene.role == "user":
        evidence = _lists(turn) or (None if scene.among_people else _speaks_for_the_other_side(turn, scene))
    return Label(detector="role_flip", evidence=evidence[:120], severity="error") if evidence else None


def _has_the_same(turn: str, scene: Scene) -> re.Match[str] | None:
    """Find an assistant that has what the user has ("My snails do the same.")."""
    theirs = {match[1].lower() for text in scene.other for match in _MY.finditer(text)}
    return next((match for match in _MY.finditer(turn) if match[1].lower() in theirs), None)


def _lists(turn: str) -> str | None:
    """Find a list that is no answer to compare ("Is that all?")."""
    return "a list" if "?" not in turn and len(_POINT.findall(turn)) > 1 else None


def _speaks_for_the_other_side(turn: str, scene: Scene) -> str | None:
    model = shipped()
    if len(word_list(turn)) < _FEWEST or known_share(turn, model.vocabulary) < _ENGLISH:
        return None
    sounds = sounds_like(turn, scene, model)
    return f"{sounds.act}: {sounds.sentence}" if sounds.score >= SURE else None
