"""What tool definitions of small models get wrong all the time, by word lists and counts: crutches.

A capable model speaks of the person's colleagues, says "how many" twice, and names a thing by another word than the
tool's name does; these rules would turn that down.
"""

from __future__ import annotations

import re

from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.roles.checks import names_in, repeated_words
from simulator.roles.role import Check
from simulator.roles.tool_draft import ToolBrief, ToolDraft, phrase
from simulator.roles.tool_sense import circling, glued, of_itself, people, senseless, unanswered

__all__ = ["GENERATES", "tool_crutches", "who_words"]

GENERATES = re.compile(
    r"\b(?:writes?|generat\w+|compos(?:e|es|ing)|translat\w+|summari[sz]\w+|explain\w*|brainstorm\w*|suggests?|advises?|"
    r"answers? questions?|language model|chat ?bots?|artificial intelligence|ai)\b",
    re.IGNORECASE,
)
"""What a language model does alone."""

_PERSON = re.compile(r"\b(?:this|the) (?:person|persona|user)\b", re.IGNORECASE)
_POSSESSIVE = re.compile(r"\w['’](?:s\b|(?!\w))", re.IGNORECASE)
_ACRONYM = re.compile(r"(?<!^)\b[A-Z]{2,}s?\b")
_THING = 4  # words of a thing
_ABSTRACT = word_grams(
    "service services education information research study studies restoration poetry bookings help support work jobs "
    "training skills experience knowledge time life people family friends money safety news stories books people data "
    "day days hour hours week weeks rest break breaks vacation vacations holiday holidays maintenance management rule "
    "rules security"
)
_WHO = re.compile(r"[,;.]|\b(?:who|whose|with|that|at|in|on|from|of|for)\b")


def tool_crutches() -> dict[str, Check[ToolBrief, ToolDraft]]:
    """Return the crutches by the part that they judge."""
    return {
        "need": Check("need", _need, "need", crutch=True),
        "person": Check("person", _person, "description", crutch=True),
        "description": Check("description", _description, "description", crutch=True),
        "text_generator": Check("text_generator", _generates, "description", crutch=True),
        "parameters": Check("parameters", _parameters, "parameters", crutch=True),
        "returns": Check("returns", _returns, "returns", crutch=True),
    }


def _need(brief: ToolBrief, draft: ToolDraft) -> str | None:
    if draft.need in brief.needs:
        return None
    if found := GENERATES.search(draft.need):
        return f"need {found.group()!r} is what a language model does alone"
    if found_glued := glued(brief, [draft.need]):
        return f"need has {found_glued!r}, which is two words"
    repeated = _repeats("need", draft.need)
    return repeated if draft.name else repeated or _thing(brief, draft.need)


def _thing(brief: ToolBrief, need: str) -> str | None:
    """Judge a need that was asked for as a thing, before there is a name: one thing, concrete, and not yet told.

    Of all things the ones that the persona names are nearest to it, and a tool for them says nothing new.
    """
    words = word_list(need)
    if len(words) > _THING or "and" in words or set(words) & who_words(brief) or _POSSESSIVE.search(need):
        return f"need {need!r} is not one thing that the person needs"
    if people(need):
        return f"need {need!r} is somebody, not something"
    if words[-1] in _ABSTRACT:
        return f"need {need!r} is nothing that can be had or measured"
    return f"need {need!r} is what the persona says already" if _stems(words[-1]) & _stems(brief.persona) else None


def _person(brief: ToolBrief, draft: ToolDraft) -> str | None:
    """The same of the description, where a capable model may speak of the person's colleagues."""
    said = word_grams(draft.description) & who_words(brief)
    return f"description speaks of a {min(said)!r}: it looks the person up instead of serving them" if said else None


def who_words(brief: ToolBrief) -> set[str]:
    """Return the word for who the person is (*nurse*, *nurses*): the last one before the persona's first verb."""
    who = word_list(_WHO.split(brief.persona, maxsplit=1)[0])[-1:]
    return {form for word in who for form in (word, f"{word}s")}


def _description(brief: ToolBrief, draft: ToolDraft) -> str | None:
    text = draft.description
    if not _stems(phrase(draft.name.partition("_")[2])) & _stems(text):
        return "description does not speak of what the name says"
    if named := _named(brief, text):
        return f"description names {named!r}, which not everybody who calls the tool has to do with"
    if _PERSON.search(text):
        return "description speaks of 'the person' where it must say what the tool works on"
    if found := glued(brief, [text]):
        return f"description has {found!r}, which is two words"
    if found := circling(text):
        return f"description goes in a circle ({found!r})"
    return _repeats("description", text)


def _named(brief: ToolBrief, text: str) -> str | None:
    """Return a name (of a country, a brand) that a small model made up: one that the inputs do not say."""
    names, known = (*names_in(text), *_ACRONYM.findall(text)), word_grams(" ".join((brief.persona, *brief.needs)))
    return next((name for name in names if not word_grams(name) <= known), None)


def _generates(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    found = GENERATES.search(draft.description)
    return f"description says {found.group()!r}, which a language model does alone" if found else None


def _parameters(brief: ToolBrief, draft: ToolDraft) -> str | None:
    meanings = [word_grams(parameter.description) for parameter in draft.parameters]
    for place, parameter in enumerate(draft.parameters):
        if repeated := repeated_words(parameter.description):
            return f"parameter {parameter.name!r} repeats {repeated!r}"
        if why := senseless(draft, parameter):
            return f"parameter {parameter.name!r} {why}"
        if any(jaccard(meanings[place], other) > 0.7 for other in meanings[:place]):
            return f"parameter {parameter.name!r} means the same as another"
    found = glued(brief, (parameter.description for parameter in draft.parameters))
    return f"a parameter's description has {found!r}, which is two words" if found else None


def _returns(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if found := of_itself(draft.returns):
        return f"returns goes in a circle ({found!r})"
    if asked := unanswered(draft):
        return f"returns does not say what comes back when it {asked.lower()!r}"
    return _repeats("returns", draft.returns)


def _repeats(field: str, text: str) -> str | None:
    # "the number of the order and the day of the order" is how results are told, so a phrase counts from two words on.
    found = repeated_words(text, content=2)
    return f"{field} repeats {found!r}" if found else None


def _stems(text: str) -> frozenset[str]:
    """Return the words of ``text`` and what they are without a plural or third person s."""
    words = word_grams(text)
    shorter = {word.removesuffix(ending) for word in words for ending in ("s", "es", "ing", "ed")}
    return words | shorter | {f"{word.removesuffix('ies')}y" for word in words if word.endswith("ies")}
