"""What rules can say of a tool where no model was asked: its effect, the fields of its result, worked examples.

All that is made here is named in ``Tool.derived``. Errors and dependencies are not made up: without a model they stay
empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.models.base import normalise_text
from simulator.models.tool import Tool, ToolExample, ToolField
from simulator.population.tokens import word_list
from simulator.tools.schema import argument_flaw, result_flaw
from simulator.tools.values import value_of
from simulator.tools.vocabulary import EVERYDAY, Vocabulary
from simulator.tools.words import VERBS, effect_of, phrase, type_of

__all__ = ["completed", "request_of", "result_fields"]

_EXAMPLES = 2
_TRIES = 6  # argument sets that are looked at for two different ones
_FIELDS = 6
_WORDS = 6  # of one thing in a list of what comes back
_LIST = re.compile(r"\s*(?:[,;]|\band\b|\bwith\b)\s*", re.IGNORECASE)
_LEAD = re.compile(r"^(?:the|a|an|its|their|one|each|all|any|some|list of|current|latest)\s+", re.IGNORECASE)
_MORE_VERBS = "ask enter give hand keep lay leave mark name note put return say show store tell write"
_VERBS_TOO = "|".join((*VERBS, *_MORE_VERBS.split()))
_ALSO = re.compile(
    r"(,? (?:and|or|then|and then) )"
    r"([a-z]{3,}s(?= (?:it|them|him|her|how|when|where|whether)\b)"
    rf"|(?:{_VERBS_TOO})e?s(?= (?:an?|the|its|their|one|what)\b))"
)
"""A further verb of a description, with the object that tells it from a plural: *and chalks them up*."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ABOUT = re.compile(
    r"^(?:this|the|an?)\s+(?:\w+\s+){0,3}?(?:interface|function|tool|api|method|service)\s+"
    r"(?:(?:that|which)\s+)?(?:(?:will|can)\s+)?(?:(?:allows?|enables?|helps?|lets?)\s+(?:(?:the|a)\s+)?(?:users?\s+)?)?"
    r"(?:to\s+)?",
    re.IGNORECASE,
)
_SMALL = frozenset(word_list("the a an of for in on at to from its their that was were is are by each every"))


Request = Callable[[Tool, dict[str, Any]], str]
"""From a tool and arguments to the request that takes that call."""


def completed(tool: Tool, words: Vocabulary = EVERYDAY, request: Request | None = None) -> Tool:
    """Return the tool with what rules can say of it; what somebody said stays as it is.

    Only examples that are valid against the tool's own schemas are added, so a tool with a pattern that nobody gave
    an example for gets none.

    Args:
        tool: What was said.
        words: The names that made-up values use.
        request: How the examples ask; without it, :func:`request_of`.
    """
    made: dict[str, Any] = {}
    if tool.effect is None:
        made["effect"] = effect_of(tool.name)
    if not tool.result and tool.returns:
        made["result"] = result_fields(tool.returns)
    whole = tool.model_copy(update=made)
    if not whole.examples and (examples := _examples(whole, words, request or request_of)):
        made["examples"] = examples
    return tool.model_copy(update={**made, "derived": (*tool.derived, *made)}) if made else tool


def result_fields(returns: str) -> tuple[ToolField, ...]:
    """Return the fields that a sentence about a result lists, each one text or figure.

    >>> [(field.name, field.type) for field in result_fields("The place of the parcel and the day of its arrival.")]
    [('parcel_place', 'string'), ('arrival_day', 'string')]
    """
    pieces = [piece for piece in _LIST.split(returns.strip().rstrip(".")) if piece]
    named = {_field_name(piece): piece for piece in pieces}
    short = all(len(word_list(piece)) <= _WORDS for piece in pieces)
    if not named or "" in named or len(pieces) > _FIELDS or len(named) < len(pieces) or not short:
        return (ToolField(name="result", type="string", description=returns.strip() or "What was asked for"),)
    return tuple(
        ToolField(name=name, type=_field_type(name), description=piece[:1].upper() + piece[1:])
        for name, piece in named.items()
    )


def request_of(tool: Tool, arguments: dict[str, Any]) -> str:
    """Return a request that takes this call, made of the description and the arguments.

    >>> from simulator.models.tool import ToolParameter
    >>> hive = ToolParameter(name="hive_number", type="integer", description="On the hive")
    >>> scale = Tool(id="f-1", personas=(), name="read_scale", description="Reads a hive's weight.", parameters=(hive,))
    >>> request_of(scale, {"hive_number": 4})
    "Read a hive's weight: hive number 4."

    What the description says after the first verb is asked for too.

    >>> does = "Reserves a seat for one day and notes it on the slate."
    >>> request_of(Tool(id="f-2", personas=(), name="reserve_seat", description=does, parameters=()), {})
    'Reserve a seat for one day and note it on the slate.'
    """
    sentence = _SENTENCE.split(normalise_text(tool.description), maxsplit=1)[0].rstrip(".")
    first, _, rest = _ABOUT.sub("", sentence).partition(" ")
    rest = _ALSO.sub(lambda found: f"{found[1]}{_imperative(found[2]).lower()}", rest)
    text = f"{_imperative(first)} {rest}".strip()
    told = ", ".join(f"{phrase(name)} {_said(value)}" for name, value in arguments.items())
    return f"{text}: {told}." if told else f"{text}."


def _imperative(verb: str) -> str:
    """Turn *Checks* or *searches* into ``Check`` and ``Search``."""
    word = verb.lower()
    stem = next((known for known in VERBS if word in (f"{known}s", f"{known}es")), word)
    if stem == word and re.fullmatch(r"(?!does|goes)[a-z]{2,}[^su]s", word):
        stem = re.sub(r"(?:ie(?=s$)|(?<=(?:ss|sh|ch))e(?=s$))", lambda found: "y" if found[0] == "ie" else "", word)[
            :-1
        ]
    return stem.capitalize()


def _examples(tool: Tool, words: Vocabulary, request: Request) -> tuple[ToolExample, ...]:
    found: list[ToolExample] = []
    for number in range(_TRIES):
        arguments = {one.name: value_of(one, tool.name, number, words=words) for one in tool.parameters}
        result = _result(tool, number, words)
        if argument_flaw(tool, arguments) or result_flaw(tool, result):
            continue
        if arguments not in [one.arguments for one in found]:
            found.append(ToolExample(query=request(tool, arguments), arguments=arguments, result=result))
        if len(found) == _EXAMPLES:
            break
    return tuple(found)


def _result(tool: Tool, number: int, words: Vocabulary) -> dict[str, Any]:
    rows = [
        {one.name: value_of(one, tool.name, "result", number, place, words=words) for one in tool.result}
        for place in range(2 if tool.many else 1)
    ]
    return {"rows": rows} if tool.many else rows[0]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _field_name(piece: str) -> str:
    """Turn *the place of the parcel* into ``parcel_place``."""
    previous = ""
    while previous != piece:
        previous, piece = piece, _LEAD.sub("", piece)
    head, _, of = piece.partition(" of ")
    words = [word for word in word_list(f"{of} {head}") if word.isascii() and word not in _SMALL]
    name = "_".join(words[-4:])
    return name[:40].strip("_") if name[:1].isalpha() else ""


def _field_type(name: str) -> Any:
    kind = type_of(name)
    return (
        "boolean" if kind == "boolean" and name.startswith(("is_", "has_")) else kind if kind != "boolean" else "string"
    )
