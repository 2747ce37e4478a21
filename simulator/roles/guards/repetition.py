"""Detectors of talk that does not move on: the opener again, the own or the other's words again, thanks for thanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from simulator.models.conversation import Label
from simulator.population.tokens import jaccard, word_list
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import content_words, goes_on, longest_run, quoted_share, sentences, stems, words_of

__all__ = [
    "LOOPS",
    "is_farewell",
    "is_thanks",
    "not_redrafted",
    "opener_repeated",
    "repeats_other",
    "repeats_self",
    "thanks_loop",
    "to_work_on",
]

LOOPS = frozenset({"opener_repeated", "repeats_self", "repeats_other", "thanks_loop"})
"""Detectors whose findings mean that the talk goes in circles."""

_SAME_WORDS = 0.75
_SAME_PAIRS = 0.6
_ECHO_PAIRS = 0.7
_LONG_RUN = 10
"""Words in a row that nobody says twice by accident."""

_RUN, _RUN_SHARE = 7, 0.5
"""Fewer words in a row do when they are so much of the turn."""

_HANDED_OVER = 40
"""Words from which on a request to work on a text can hold that text."""

_WORK_ON = re.compile(
    r"\b(?:correct|proof-?read|check|edit|re(?:write|word|phrase|vise|format|order)|polish|shorten|tighten|improve|"
    r"translate|summari[sz]e|fix|clean up|(?:go|look|read) (?:it |this |that |them )?(?:over|through))\b",
    re.IGNORECASE,
)

_DRAFT = re.compile(
    r"^[^\w\n]{0,8}(?:dear \w|to whom it may|subject:|(?:kind|best|warm) regards|yours (?:sincerely|faithfully|truly))",
    re.I | re.M,
)
"""A line that a letter begins or ends with."""

_COURTESY = re.compile(
    r"\b(?:is there )?anything else (?:(?:that )?i can|i could|you need|you(?:'d| would) like)\b"
    r"|\b(?:other|more|further) questions\b|\blet me know if\b|\bfeel free to\b|\b(?:don't|do not) hesitate\b"
    r"|\bi(?:'m| am) not an? (?:lawyer|doctor|vet|financial|medical|legal)\b",
    re.IGNORECASE,
)
"""What those who serve say in each turn."""

_THANKS = re.compile(
    r"\b(?:thanks?(?: you)?|thank you|thx|cheers|much appreciated|appreciate (?:it|that|your help)|"
    r"you(?:'?| a)re (?:(?:most|very|always|quite) )?welcome|"
    r"no problem|my pleasure|glad (?:i could|to) help|grateful|"
    r"danke(?: schön| sehr)?|merci(?: beaucoup)?|(?:muchas )?gracias|grazie(?: mille)?|obrigad[oa]|dank (?:je|u)|"
    r"dziękuję)\b",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"\b(?:good ?bye|bye(?:[- ]bye)?|good night|"
    # These are also said of the matter: "on the road for so long", "I see you ordered two", "we take care of it".
    r"(?<!\bi )(?<!\bwe )see you"
    r"(?= later| soon| around| then| there| tomorrow| tonight| next| on| at| in|\s*[.!,;]|\s*$)|"
    r"(?<!\w )so long(?=\s*[.!,;]|\s*$)|take care(?=\s*[.!,;]|\s*$| and (?:see|talk|bye|good))|"
    r"have a (?:good|nice|great|lovely) (?:day|evening|night|one|week|weekend)|"
    r"talk (?:to you )?(?:later|soon)|that(?:'?s| is| was) all (?:i|we) (?:need|needed|wanted)(?: to know)?|"
    r"auf wiedersehen|tschüss|ad(?:i[oó]s|ieu)|hasta (?:luego|pronto)|au revoir|arrivederci|arrivederla|tchau|até logo|"
    r"tot ziens|do widzenia)\b",
    re.IGNORECASE,
)
_POLITE_WORDS = (
    "again day great good helpful help lot nice really ok okay oh well wonderful yes answer advice information ever "
    "tip time alway welcome kind sure know perfect bye goodbye happy glad mean everything friend sir madam"
)
_POLITE = frozenset(_POLITE_WORDS.split())


def is_thanks(turn: str) -> bool:
    """Return whether ``turn`` says thanks (or answers thanks) and nothing else."""
    return bool(_THANKS.search(turn)) and _nothing_else(_THANKS.sub(" ", turn))


def is_farewell(turn: str) -> bool:
    """Return whether ``turn`` takes leave and asks nothing."""
    return bool(_FAREWELL.search(turn)) and "?" not in turn


def _nothing_else(rest: str) -> bool:
    return "?" not in rest and len(content_words(_FAREWELL.sub(" ", rest)) - _POLITE) <= 2


def opener_repeated(turn: str, scene: Scene) -> Label | None:
    """Find a user who asks the first question again instead of going on."""
    if scene.role != "user" or not scene.own or not _same(turn, scene.own[0]):
        return None
    return Label(detector="opener_repeated", evidence=scene.own[0][:120], severity="error")


def repeats_self(turn: str, scene: Scene) -> Label | None:
    """Find a turn that says again what the speaker said before; an assistant's long one may, if it also goes on."""
    earlier = scene.own[1:] if scene.role == "user" else scene.own
    if scene.role == "assistant":
        if goes_on(turn, earlier):
            return None
        earlier = tuple(map(_without_courtesy, not_redrafted(turn, earlier)))
        turn = _without_courtesy(turn)
    found = next((text for text in reversed(earlier) if _same(turn, text)), None) or _said(turn, earlier)
    least = max(_RUN, min(_LONG_RUN, round(_RUN_SHARE * len(word_list(turn)))))
    found = found or next((run for text in earlier if (run := longest_run(turn, text, least))), None)
    return Label(detector="repeats_self", evidence=found[:120], severity="error") if found else None


def not_redrafted(turn: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """Return an assistant's ``earlier`` turns without letters, which are asked for again in another version."""
    return tuple(text for text in earlier if not _DRAFT.search(text) or words_of(text) == words_of(turn))


def _without_courtesy(turn: str) -> str:
    """Return a turn without what those who serve end each turn with, if anything else is in it."""
    return " ".join(one for one in sentences(turn) if not _COURTESY.search(one)) or turn


def repeats_other(turn: str, scene: Scene) -> Label | None:
    """Find a turn that is made of the counterpart's words.

    Taking up a phrase is natural; a turn that stands in the other's for the greater part adds nothing. An assistant
    that was given a text to work on hands it back.
    """
    other, opener = scene.other, scene.opener
    if scene.role == "assistant":
        other = tuple(text for text in other if not to_work_on(text))
    recent = (*other[-2:], *((opener,) if scene.role == "assistant" and opener in other else ()))
    found = next((text for text in recent if quoted_share(turn, text) >= _ECHO_PAIRS), None) or _said(turn, other)
    found = found or next((run for text in recent if (run := longest_run(turn, text, _LONG_RUN))), None)
    return Label(detector="repeats_other", evidence=found[:120], severity="error") if found else None


def to_work_on(text: str) -> bool:
    """Return whether a user's turn asks to correct, shorten or translate a text, and can hold it."""
    return len(words_of(text)) >= _HANDED_OVER and _WORK_ON.search(text) is not None


def thanks_loop(turn: str, scene: Scene) -> Label | None:
    """Find thanks of a speaker whose last turn was nothing but thanks: the talk is over and neither side says so."""
    if not is_thanks(turn) or not any(is_thanks(text) for text in scene.own[-1:]):
        return None
    return Label(detector="thanks_loop", evidence=turn[:120])


def _same(left: str, right: str) -> bool:
    """Whether two turns say the same: the same topic words, or most word pairs of the shorter one in the longer."""
    if words_of(left) == words_of(right):
        return True
    mine, theirs = stems(left), stems(right)
    if len(mine) >= 3 and jaccard(mine, theirs) >= _SAME_WORDS:
        return True
    shorter, longer = sorted((left, right), key=lambda text: len(words_of(text)))
    return quoted_share(shorter, longer) >= _SAME_PAIRS


def _said(turn: str, earlier: Sequence[str]) -> str | None:
    """Return a whole sentence of five words or more that was said before."""
    known = {said for text in earlier for _, said in _spoken(text)}
    return next((sentence for sentence, said in _spoken(turn) if said in known and said.count(" ") >= 4), None)


@lru_cache(maxsize=4096)
def _spoken(text: str) -> tuple[tuple[str, str], ...]:
    """Return each sentence with its words alone."""
    return tuple((sentence, " ".join(word_list(sentence))) for sentence in sentences(text))
