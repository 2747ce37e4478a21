"""What a simulated user is told of their situation and manner, and which facts somebody has asked them for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.models.message import Message
from simulator.models.situation import Asked, Behaviour, Situation
from simulator.roles.guards.words import content_words, sentences, stems

__all__ = ["aim", "asked_for", "brief", "due", "manner", "sayings", "told"]

_PLAIN_DAY = "an ordinary day, nothing special"
_PLAIN_MANNER = "as comes naturally to this person"
_ASKS = re.compile(
    r"\?|^(?:please |and |first |now |then |so |could |can |would |you |to \w[^.,]*, )*(?:please )?(?:tell|give|send|"
    r"share|provide|confirm|enter|type|let me (?:know|have)|may i have)\b"
    r"|\bplease (?:(?:also|first|just|then|simply) )*(?:tell|give|send|share|provide|confirm|enter|type|reply with)\b"
    r"|\b(?:i|we)(?:'ll| will|'d| would)? (?:(?:also|first|just|only|still|then) )*need\b(?! to (?!have|know))",
    re.IGNORECASE,
)
_POINT = re.compile(r"(?:[-*•+]|\(?\d{1,3}[.)])\s")
_LISTS = re.compile(r"\b(?:following|ready|at hand)\b", re.IGNORECASE)
"""What a line says, beside a request, that is followed by a list of what is wanted."""

_YOU = re.compile(r"^you (?:are|were|have)\b|^you\b|\byour\b", re.IGNORECASE)
_MINE = {"you are": "I am", "you were": "I was", "you have": "I have", "you": "I", "your": "my"}
"""A fact told to the user, from the user's mouth."""

_WANTING = stems("learn know find see understand want wish try hear make sure whether receive")
"""What goals begin with, and nobody says who pursues one."""

_LEADING = frozenset(["a", "an", "the", "my", "at", "by", "for", "from", "in", "of", "on", "to", "until", "with"])
"""Words that a phrase of the goal may begin with."""

_MOST_WORDS = 8
"""Words of a phrase that tell something, and that it begins with: a longer one does not fit into a question."""

_ANYTHING = re.compile(r"\b(?:more (?:details?|information)|tell me (?:everything|more|all)|all the details)\b", re.I)


def told(situation: Situation) -> str:
    """Return the whole situation, a line for each kind of thing."""
    lines = [situation.about] if situation.about else []
    lines += [f"What you want: {situation.goal}"] if situation.goal else []
    for lead, facts in (
        ("You know", situation.knows),
        ("You do not know", situation.unknown),
        ("You tell this only when you are asked for it", [one.fact for one in situation.asked]),
        ("You keep to this", situation.constraints),
    ):
        lines += [f"{lead}: {'; '.join(facts)}"] if facts else []
    return "\n".join(lines) or _PLAIN_DAY


def manner(behaviours: Sequence[Behaviour]) -> str:
    """Return how the user talks, a line for each behaviour."""
    return "\n".join(one.instructions for one in behaviours) or _PLAIN_MANNER


def brief(situation: Situation, behaviours: Sequence[Behaviour], heard: Sequence[str]) -> str:
    """Return situation and manner as a small model can hold them.

    A small model tells what it knows, so a fact that is told only when asked is left out until somebody asked.

    Args:
        situation: What the user is in.
        behaviours: How the user talks.
        heard: What the other side said so far.
    """
    known = [*situation.knows, *(one.fact for one in situation.asked if asked_for(one, heard))]
    lines = [
        situation.about,
        f"You want: {situation.goal}" if situation.goal else "",
        f"You know: {'; '.join(known)}" if known else "",
        f"You do not know: {'; '.join(situation.unknown)}" if situation.unknown else "",
        f"You keep to this: {'; '.join(situation.constraints)}" if situation.constraints else "",
        *(one.instructions for one in behaviours),
    ]
    return "\n".join(line for line in lines if line) or _PLAIN_DAY


def due(situation: Situation, history: Sequence[Message]) -> str:
    """Return the fact that the other side's last turn asks for, as the user would say it; empty when there is none.

    A fact that was said word for word is not said again, and one that speaks of more than the user's own things cannot
    be put in their mouth.
    """
    if not history or history[-1].role == "user":
        return ""
    own = " ".join(turn.content for turn in history if turn.role == "user").lower()
    facts = (_spoken(one.fact) for one in situation.asked if asked_for(one, (history[-1].content,)))
    return next((fact for fact in facts if fact and fact.lower() not in own), "")


def aim(situation: Situation, history: Sequence[Message]) -> tuple[str, ...]:
    """Return the phrases of the goal whose words the user has not said yet; none of a goal in another script.

    A user who never speaks of what they want cannot get it, and a small model soon speaks of something else.
    """
    said = stems(" ".join(turn.content for turn in history if turn.role == "user")) | _WANTING
    words = re.findall(r"[a-zA-ZÀ-ɏ]+", situation.goal)
    kinds = "".join("l" if word.lower() in _LEADING else "c" if stems(word) - said else "-" for word in words)
    phrases = re.finditer(f"l{{0,{_MOST_WORDS}}}c{{1,{_MOST_WORDS}}}", kinds)
    return tuple(dict.fromkeys(" ".join(words[slice(*phrase.span())]) for phrase in phrases))


def sayings(behaviours: Sequence[Behaviour], history: Sequence[Message]) -> tuple[str, ...]:
    """Return the sentences by which the user can show how they talk, without those that were said already."""
    said = "\n".join(turn.content for turn in history if turn.role == "user")
    return tuple(line for one in behaviours for line in one.sayings if line not in said)


def _spoken(fact: str) -> str:
    said = _YOU.sub(lambda match: _MINE[match.group().lower()], fact.strip())
    if re.search(r"\byou(?:r|rs|rself)?\b", said, re.IGNORECASE):
        return ""
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def asked_for(fact: Asked, heard: Sequence[str]) -> bool:
    """Return whether one of the turns in ``heard`` asks for ``fact``: a question or request with one of its words."""
    wanted = [content_words(words) for words in fact.when] or [frozenset({word}) for word in _topic(fact.fact)]
    return any(_asks(sentence, asking, wanted) for turn in heard for sentence, asking in _said(turn))


def _said(turn: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence, and whether it asks; of a list ("I need: ...") each point asks as its first line does."""
    asking = False
    for line in filter(None, map(str.strip, turn.splitlines())):
        if not _POINT.match(line):
            asking = line.rstrip("*_ ").endswith(":") and bool(_ASKS.search(line) or _LISTS.search(line))
        listed = asking and bool(_POINT.match(line))
        yield from ((sentence, listed or bool(_ASKS.search(sentence))) for sentence in sentences(line))


def _asks(sentence: str, asking: bool, wanted: Sequence[frozenset[str]]) -> bool:
    if _ANYTHING.search(sentence):
        return True
    words = content_words(sentence)
    return asking and any(group and group <= words for group in wanted)


def _topic(fact: str) -> frozenset[str]:
    return frozenset(word for word in content_words(fact) if not any(letter.isdigit() for letter in word))
