"""Which side of a talk a turn sounds like: the one who needs something, or the one who serves and knows.

A logistic regression over named features: the acts of a turn's sentences, its words by class, whose things it speaks
of, and what was asked last. The weights are data (``sides.json``), fitted by ``benchmarks/sides.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from simulator.models.situation import Situation
from simulator.prompts.data_file import DataFile
from simulator.roles.guards.acts import OWN, Said, read
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import sentences, stems

__all__ = ["WEIGHTS", "Model", "Sounds", "features", "known_share", "shipped", "sounds_like"]

WEIGHTS = DataFile("simulator.roles.guards", "sides.json")

_LECTURE = 8
"""Words from which on a turn without a question and without an "I" may be a lecture."""

_LONG = 30


@dataclass(frozen=True)
class Model:
    """What was fitted.

    Attributes:
        bias: The score of a turn without any feature.
        weights: Of each feature; above 0 it speaks for the side that serves.
        vocabulary: Words that stand for themselves; all others only for whose they are.
    """

    bias: float
    weights: dict[str, float]
    vocabulary: frozenset[str]


@dataclass(frozen=True)
class Sounds:
    """How a turn sounds: ``score`` in logits, above 0 like the side that serves; ``sentence`` is what says so most."""

    score: float
    sentence: str
    act: str


@cache
def shipped() -> Model:
    """Return the fitted model that comes with the package."""
    data = json.loads(WEIGHTS.text)
    return Model(data["bias"], data["weights"], frozenset(data["vocabulary"].split()))


def sounds_like(turn: str, scene: Scene, model: Model) -> Sounds:
    """Return which side a draft of the user's turn sounds like.

    Args:
        turn: The draft.
        scene: The conversation from the user's side.
        model: The weights.
    """
    weight = model.weights.get
    found = features(turn, scene, model.vocabulary)
    score = model.bias + sum(value * weight(name, 0.0) for name, value in found.items())
    said = [read(sentence) for sentence in sentences(turn)]
    if score <= 0 or len(said) < 2:
        return Sounds(score, said[0].text, said[0].act)
    frames, whose = _frames(scene), _Owners.of(scene)

    def lean(one: Said) -> float:
        return sum(weight(name, 0.0) for name in _of_sentence(one, frames, whose, model.vocabulary))

    most = max(said, key=lean)
    return Sounds(score, most.text, most.act)


def known_share(turn: str, vocabulary: frozenset[str]) -> float:
    """Return which share of the turn's words has a meaning of its own here: little, where it is not English."""
    said = [read(sentence) for sentence in sentences(turn)]
    pairs = [pair for one in said for pair in zip(one.words, one.classes, strict=True)]
    return sum(word != kind or word in vocabulary for word, kind in pairs) / max(1, len(pairs))


def features(turn: str, scene: Scene, vocabulary: frozenset[str]) -> dict[str, float]:
    """Return the features of a draft of the user's turn by name.

    ``we DEAL`` are two neighbouring words by class, ``<offers>`` an act, ``asked: ...`` and ``goal: ...`` the same
    where a question was put or something is wanted (``unasked:`` and ``talk:`` otherwise), ``=...`` a measure of the
    whole turn.
    """
    said = [read(sentence) for sentence in sentences(turn)]
    frames, whose = _frames(scene), _Owners.of(scene)
    found = {name: 1.0 for one in said for name in _of_sentence(one, frames, whose, vocabulary)}
    if said:
        found[f"{frames[0]} first <{said[0].act}>"] = 1.0
    for name, value in _of_turn(turn, said, scene, whose):
        found[f"={name}"] = value
        found[f"{frames[1]} ={name}"] = value
    return found


def _frames(scene: Scene) -> tuple[str, str]:
    asked = bool(scene.other) and "?" in scene.other[-1]
    return "asked:" if asked else "unasked:", "goal:" if scene.situation.goal else "talk:"


def _of_sentence(said: Said, frames: tuple[str, str], whose: _Owners, vocabulary: frozenset[str]) -> Iterator[str]:
    classes = [
        kind if kind != word or word in vocabulary or word == "?" else whose.owner(word)
        for word, kind in zip(said.words, said.classes, strict=True)
    ]
    for left, right in pairwise(["^", *classes, *(["."] if classes[-1:] != ["?"] else [])]):
        yield f"{left} {right}"
    for name in (*classes, f"<{said.act}>"):
        yield name
        for frame in frames:
            yield f"{frame} {name}"


def _of_turn(turn: str, said: list[Said], scene: Scene, whose: _Owners) -> Iterator[tuple[str, float]]:
    words = [word for one in said for word in one.words if word != "?"]
    own, asks = not OWN.isdisjoint(words), any("?" in one.words for one in said)
    asked = bool(scene.other) and "?" in scene.other[-1]
    plain = not own and not asks
    truths = {
        "opening": not scene.own, "asked": asked, "asks": asks, "own": own, "plain": plain,
        "plain, asked": plain and asked, "plain, unasked": plain and not asked,
        "lecture": plain and len(words) >= _LECTURE and not asked,
        "of you alone": not own and ("you" in words or "your" in words),
    }  # fmt: skip
    yield from ((name, 1.0) for name, holds in truths.items() if holds)
    yield "length", min(len(words), 2 * _LONG) / _LONG
    topic = stems(turn)
    size = max(1, len(topic))
    for name, part in whose.shares(topic):
        yield name, part / size
        if plain:
            yield f"plain, {name}", part / size
    sought = stems(" ".join(one.text for one in said if "?" in one.words))
    yield "seeks what I know", len(sought & whose.known) / max(1, len(sought))
    yield "seeks what I was asked", len(sought & whose.question) / max(1, len(sought))


@dataclass(frozen=True)
class _Owners:
    """Whose the words of a talk are: of the one who needs something, or of the other side, who said them first."""

    mine: frozenset[str]
    theirs: frozenset[str]
    last: frozenset[str]
    heard: frozenset[str]
    question: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(cls, scene: Scene) -> _Owners:
        mine = frozenset[str]().union(*map(stems, (scene.persona, _told(scene.situation), *scene.own)))
        theirs = frozenset[str]().union(*map(stems, scene.other)) - mine
        heard = scene.other[-1] if scene.other else ""
        question = " ".join(sentence for sentence in sentences(heard) if "?" in sentence)
        last = stems(scene.own[-1]) if scene.own else frozenset[str]()
        return cls(mine, theirs, last, stems(heard), stems(question), stems(_to_tell(scene.situation)))

    def owner(self, word: str) -> str:
        stem = _stem(word)
        return "MINE" if stem in self.mine else "THEIRS" if stem in self.theirs else "NEW"

    def shares(self, topic: frozenset[str]) -> Iterator[tuple[str, int]]:
        """Return how many of the words in ``topic`` come from where."""
        yield "mine", len(topic & self.mine)
        yield "theirs", len(topic & self.theirs)
        yield "on what I asked", len(topic & self.last)
        yield "on what I heard", len(topic & self.heard)
        yield "on what I was asked", len(topic & self.question)
        yield "on nothing", len(topic - self.mine - self.heard)


@lru_cache(maxsize=256)
def _told(situation: Situation) -> str:
    facts = (asked.fact for asked in situation.asked)
    return " ".join((situation.about, situation.goal, *situation.knows, *facts, *situation.constraints))


@lru_cache(maxsize=256)
def _to_tell(situation: Situation) -> str:
    return " ".join(part for asked in situation.asked for part in (asked.fact, *asked.when))


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    return next(iter(stems(word)), "")
