"""What tool definitions of small models say without sense, as far as a rule can see it without knowing the world."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from simulator.population.names.common_words import COMMON_WORDS
from simulator.population.tokens import word_grams, word_list
from simulator.roles.people_words import names_person
from simulator.roles.tool_draft import VERBS, ParameterDraft, ToolBrief, ToolDraft

__all__ = ["circling", "glued", "of_itself", "people", "senseless", "sensible", "unanswered"]

_MEASURED = word_grams("price prices cost costs stock quality weight temperature distance")
"""What a tool is asked for: nobody knows it before the call."""

_SMALL = word_grams("a an the of in on for and current total")
_QUESTION = re.compile(
    r"how to\b|(?:what|who|which|where|when|how) (?:is|are|was|were) (?:the|an?|in|on|at|this|that|your|my|it)\b",
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r"\b(\w{4,}) (?:of|in|at|from) (?:the |an? )?\1\b|"
    r"\b(?:number|day|hour) of (?:the )?(?:price|stock|quality|hour)s?\b",
    re.IGNORECASE,
)
_ONE_THING = 16  # words; longer sentences may speak twice of a train station
_PART = 5  # letters that either half of two words without a space has at least: "boathouse" is one word

_ANSWERS = tuple(
    (re.compile(rf"(?:{asked})\b", re.IGNORECASE), word_grams(words))
    for asked, words in (
        (
            r"(?:check|compare|get|look up|track|monitor)s? (?:the )?(?:current )?(?:prices?|costs?)",
            "price cost amount",
        ),
        (r"(?:find|locate)s? the nearest", "address place name location street distance way town"),
        (r"checks? the stock", "number stock left quantity amount count pieces day available many shelf"),
        (r"tracks? the delivery", "place day date hour time arrival status state where when"),
        (r"schedules? the delivery", "day date hour time number arrival"),
        (r"reports? a problem", "number day date hour time name answer state status"),
    )
)
"""What has to come back, in one of these words, from a tool whose description begins so."""


def people(need: str) -> bool:
    """Return whether a thing that is needed is somebody, or several."""
    one = re.sub(r"s$", "", need.strip())
    return names_person(need) or (one != need and names_person(one))


def sensible(draft: ToolDraft) -> tuple[ParameterDraft, ...]:
    """Return the parameters without those that make no sense, unless none is left or examples were worked with them."""
    kept = tuple(one for one in draft.parameters if senseless(draft, one) is None)
    return draft.parameters if draft.worked or not kept else kept


def senseless(draft: ToolDraft, parameter: ParameterDraft) -> str | None:
    """Return why a parameter makes no sense, as it follows the parameter's name; ``None`` if no rule sees it."""
    if found := _puzzling(parameter.description):
        return f"is not described by a text with {found!r}"
    verb_and_object, own = draft.name.split("_"), set(parameter.name.split("_")) - _SMALL
    asked = verb_and_object[-1]
    if asked in _MEASURED and asked in own and own <= set(verb_and_object):
        return "is what the tool is to find out"
    counts = parameter.name.startswith(("number_of_", "amount_of_", "count_of_"))
    twice = counts and any(one.name == "quantity" for one in draft.parameters)
    return "counts what 'quantity' counts" if twice else None


def _puzzling(description: str) -> str | None:
    """Return what shows that a parameter's description describes none: a question, or words that go in a circle."""
    found = _QUESTION.match(description.strip())
    return found.group() if found else circling(description)


def circling(text: str) -> str | None:
    """Return what goes in a circle in a sentence that says one thing: two words again, or a thing of itself.

    >>> circling("Number of the game show to the city's game show."), circling("The kitchen of the kitchen.")
    ('game show', 'kitchen of the kitchen')
    """
    words = word_list(text)
    pairs = list(pairwise(words if len(words) <= _ONE_THING else ()))
    twice = (pair for place, pair in enumerate(pairs) if pair in pairs[:place] and not set(pair) & _SMALL)
    return next((" ".join(pair) for pair in twice), of_itself(text))


def of_itself(text: str) -> str | None:
    """Return words by which a thing is one of itself, or is measured by what it is: *the number of the price*."""
    found = _OF_ITSELF.search(text)
    return found.group() if found else None


def unanswered(draft: ToolDraft) -> str | None:
    """Return the beginning of a description whose result says nothing of it."""
    for asked, words in _ANSWERS:
        if found := asked.match(draft.description):
            returned = word_grams(draft.returns)
            said = returned | {word.removesuffix("s") for word in returned} | {word[:-2] for word in returned}
            return None if said & words else found.group()
    return None


def glued(brief: ToolBrief, texts: Iterable[str]) -> str | None:
    """Return a word of ``texts`` that is two without a space: one that was said before, and a common one."""
    before = {word for word in word_list(brief.persona) if len(word) >= _PART}
    common = COMMON_WORDS | set(VERBS)
    for word in (word for text in texts for word in word_list(text)):
        starts = (start for start in before if word.startswith(start) and word not in before)
        for start in starts:
            rest = word[len(start) :]
            rests = {rest, rest.removeprefix("s"), rest.removesuffix("s"), rest.removeprefix("s").removesuffix("s")}
            if any(len(one) >= _PART and one in common for one in rests):
                return word
    return None
