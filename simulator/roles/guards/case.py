"""Detectors of a user who forgets who they are, what they want, or what they were to tell only when asked.

They see plain contradictions in words; what needs understanding is the judge's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.models.conversation import Label
from simulator.models.situation import Asked
from simulator.population.tokens import word_list
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import sentences, stems
from simulator.roles.people_words import names_person
from simulator.roles.script import asked_for

__all__ = ["goal_contradicted", "manner_broken", "persona_contradicted", "revealed_early"]

_LONG_NUMBER = 3
"""Digits from which on a number alone gives a fact away."""

_NAME = re.compile(r"(?<=\w )[A-Z]\w+")
"""A name, which alone gives a fact away."""

_TOLD_SHARE = 0.75
_TOLD_WORDS = 3
"""A fact is out when three quarters of its own words are said, or half of them and no fewer than three."""

_IS_NOT = re.compile(
    r"\bi(?:(?:'m| am| was) (?:not|no|hardly|never)(?: been)?| never was) (?:a |an |the |really |actually )*"
    r"([^.,;:!?]{3,60})",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"\bi (?:have never|'ve never|(?:would |will |could )?never|do not|don't|did not|didn't|haven't|have not|cannot|"
    r"can't) (?:even |really |actually )?([^.,;:!?]{3,80})",
    re.IGNORECASE,
)
_DOES_NOT = re.compile(
    r"\bi (?:have never|'ve never|never|do not|don't|cannot|can't) (?:even |really |actually )?"
    r"(?:ride|ridden|drive|driven|play|played|work|worked|live|lived)\b(?: (?:as|in|on|at|with))?([^.,;:!?]{3,60})",
    re.IGNORECASE,
)
_EVER = re.compile(r"\b(?:in my (?:whole )?life|before|at all|yet)\b", re.IGNORECASE)
_NEVER_ONCE = re.compile(r"\b(?:have never|'ve never)\b", re.IGNORECASE)
"""Of one's own trade, this alone is a denial; "I cannot cook tonight" is none."""

_LACKS = re.compile(r"\bi (?:have|own|keep) no ([\w-]+(?: [\w-]+)?)", re.IGNORECASE)
_HAS = re.compile(
    r"\b(?:with|own\w*|keep\w*|breed\w*|rais\w+|ha[sd]) (?:an? |the |two |three |her |his |their |own )*"
    r"([\w-]+(?: [\w-]+){0,2})",
    re.IGNORECASE,
)
_POSSESSED = re.compile(r"\b(?:her|his|their|whose) (?:own )?([\w-]+)", re.IGNORECASE)
_IS = re.compile(
    r"\b(?:i am|i'm|i work as|speaking as|as) an? ((?:[\w-]+ ){0,3}?[\w-]+)"
    r"(?= (?:who|with|from|in|at|for|by|of|and|i|myself|too|here|now|there|since)\b|[,.;!?]|$)",
    re.IGNORECASE,
)
_AGE = re.compile(r"\b(?:aged |is |i am |i'm )(\d{1,2})(?=[\s,.;!?]|$)|\b(\d{1,2})[- ]years?[- ]old\b", re.IGNORECASE)
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
_IN_FIGURES = {word: str(number) for number, word in enumerate(_TEENS.split(), 10)}
_IN_FIGURES |= {word: str(number) for number, word in enumerate(["six", "seven", "eight", "nine"], 6)}
_AGE_IN_WORDS = re.compile(rf"\b({'|'.join(_IN_FIGURES)})[- ]years?[- ]old\b", re.IGNORECASE)
_MY_AGE = re.compile(
    r"\b(?:i(?:'m| am)(?: only| just| already)? (\d{1,2})(?: years old| now)?(?=[,.;!?]|$| and\b)|"
    r"i turned (\d{1,2})\b)",
    re.IGNORECASE,
)
_ANYBODY_NAMES = (
    "adult amateur assistant beginner bot boy boyfriend brother caller child citizen client customer dad daughter "
    "expert fan father friend girl girlfriend grandfather grandmother grandparent guest guy husband immigrant "
    "lady learner lover man member model mother mum neighbor neighbour newcomer owner parent passenger patient "
    "pensioner person player reader renter resident sister smoker son speaker starter stranger student subscriber "
    "tenant thinker traveler traveller user vegetarian viewer visitor widow widower wife woman worker writer "
)
_ANYBODY = frozenset(_ANYBODY_NAMES.split())
"""People that anybody may be beside their trade."""

_HABITS = frozenset(
    {"careful", "bad", "good", "slow", "fast", "light", "early", "late", "heavy", "big", "great", "poor"}
)
"""Who is "a careful driver" or "a light sleeper" has named a habit, not a trade."""

_REJECTS = re.compile(
    r"\b(?:i|we) (?:do not|don't|no longer|never|did not|didn't) (?:really |actually |even )?"
    r"(?:want|need|wish|care|wanted|needed|asked|ask)\b(?: (?:to|for|about|that))?([^.,;:!?]*)"
    r"|\b(?:(?:i|we) have|there(?:'s| is)) no (?:interest|need|wish|use|point)\b(?: (?:in|for|of|to))?([^.,;:!?]*)",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"^(?:will not|won't|would not|cannot|can't|does not|do not|never|no|must not|refuses to)\b(.*)", re.IGNORECASE
)
_AGREES = re.compile(
    r"\b(?:i(?:'ll| will| can| could| am going to|'m going to| am happy to|'m happy to| agree to| am fine to)|"
    r"(?:fine|okay|ok|sure|yes)\b[^.!?]{0,12}\b(?:i|we)(?:'ll| will| can))\b([^.!?;]*)",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|no|nobody|without|cannot)\b|n't\b", re.IGNORECASE)


def persona_contradicted(turn: str, scene: Scene) -> Label | None:
    """Find a user who denies their own description, or says that they are of another trade or age."""
    if scene.role != "user" or not scene.persona:
        return None
    mine = stems(scene.persona)
    denied = _denies(turn, scene.persona) or _lacks(turn, scene.persona)
    evidence = denied or _other_trade(turn, mine) or _other_age(turn, scene.persona)
    return Label(detector="persona_contradicted", evidence=evidence[:120], severity="error") if evidence else None


def _denies(turn: str, persona: str) -> str | None:
    mine = stems(persona)
    trade = stems(" ".join(word for word in word_list(persona) if names_person(word)))
    for match in (*_IS_NOT.finditer(turn), *_DOES_NOT.finditer(turn), *_NEVER.finditer(turn)):
        said = stems(_EVER.sub("", match[1]))
        least = 2 if match.re is _NEVER and not (_NEVER_ONCE.search(match[0]) and said <= trade) else 1
        if len(said & mine) >= least and said <= mine:
            return match[0]
    return None


def _lacks(turn: str, persona: str) -> str | None:
    """Find a user who says that they have none of what their description says that they have."""
    had = stems(" ".join(match[1] for match in (*_HAS.finditer(persona), *_POSSESSED.finditer(persona))))
    return next((match[0] for match in _LACKS.finditer(turn) if stems(match[1].split()[0]) & had), None)


def _other_trade(turn: str, mine: frozenset[str]) -> str | None:
    for match in _IS.finditer(turn):
        words = word_list(match[1])
        if not words or words[-1] in _ANYBODY or words[0] in _HABITS or not names_person(words[-1]):
            continue
        if not _named(stems(match[1]), mine) and " too" not in turn[match.end() : match.end() + 5]:
            return match[0]
    return None


def _named(trade: frozenset[str], mine: frozenset[str]) -> bool:
    """Whether a description has one of these words, alone or at the end of another one (a stonemason is a mason)."""
    return any(word.endswith(part) for part in trade if len(part) > 2 for word in mine)


def _other_age(turn: str, persona: str) -> str | None:
    known = {number for match in _AGE.finditer(persona) for number in match.groups() if number}
    known |= {_IN_FIGURES[word.lower()] for word in _AGE_IN_WORDS.findall(persona)}
    said = _MY_AGE.search(turn)
    return said[0] if known and said and (said[1] or said[2]) not in known else None


def goal_contradicted(turn: str, scene: Scene) -> Label | None:
    """Find a user who rejects their own goal, or agrees to what they keep from. Who changes their mind may do so."""
    if scene.role != "user" or any(one.name == "changes-mind" for one in scene.behaviours):
        return None
    evidence = _rejects(turn, stems(scene.situation.goal)) or next(_gives_in(turn, scene.situation.constraints), None)
    return Label(detector="goal_contradicted", evidence=evidence[:120], severity="error") if evidence else None


def _rejects(turn: str, goal: frozenset[str]) -> str | None:
    for match in _REJECTS.finditer(turn):
        said = stems(match[1] or match[2] or "")
        if said and (said <= goal or (len(said & goal) > 1 and 2 * len(said & goal) > len(said))):
            return match[0]
    return None


def _gives_in(turn: str, constraints: tuple[str, ...]) -> Iterator[str]:
    for constraint in constraints:
        refused = _REFUSES.match(constraint.strip())
        words = stems(refused[1]) if refused else frozenset()
        for sentence in sentences(turn) if words else ():
            match = _AGREES.search(sentence)
            if match and words <= stems(match[1]) and not _NOT.search(match[0]) and not sentence.endswith("?"):
                yield match[0]


def revealed_early(turn: str, scene: Scene) -> Label | None:
    """Find a fact that is told only when asked, told although nobody asked."""
    for fact in scene.situation.asked if scene.role == "user" else ():
        if not asked_for(fact, scene.other) and not _known(fact, scene) and _tells(turn, fact, scene):
            return Label(detector="revealed_early", evidence=fact.fact, severity="error")
    return None


def _known(fact: Asked, scene: Scene) -> bool:
    """Whether the fact is out already: what was told once can be told again."""
    return any(_tells(text, fact, scene) for text in (*scene.own, *scene.other))


def _tells(turn: str, fact: Asked, scene: Scene) -> bool:
    words = frozenset(word_list(turn))
    numbers = {word for word in word_list(fact.fact) if sum(letter.isdigit() for letter in word) >= _LONG_NUMBER}
    if numbers:
        return numbers <= words
    situation = scene.situation
    names = frozenset(_NAME.findall(fact.fact))
    if names and names <= frozenset(re.findall(r"\w+", turn)):
        return not names <= frozenset(re.findall(r"\w+", f"{situation.about} {situation.goal} {scene.persona}"))
    plain = " ".join((situation.goal, situation.about, *situation.knows, *fact.when, scene.persona))
    own = stems(fact.fact) - stems(plain) or stems(fact.fact)
    told = len(own & stems(turn))
    enough = told >= max(1, _TOLD_SHARE * len(own)) or told >= max(_TOLD_WORDS, len(own) / 2)
    return enough and len(stems(fact.fact) & stems(turn)) > 1


def manner_broken(turn: str, scene: Scene) -> Label | None:
    """Find a turn with more words than the user's manner has."""
    if scene.role != "user":
        return None
    count = len(word_list(turn))
    for behaviour in scene.behaviours:
        if behaviour.most_words is not None and count > behaviour.most_words:
            evidence = f"{behaviour.name}: {count} words, at most {behaviour.most_words}"
            return Label(detector="manner_broken", evidence=evidence)
    return None
