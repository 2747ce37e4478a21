"""What holds of everything that a persona writes: checks that the roles for instructions, problems and texts share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from simulator.models.base import normalise_text
from simulator.population.quality.languages import guess_language
from simulator.population.tokens import word_list
from simulator.prompts.template import load_prompt
from simulator.roles.checks import copied, example_texts, leftover, shared_run, unfinished
from simulator.roles.guards.language import script_of
from simulator.roles.role import Check

__all__ = ["EXAMPLE_RUN", "blank", "language_differs", "length_flaw", "prose_checks", "recited", "tidied"]

EXAMPLE_RUN = 6
"""So many words in a row make a copy of an example."""

_QUOTES = '"“”'
_PERSONA_RUN = 8
_SIGNATURE = 8  # words of a line that signs a letter, or of the address below it
_BLANK = re.compile(
    r"\[[^\]]{0,40}\]|\{[^}]{0,40}\}|<[^>]{0,40}>|_{3,}|\bXYZ\b|\bXX+\b|\binsert \w+ here\b", re.IGNORECASE
)
_ABOUT = re.compile(r"\b(?:this|the) (?:person|persona|description)\b|\b(?:AI|chat) ?assistant\b", re.IGNORECASE)
_LABEL = re.compile(r"^(?:problem|question|title|text|article|answer|solution)\s*:\s*", re.IGNORECASE)


class _Inputs(Protocol):
    @property
    def persona(self) -> str: ...


def prose_checks(field: str, role: str) -> tuple[Check[Any, Any], ...]:
    """Return the checks of one field of what a persona wrote.

    Args:
        field: The output's field.
        role: Whose prompts' examples must not be copied.
    """

    def of(rule: Callable[[_Inputs, str], str | None]) -> Callable[[Any, Any], str | None]:
        return lambda inputs, output: rule(inputs, getattr(output, field))

    rules: dict[str, Callable[[_Inputs, str], str | None]] = {
        "leftover": _leftover,
        "blank": _blank,
        "about_person": _about_person,
        "unfinished": lambda _inputs, text: _unfinished(_unsigned(text)),
        "language": lambda inputs, text: language_differs(inputs.persona, text),
        "copy_of_persona": lambda inputs, text: recited(inputs.persona, text),
        "copy_of_example": lambda _inputs, text: copied(text, _examples(role, field), EXAMPLE_RUN),
    }
    whole = Check("unfinished", of(lambda _inputs, text: _unfinished(text)), field, crutch=True)
    return (whole, *(Check(name, of(rule), field) for name, rule in rules.items()))


def tidied(text: str) -> str:
    """Return ``text`` without a label at its beginning and without quotes around it; paragraphs and lines stay.

    >>> tidied('Title: "What a gate tells you"'), tidied('The packet says "the good ones"')
    ('What a gate tells you', 'The packet says "the good ones"')
    """
    paragraphs = (_lines(one) for one in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    whole = _bare("\n\n".join(one for one in paragraphs if one))
    whole = _bare(_LABEL.sub("", whole))
    return whole[:1].upper() + whole[1:]


def _bare(text: str) -> str:
    """Return ``text`` without asterisks or quotes around the whole, or a quote that nothing closes."""
    text = text.strip()
    if text[:1] == "*" == text[-1:]:
        text = text.strip("* ")
    marks = [mark for mark in text if mark in _QUOTES]
    around = len(marks) == 2 and text[0] in _QUOTES and text[-1] in _QUOTES
    return text.strip(f"{_QUOTES} ") if around or len(marks) % 2 else text


def _lines(paragraph: str) -> str:
    """Return a paragraph with its lines, which a letter's end, a recipe and a poem are made of."""
    lines = (normalise_text(line) for line in paragraph.split("\n"))
    return "\n".join(line for line in lines if line)


def length_flaw(text: str, least: float, most: float) -> str | None:
    """Return what is wrong with the number of words; Chinese characters count as a third of a word."""
    count = len(word_list(text)) / (3 if script_of(text) == "CJK" else 1)
    return None if least <= count <= most else f"it has {count:.0f} words; {least:.0f} to {most:.0f} are wanted"


def language_differs(expected: str, text: str) -> str | None:
    """Return in which other script or language ``text`` is than ``expected``, as far as either is known."""
    here, there = script_of(text), script_of(expected)
    if here and there and here != there:
        return f"it is in {here.title()} script, the person in {there.title()}"
    spoken, wanted = guess_language(text), guess_language(expected)
    return f"it is in another language ({spoken})" if spoken and wanted and spoken != wanted else None


def recited(persona: str, text: str) -> str | None:
    """Return what is wrong with a text that has eight words in a row from the description of who wrote it."""
    run = shared_run(text, [persona], _PERSONA_RUN)
    return f"it recites the description ({run!r})" if run else None


def blank(text: str) -> str | None:
    """Return a place that was left for somebody to fill in (``[name]``, ``___``, ``XYZ``)."""
    found = _BLANK.search(text)
    return found.group() if found else None


def _leftover(_inputs: _Inputs, text: str) -> str | None:
    found = leftover(text)
    return f"it sounds like a model at its task, not like a person ({found!r})" if found else None


def _blank(_inputs: _Inputs, text: str) -> str | None:
    found = blank(text)
    return f"it has a blank that nobody filled in ({found!r})" if found else None


def _about_person(_inputs: _Inputs, text: str) -> str | None:
    found = _ABOUT.search(text)
    return f"it speaks of the task instead of doing it ({found.group()!r})" if found else None


def _unsigned(text: str) -> str:
    """Return ``text`` without the lines by which a letter is signed, if something stands before them.

    A reply that was cut is no draft at all (its finish reason says so), so a short last line is a name or a greeting.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    while len(lines) > 1 and unfinished(lines[-1]) and len(word_list(lines[-1])) <= _SIGNATURE:
        lines.pop()
    return "\n".join(lines)


def _unfinished(text: str) -> str | None:
    end = unfinished(text)
    return f"its end is missing ({end!r})" if end else None


@cache
def _examples(role: str, field: str) -> tuple[str, ...]:
    """Return what the examples of both prompts say in ``field``, without the beginnings that every reply has."""
    said = []
    for prompt in (load_prompt(role, "standard"), load_prompt(role, "small")):
        shown = [replace(prompt, examples=(example,)) for example in prompt.examples if field in example.reply]
        said += [text for one in shown for text in example_texts(one)]
    return tuple(said)
