"""Detectors of a turn's form: it says nothing, breaks off, stutters, holds a blank, or is in another language."""

from __future__ import annotations

import re
from collections import Counter

from simulator.models.conversation import Label
from simulator.population.tokens import word_list
from simulator.roles.guards.language import language_of, script_of
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import sentences, shingles, words_of

__all__ = ["cut_sentence", "empty_turn", "placeholder", "stutter", "wrong_language"]

_FINISHED = re.compile(r"[.!?…。！？][\"'”’)\]*_]*\s*[^\w\s]*$")
_DANGLING = re.compile(
    r"(?:[,;:(\-–—]|\s(?=\.)|\b(?:a|an|the|and|or|but|of|to|with|for|from|in|on|at|by|than|because|if|which|your|my|its|their|"
    r"they're|we're|you're)|, (?:(?:and |or |but |so )?I|so))\s*[.!?]+[\"')]*$"
)
_BREAKS_OFF = re.compile(
    r"(?:[,;:(\-–—]|\b(?:a|an|the|and|or|but|than|because|if|your|my|their|to|with|for|from|of|at|whether))$"
)
"""The end of a turn without a mark that was to go on; in capitals it may be a code ("RU 88 TO")."""

_SHORT = 6
"""Words up to which a sentence may do without a mark at its end."""

_VERSE = 9
"""Words up to which a line may be one of a poem."""

_TAIL = 400
"""Characters at the end of a turn in which such a line is looked for: the pattern's cost grows with their square."""

_RESULT = re.compile(r"\n[^\n]*[=≈→:] ?[\W_]*[\w€$£%.,/()²³° -]{1,30}[\W_]*$")
"""A last line by itself that ends with what something comes to ("995 / 4.08 = 244 mA", "Total: 397.80")."""

_PARTICLE = re.compile(r"\b(?:of|to|with|for|from|in|on|at|by)[.!?]+[\"')]*$")
"""A question or a clause may end in a preposition ("the box it came in."): no sign of a break."""
_BLANK = re.compile(
    r"\[(?:your|my|insert|name|city|town|date|time|company|product|place|number|address|topic)\b[^\]\n]{0,40}\]"
    r"|\[the \w+\]|\((?:your |the )?(?:phone|order|tracking|account|invoice|contact) (?:number|"
    r"name|address)\)"
    r"|\[(?-i:[A-Z][a-z]+){2,}\]"
    r"|\[(?:[a-z]+ ){0,3}(?:number|name|date|address|time|phone|city|town|price|amount|email|id|location|place|"
    r"street|day|month|year|model|brand|title|altitude|height|weight|size|age|colour|color|temperature|distance|duration|"
    r"type|item|species|event|reason|language|currency|amount|quantity|occasion|relative|friend)\]"
    r"|<(?:your|insert|name|city|date|company)\b[^>\n]{0,40}>|<[a-z]+ (?:type|name|number|date|kind|brand)>|"
    r"\bXX\.XX\b|\b(?:XYZ|XXX+|Lorem ipsum)\b|_{3,}",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"^[^\w\n]{0,8}(?:dear|to whom|subject:|hi|hello|yours|sincerely|best regards|kind regards)\b", re.I | re.M
)
"""A line that a letter begins or ends with."""

_FEW = 25
"""Words of a turn up to which three words three times are too many."""

_LIST_OF_CRIES = re.compile(r"(?:\w+, ){1,3}\w+[.!?]$")
"""A few words set off by commas may be said twice for effect ("Boil, rinse, hang. Boil, rinse, hang.")."""

_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))


def empty_turn(turn: str, _scene: Scene) -> Label | None:
    """Find a turn without a single word."""
    return None if words_of(turn) else Label(detector="empty_turn", evidence=turn[:40], severity="error")


def cut_sentence(turn: str, scene: Scene) -> Label | None:
    """Find a sentence that breaks off: no mark at its end, a word that cannot stand there, an open bracket.

    Who types in a hurry leaves the last mark out: of a user's short turn, or one whose last sentence has no capital,
    only a word that must go on is a sign.
    """
    text = turn.strip()
    if text and not _FINISHED.search(text) and (_BREAKS_OFF.search(text) or not _hurried(text, scene)):
        return Label(detector="cut_sentence", evidence=text[-60:])
    whole = sentences(text)
    for place, sentence in enumerate(whole):
        if sentence.endswith(("...", "…")) and place + 1 < len(whole):
            continue  # a pause: what was to be said follows ("so... sixty-eight")
        if _DANGLING.search(sentence) and not _PARTICLE.search(sentence):
            return Label(detector="cut_sentence", evidence=sentence[-60:])
    if any(text.count(left) > text.count(right) for left, right in _PAIRS) or text.count('"') % 2:
        return Label(detector="cut_sentence", evidence=text[-60:])
    return None


def _hurried(text: str, scene: Scene) -> bool:
    last = sentences(text)[-1]
    if scene.role != "user":  # the name below a letter, a verse, or what a calculation comes to
        below = bool(_LETTER.search(text)) and len(word_list(last)) <= _SHORT
        return below or _verse(text) or bool(_RESULT.search(text[-_TAIL:]))
    first = next((letter for letter in last if letter.isalnum()), "")
    return first.islower() or first.isdigit() or len(word_list(last)) <= _SHORT


def _verse(text: str) -> bool:
    """Whether the last lines are short and the one before the last has no mark of its own either."""
    lines = text.splitlines()[-3:]
    return len(lines) > 1 and lines[-2][-1:] not in ".!?:" and all(len(word_list(one)) <= _VERSE for one in lines)


def stutter(turn: str, _scene: Scene) -> Label | None:
    """Find a turn that goes round within itself: a sentence said twice, or word runs that return.

    Four words three times, or seven words twice, do not happen in careful prose of this length.
    """
    said = Counter(" ".join(word_list(sentence)) for sentence in sentences(turn) if not _LIST_OF_CRIES.match(sentence))
    twice = [sentence for sentence, count in said.items() if count > 1 and " " in sentence]
    if twice:
        return Label(detector="stutter", evidence=twice[0][:80], severity="error")
    words = words_of(turn)
    thrice = 2 if len(words) < _FEW else 3
    pairs = max(Counter(shingles(words, 2)).values(), default=0)
    for size, most in ((1, 12), (3, thrice), (4, 2), (6, 1)):
        if size > 1 and pairs <= most:
            continue  # a run that returns is made of pairs that return as often
        run, count = max(Counter(shingles(words, size)).items(), key=lambda item: item[1], default=((), 0))
        if count > most and (size > 1 or count > len(words) / 4):
            return Label(detector="stutter", evidence=f"{' '.join(run)} ({count} times)", severity="error")
    return None


def placeholder(turn: str, scene: Scene) -> Label | None:
    """Find a blank that somebody should have filled in; the letter that an assistant drafts may have some."""
    if scene.role == "assistant" and _LETTER.search(turn):
        return None
    found = _BLANK.search(turn)
    return Label(detector="placeholder", evidence=found.group(), severity="error") if found else None


def wrong_language(turn: str, scene: Scene) -> Label | None:
    """Find a turn in another language or script than what the conversation began in.

    Short turns and mixed ones are not judged: a name or a quotation is no change of language.
    """
    began = scene.opener or scene.greeting or " ".join((scene.persona, *scene.other[:1]))
    here, there = script_of(turn), script_of(began)
    if here and there and here != there:
        return Label(detector="wrong_language", evidence=f"{here} script in a talk in {there}", severity="error")
    spoken, expected = language_of(turn), language_of(began)
    if spoken and expected and spoken != expected:
        return Label(detector="wrong_language", evidence=f"{spoken} in a talk in {expected}", severity="error")
    return None
