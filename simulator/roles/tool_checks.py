"""What a tool definition must keep to be used: a name that says an action, a real need, sound parameters."""

from __future__ import annotations

import re
from functools import cache

from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.prompts.shipped import shipped_prompts
from simulator.roles.checks import leftover, names_in, repeated_words, shared_run, unfinished
from simulator.roles.role import Check
from simulator.roles.tool_draft import MAX_PARAMETERS, VERBS, ToolBrief, ToolDraft, name_of, names_of, phrase, type_of
from simulator.roles.tool_sense import circling, glued, of_itself, people, senseless, unanswered

__all__ = ["tool_checks"]

ToolCheck = Check[ToolBrief, ToolDraft]

_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+){1,4}")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_TEXTS = word_grams(
    "poem story essay joke advice tips tip idea ideas summary translation explanation answer text lyrics speech quote "
    "suggestion suggestions article blog caption paragraph sentence outline slogan riddle haiku plan plans"
)
_VAGUE = word_grams("data info information tool function thing things result results value values item stuff person")
_GENERATES = re.compile(
    r"\b(?:writes?|generat\w+|compos(?:e|es|ing)|translat\w+|summari[sz]\w+|explain\w*|brainstorm\w*|suggests?|advises?|"
    r"answers? questions?|language model|chat ?bots?|artificial intelligence|ai)\b",
    re.IGNORECASE,
)
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
_SMALL_WORDS = word_grams("a an the of in on for and or at from with to who that")
_WHO = re.compile(r"[,;.]|\b(?:who|whose|with|that|at|in|on|from|of|for)\b")
_RUN = 4  # words of content in a row
_LIMITS = {"description": (5, 34), "returns": (2, 26)}


def tool_checks() -> tuple[ToolCheck, ...]:
    """Return the checks of the tool designer, in the order of trying."""
    return (
        Check("need", _need, "need"),
        # The name follows from the description where it is not asked for, so it is judged together with it.
        Check("name", _name, "description"),
        Check("text_generator", _name_of_text, "description"),
        Check("copy_of_example", _name_of_example, "description"),
        Check("person", _person, "description"),
        Check("taken", _taken, "description"),
        Check("description", _description, "description"),
        Check("text_generator", _description_of_text, "description"),
        Check("copy_of_example", lambda _, draft: _copied("description", draft.description), "description"),
        Check("parameters", _parameters, "parameters"),
        Check("parameter_name", _parameter_names, "parameters"),
        Check("parameter_type", _parameter_types, "parameters"),
        Check("returns", _returns, "returns"),
        Check("copy_of_example", lambda _, draft: _copied("returns", draft.returns), "returns"),
    )


def _need(brief: ToolBrief, draft: ToolDraft) -> str | None:
    if draft.need in brief.needs:
        return None  # settled before anybody was asked
    words = word_list(draft.need)
    if not words or words[-1] in _SMALL_WORDS:
        return "need does not say what the person has to get done, or depends on"
    if found := _GENERATES.search(draft.need):
        return f"need {found.group()!r} is what a language model does alone"
    if found_leftover := leftover(draft.need):
        return f"need speaks of the task ({found_leftover!r})"
    if found_glued := glued(brief, [draft.need]):
        return f"need has {found_glued!r}, which is two words"
    copied = _copied("need", draft.need) or _repeats("need", draft.need)
    return copied if draft.name else copied or _thing(brief, draft.need)


def _thing(brief: ToolBrief, need: str) -> str | None:
    """Judge a need that was asked for as a thing, before there is a name: one thing, concrete, and not yet told.

    Of all things the ones that the persona names are nearest to it, and a tool for them says nothing new.
    """
    words = word_list(need)
    if len(words) > _THING or "and" in words or set(words) & _self(brief) or _POSSESSIVE.search(need):
        return f"need {need!r} is not one thing that the person needs"
    if people(need):
        return f"need {need!r} is somebody, not something"
    if words[-1] in _ABSTRACT:
        return f"need {need!r} is nothing that can be had or measured"
    return f"need {need!r} is what the persona says already" if _stems(words[-1]) & _stems(brief.persona) else None


def _name(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not _NAME.fullmatch(draft.name):
        return f"name {draft.name!r} is not a verb and its object in snake_case, of two to five words"
    verb, *words = draft.name.split("_")
    if verb not in VERBS:
        return f"name begins with {verb!r}; it must begin with one of: {', '.join(VERBS)}"
    if len(set(words)) < len(words) or verb in words:
        return f"name {draft.name!r} repeats a word"
    if set(words) <= _VAGUE:
        return f"name {draft.name!r} could be any tool's: it must name its object"
    return None


def _name_of_text(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    found = set(draft.name.split("_")) & _TEXTS
    return f"a tool for a {min(found)} is only a text, which a language model writes alone" if found else None


def _name_of_example(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    names = {str(example.get("name") or name_of(str(example.get("description", "")))) for example in _examples()}
    return f"name {draft.name!r} is that of an example" if draft.name in names else None


def _person(brief: ToolBrief, draft: ToolDraft) -> str | None:
    """Refuse a tool that looks its own user up."""
    said = (set(draft.name.split("_")) | word_grams(draft.description)) & _self(brief)
    return f"name {draft.name!r} looks the person up instead of serving them" if said else None


def _self(brief: ToolBrief) -> set[str]:
    """Return the word for who the person is (*nurse*, *nurses*): the last one before the persona's first verb."""
    who = word_list(_WHO.split(brief.persona, maxsplit=1)[0])[-1:]
    return {form for word in who for form in (word, f"{word}s")}


def _taken(brief: ToolBrief, draft: ToolDraft) -> str | None:
    words = set(draft.name.split("_"))
    taken = next((name for name in brief.avoid if set(name.split("_")) == words), None)
    return f"name {draft.name!r} is taken ({taken})" if taken else None


def _description(brief: ToolBrief, draft: ToolDraft) -> str | None:
    text = draft.description
    first = (word_list(text) or [""])[0]
    if not first.endswith("s") and first not in VERBS:
        return f"description begins with {first!r}; it must begin with what the tool does, as in 'Checks ...'"
    if not word_grams(phrase(draft.name.partition("_")[2])) & _stems(text):
        return "description does not speak of what the name says"
    if named := _named(brief, text):
        return f"description names {named!r}, which not everybody who calls the tool has to do with"
    if _PERSON.search(text):
        return "description speaks of 'the person' where it must say what the tool works on"
    if found := glued(brief, [text]):
        return f"description has {found!r}, which is two words"
    if found := circling(text):
        return f"description goes in a circle ({found!r})"
    return _bounded("description", text)


def _named(brief: ToolBrief, text: str) -> str | None:
    """Return a name (of a country, a brand) that a small model made up: one that the inputs do not say."""
    names, known = (*names_in(text), *_ACRONYM.findall(text)), word_grams(" ".join((brief.persona, *brief.needs)))
    return next((name for name in names if not word_grams(name) <= known), None)


def _description_of_text(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    found = _GENERATES.search(draft.description)
    return f"description says {found.group()!r}, which a language model does alone" if found else None


def _parameters(brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not 1 <= len(draft.parameters) <= MAX_PARAMETERS:
        return f"there are {len(draft.parameters)} parameters; 1 to {MAX_PARAMETERS} are allowed"
    meanings = [word_grams(parameter.description) for parameter in draft.parameters]
    for place, parameter in enumerate(draft.parameters):
        if len(word_list(parameter.description)) < 2:
            return f"parameter {parameter.name!r} is not described"
        if repeated := repeated_words(parameter.description):
            return f"parameter {parameter.name!r} repeats {repeated!r}"
        if why := senseless(draft, parameter):
            return f"parameter {parameter.name!r} {why}"
        if any(jaccard(meanings[place], other) > 0.7 for other in meanings[:place]):
            return f"parameter {parameter.name!r} means the same as another"
    found = glued(brief, (parameter.description for parameter in draft.parameters))
    return f"a parameter's description has {found!r}, which is two words" if found else None


def _parameter_names(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    names = names_of(draft.parameters)
    for place, name in enumerate(names):
        if not _SNAKE.fullmatch(name) or len(name) > 40:
            return f"parameter {name!r} is not in snake_case"
        if name in names[:place]:
            return f"parameter {name!r} stands twice"
        if name == draft.name or len(name.split("_")) > 4:
            return f"parameter {name!r} is not the name of an argument"
    return None


def _parameter_types(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    for parameter in draft.parameters:
        wanted = type_of(parameter.name, parameter.description)
        if (
            wanted == "boolean"
            and parameter.type != "boolean"
            and parameter.name.startswith(("is_", "include_", "has_"))
        ):
            return f"parameter {parameter.name!r} must be a boolean"
        if parameter.name.endswith(("date", "name", "_id")) and parameter.type in ("number", "boolean"):
            return f"parameter {parameter.name!r} must be a string, not a {parameter.type}"
    return None


def _returns(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if jaccard(word_grams(draft.returns), word_grams(draft.description)) > 0.6:
        return "returns says again what the description says"
    if found := of_itself(draft.returns):
        return f"returns goes in a circle ({found!r})"
    if asked := unanswered(draft):
        return f"returns does not say what comes back when it {asked.lower()!r}"
    return _bounded("returns", draft.returns)


def _bounded(field: str, text: str) -> str | None:
    least, most = _LIMITS[field]
    count = len(word_list(text))
    if not least <= count <= most:
        return f"{field} has {count} words; {least} to {most} are allowed"
    if found := leftover(text):
        return f"{field} speaks of the task ({found!r})"
    if found := unfinished(text):
        return f"{field} does not end as a sentence ({found!r})"
    return _repeats(field, text)


def _repeats(field: str, text: str) -> str | None:
    # "the number of the order and the day of the order" is how results are told, so a phrase counts from two words on.
    found = repeated_words(text, content=2)
    return f"{field} repeats {found!r}" if found else None


def _copied(field: str, text: str) -> str | None:
    found = shared_run(text, [str(example[field]) for example in _examples() if field in example], _RUN, _COMMON)
    return f"{field} copies an example ({found!r})" if found else None


def _stems(text: str) -> frozenset[str]:
    """Return the words of ``text`` and what they are without a plural or third person s."""
    words = word_grams(text)
    shorter = {word.removesuffix(ending) for word in words for ending in ("s", "es", "ing", "ed")}
    return words | shorter | {f"{word.removesuffix('ies')}y" for word in words if word.endswith("ies")}


_COMMON = word_grams(
    "this person needs to a an the of in on for and or at from is are its one know gets checks tracks orders more "
    "reports problem finds nearest records use stock schedules repair reserves compares prices price measures quality "
    "requests permit delivery number day order list with"
)


@cache
def _examples() -> tuple[dict[str, object], ...]:
    prompts = (*shipped_prompts("tool_designer"), *shipped_prompts("npc_tool_designer"))
    return tuple(dict(example.reply) for prompt in prompts for example in prompt.examples)
