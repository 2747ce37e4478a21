"""What can be settled before a small model is asked for a call: which tools fit, and which values they can have."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.embeddings.protocol import Embedder
from simulator.models.npc import Npc
from simulator.models.tool import Tool, ToolParameter
from simulator.population.tokens import word_list
from simulator.tools.simulated import Answer
from simulator.tools.vocabulary import Vocabulary
from simulator.tools.words import phrase

__all__ = ["ANSWERS", "Fitting", "action_of", "choices_of", "fitting_tools", "found_in", "typed"]

ANSWERS = "only answers"
"""What the NPC does when it calls nothing, as the prompt's examples say it."""

_NEAR = 0.3
"""Cosine between what a visitor says and what a tool does from which the tool comes into question."""

_ASKED = 0.6
"""Cosine from which a tool was asked for in so many words, and nothing is left to choose."""

_FEW = 3
_WHERE = frozenset(["place", "town", "harbour", "location", "where", "street", "port"])
_WHO = frozenset(["person", "name", "who", "owner", "customer", "guest"])
_WHEN = frozenset(["date", "day", "time", "hour", "deadline", "when"])
_NUMBER = re.compile(r"\b\d{1,4}\b")
_SPELT = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "dozen": 12}
_COUNTS = ("1", "2", "3", "5")
_OR = re.compile(r"^(?:the |a )?([\w-]+)(?:, ([\w-]+))*,? or ([\w-]+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Fitting:
    """Tools that come into question, the nearest first; ``asked`` says that the first was asked for in words."""

    tools: list[Tool]
    asked: bool = False


async def fitting_tools(said: str, tools: Sequence[Tool], embedder: Embedder) -> Fitting:
    """Return the tools whose description is near to what was said."""
    if not tools:
        return Fitting([])
    heard, *vectors = await embedder.embed([said, *(f"{phrase(tool.name)}. {tool.description}" for tool in tools)])
    scored = sorted(((round(float(v @ heard), 4), -place) for place, v in enumerate(vectors)), reverse=True)
    fitting = [tools[-place] for score, place in scored if score >= _NEAR][:_FEW]
    return Fitting(fitting, asked=bool(fitting) and scored[0][0] >= _ASKED)


def action_of(tool: Tool) -> str:
    """Return what a call does, as it follows a person's name: the description without its full stop."""
    text = tool.description.strip().rstrip(".")
    return text[:1].lower() + text[1:]


def choices_of(parameter: ToolParameter, said: str, npc: Npc, words: Vocabulary) -> tuple[str, ...]:
    """Return all that an argument can be; empty where a few words of the model's own are wanted.

    Args:
        parameter: What is to be known.
        said: What the visitor said: figures, places and people in it come first, and alone where there are some.
        npc: Who calls.
        words: The names that there are.
    """
    if parameter.enum:
        return parameter.enum
    if parameter.type == "boolean":
        return ("yes", "no")
    if parameter.type in ("integer", "number"):
        return _within(parameter, _figures(said)) or _within(parameter, _COUNTS) or _ends(parameter)
    named = set(word_list(parameter.name.replace("_", " ")))
    if named & _WHEN and words.times:
        return words.times
    if named & _WHERE:
        return _spoken(words.places, said) or (npc.place,)
    if named & _WHO:
        return _spoken(words.people, said) or (npc.name,)
    offered = _OR.match(parameter.description)
    return tuple(dict.fromkeys(filter(None, offered.groups()))) if offered else ()


def _within(parameter: ToolParameter, figures: Sequence[str]) -> tuple[str, ...]:
    least = -math.inf if parameter.minimum is None else parameter.minimum
    most = math.inf if parameter.maximum is None else parameter.maximum
    return tuple(one for one in figures if least <= float(one) <= most)


def _ends(parameter: ToolParameter) -> tuple[str, ...]:
    """Return the ends of a parameter's range, whole ones."""
    ends = [math.ceil(one) for one in (parameter.minimum, parameter.maximum) if one is not None]
    return _within(parameter, list(dict.fromkeys(map(str, ends))))


def typed(parameter: ToolParameter, value: str) -> object:
    """Return a reply as a value of the parameter's type."""
    if parameter.type == "integer":
        return int(value)
    if parameter.type == "number":
        return float(value)
    if parameter.type == "boolean":
        return value == "yes"
    return [value] if parameter.type == "array" else value


def found_in(tool: Tool, answer: Answer, said: Sequence[str] = ()) -> str:
    """Return the beginning of an answer that tells what a call found, without what was ``said`` before."""
    if answer.result is None:
        return f"It cannot be done now ({answer.message.strip().rstrip('.').lower()})"
    rows = answer.result.get("rows") if tool.many else None
    row = rows[0] if rows else answer.result
    told = [f"{_said(field.description)} is {row[field.name]}" for field in tool.result if field.name in row]
    before = " ".join(said).casefold()
    new = [one for one in told if one.casefold() not in before] or told
    text = " and ".join(new[:2]) or "it is done"
    return text[:1].upper() + text[1:]


def _said(description: str) -> str:
    text = description.strip().rstrip(".")
    text = text[:1].lower() + text[1:]
    return text if re.match(r"(?:the|a|an|its|their) ", text) else f"the {text}"


def _figures(said: str) -> tuple[str, ...]:
    spelt = [str(_SPELT[word]) for word in word_list(said) if word in _SPELT]
    return tuple(dict.fromkeys((*_NUMBER.findall(said), *spelt)))


def _spoken(names: Sequence[str], said: str) -> tuple[str, ...]:
    heard = f" {' '.join(word_list(said))} "
    return tuple(name for name in names if f" {' '.join(word_list(name))} " in heard)
