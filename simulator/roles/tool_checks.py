"""What a tool definition must keep to be used: a name that says an action, a real need, sound parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from functools import cache

from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.prompts.shipped import shipped_prompts
from simulator.roles.checks import leftover, shared_run, unfinished
from simulator.roles.role import Check
from simulator.roles.tool_crutches import GENERATES, tool_crutches, who_words
from simulator.roles.tool_draft import MAX_PARAMETERS, VERBS, ToolBrief, ToolDraft, name_of, names_of, type_of

__all__ = ["tool_checks"]

ToolCheck = Check[ToolBrief, ToolDraft]

_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+){1,4}")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_TEXTS = word_grams(
    "poem story essay joke advice tips tip idea ideas summary translation explanation answer text lyrics speech quote "
    "suggestion suggestions article blog caption paragraph sentence outline slogan riddle haiku plan plans"
)
_VAGUE = word_grams("data info information tool function thing things result results value values item stuff person")
_ONLY_TEXTS = word_grams("poem essay joke advice tips tip ideas translation explanation lyrics slogan riddle haiku")
"""Of those, what nobody books, files or looks up: a repair's quote and a flight's plan are records."""

_RECORDS = re.compile(r"writes?\b.*\b(?:into?|onto|down)\b", re.IGNORECASE)
_SMALL_WORDS = word_grams("a an the of in on for and or at from with to who that")
_RUN = 4  # words of content in a row
_LIMITS = {"description": (5, 34), "returns": (2, 26)}


def tool_checks() -> tuple[ToolCheck, ...]:
    """Return the checks of the tool designer, in the order of trying."""
    small = tool_crutches()
    return (
        Check("need", _need, "need"),
        small["need"],
        # The name follows from the description where it is not asked for, so it is judged together with it.
        Check("name", _name, "description"),
        Check("text_generator", _name_of_text(_TEXTS), "description", crutch=True),
        Check("text_generator", _name_of_text(_ONLY_TEXTS), "description"),
        Check("copy_of_example", _name_of_example, "description"),
        Check("person", _person, "description"),
        small["person"],
        Check("taken", _taken, "description"),
        Check("description", _description, "description"),
        small["description"],
        small["text_generator"],
        Check("text_generator", _generates, "description"),
        Check("copy_of_example", lambda _, draft: _copied("description", draft.description), "description"),
        Check("parameters", _parameters, "parameters"),
        small["parameters"],
        Check("parameter_name", _parameter_names, "parameters"),
        Check("parameter_type", _parameter_types, "parameters"),
        Check("returns", _returns, "returns"),
        small["returns"],
        Check("copy_of_example", lambda _, draft: _copied("returns", draft.returns), "returns"),
    )


def _need(brief: ToolBrief, draft: ToolDraft) -> str | None:
    if draft.need in brief.needs:
        return None  # settled before anybody was asked
    words = word_list(draft.need)
    if not words or words[-1] in _SMALL_WORDS:
        return "need does not say what the person has to get done, or depends on"
    if found := GENERATES.match(draft.need):
        return f"need {found.group()!r} is what a language model does alone"
    if found_leftover := leftover(draft.need):
        return f"need speaks of the task ({found_leftover!r})"
    return _copied("need", draft.need)


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


def _name_of_text(texts: Set[str]) -> Callable[[ToolBrief, ToolDraft], str | None]:
    def test(_brief: ToolBrief, draft: ToolDraft) -> str | None:
        found = set(draft.name.split("_")) & texts
        return f"a tool for a {min(found)} is only a text, which a language model writes alone" if found else None

    return test


def _name_of_example(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    names = {str(example.get("name") or name_of(str(example.get("description", "")))) for example in _examples()}
    return f"name {draft.name!r} is that of an example" if draft.name in names else None


def _person(brief: ToolBrief, draft: ToolDraft) -> str | None:
    """Refuse a tool that looks its own user up."""
    said = set(draft.name.split("_")) & who_words(brief)
    return f"name {draft.name!r} looks the person up instead of serving them" if said else None


def _taken(brief: ToolBrief, draft: ToolDraft) -> str | None:
    words = set(draft.name.split("_"))
    taken = next((name for name in brief.avoid if set(name.split("_")) == words), None)
    return f"name {draft.name!r} is taken ({taken})" if taken else None


def _description(brief: ToolBrief, draft: ToolDraft) -> str | None:
    text = draft.description
    first = (word_list(text) or [""])[0]
    if not first.endswith("s") and first not in VERBS:
        return f"description begins with {first!r}; it must begin with what the tool does, as in 'Checks ...'"
    return _bounded("description", text)


def _generates(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    """Find a description that begins with what a language model does alone; who writes into a book keeps a record."""
    found = None if _RECORDS.match(draft.description) else GENERATES.match(draft.description)
    return f"description says {found.group()!r}, which a language model does alone" if found else None


def _parameters(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not 1 <= len(draft.parameters) <= MAX_PARAMETERS:
        return f"there are {len(draft.parameters)} parameters; 1 to {MAX_PARAMETERS} are allowed"
    meanings = [word_list(parameter.description) for parameter in draft.parameters]
    for place, parameter in enumerate(draft.parameters):
        if len(meanings[place]) < 2:
            return f"parameter {parameter.name!r} is not described"
        if meanings[place] in meanings[:place]:
            return f"parameter {parameter.name!r} means the same as another"
    return None


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
        if parameter.name.split("_")[-1] in ("date", "name", "id") and parameter.type in ("number", "boolean"):
            return f"parameter {parameter.name!r} must be a string, not a {parameter.type}"
    return None


def _returns(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if jaccard(word_grams(draft.returns), word_grams(draft.description)) > 0.6:
        return "returns says again what the description says"
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
    return None


def _copied(field: str, text: str) -> str | None:
    found = shared_run(text, [str(example[field]) for example in _examples() if field in example], _RUN, _COMMON)
    return f"{field} copies an example ({found!r})" if found else None


_COMMON = word_grams(
    "this person needs to a an the of in on for and or at from is are its one know gets checks tracks orders more "
    "reports problem finds nearest records use stock schedules repair reserves compares prices price measures quality "
    "requests permit delivery number day order list with"
)


@cache
def _examples() -> tuple[dict[str, object], ...]:
    prompts = (*shipped_prompts("tool_designer"), *shipped_prompts("npc_tool_designer"))
    return tuple(dict(example.reply) for prompt in prompts for example in prompt.examples)
