"""Situations: what a simulated user is in and wants, apart from who they are; and behaviours: how they talk."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from simulator.models.base import Record, listed

__all__ = ["MAX_GOAL", "Asked", "Behaviour", "Lines", "Situation", "Success"]

MAX_GOAL = 4_000
"""Characters of a goal, some 700 words: more tells a story, and a small model is held to the goal's own words."""

_SLUG = r"^[a-z0-9][a-z0-9-]{0,63}$"


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiled)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])]
Lines = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...]),
]
"""Several texts, or one."""


class Asked(Record):
    """A fact that the user tells only when asked for it.

    Attributes:
        fact: In words, such as ``"the order number is 4471"``.
        when: Words by which the question for it is known (``order number``, ``reference``); without them, the fact's
            own topic words.
    """

    fact: str = Field(min_length=1)
    when: Lines = ()


class Success(Record):
    """When the goal is reached. It is checked on the conversation, never taken from the user's word.

    Attributes:
        criterion: In words, for a judge.
        said: Regular expressions, case ignored; each must be found in what the other side said.
    """

    criterion: str = ""
    said: Patterns = ()

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return bool(self.criterion or self.said)


def _short_enough(goal: str) -> str:
    if len(goal) > MAX_GOAL:
        raise ValueError(
            f"has {len(goal):,} characters; at most {MAX_GOAL:,} are allowed: say in a few sentences what is wanted, "
            f"what has happened in 'about', and facts in 'knows'"
        )
    return goal


def _asked(value: Any) -> Any:
    return {"fact": value} if isinstance(value, str) else value


def _success(value: Any) -> Any:
    return {"criterion": value} if isinstance(value, str) else value


class Situation(Record):
    """What a simulated user is in. Any persona can meet any situation.

    Attributes:
        name: Its short name, which a conversation keeps; empty for a situation that is nothing but ``about``.
        about: What has happened, in a sentence or two.
        goal: What the user wants of the conversation, in up to :data:`MAX_GOAL` characters.
        knows: Facts that they have and may tell.
        unknown: What they do not know, and so cannot tell when asked.
        asked: Facts that they tell only when asked.
        constraints: What they will not do or accept.
        success: When the goal is reached.
        script: Their first turns, word for word.
    """

    name: str = Field("", pattern=f"{_SLUG}|^$")
    about: str = ""
    goal: Annotated[str, AfterValidator(_short_enough), Field(json_schema_extra={"maxLength": MAX_GOAL})] = ""
    knows: Lines = ()
    unknown: Lines = ()
    asked: Annotated[
        tuple[Annotated[Asked, BeforeValidator(_asked)], ...],
        BeforeValidator(listed, json_schema_input_type=str | tuple[str | Asked, ...]),
    ] = ()
    constraints: Lines = ()
    success: Annotated[Success, BeforeValidator(_success, json_schema_input_type=str | Success)] = Success()
    script: Lines = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return self != Situation()

    @classmethod
    def of(cls, value: Any) -> Any:
        """Return a plain text as a situation that is nothing but ``about``, and anything else as it is."""
        return cls(about=value) if isinstance(value, str) else value


class Behaviour(Record):
    """A manner of talking, so written that it can be tested.

    Attributes:
        name: Its short name.
        instructions: What the simulated user is told.
        violation_rubrics: Statements, each of which is true of a conversation that breaks it; for a judge.
        most_words: A turn with more words breaks it.
        marks: Regular expressions, case ignored, one of which is found in some turn of a user who shows it.
        sayings: Short sentences that show it. A small model, which shows no temper of its own, begins a turn with one.
    """

    name: str = Field(pattern=_SLUG)
    instructions: str = Field(min_length=1)
    violation_rubrics: Lines = ()
    most_words: int | None = Field(None, ge=1)
    marks: Patterns = ()
    sayings: Lines = ()
