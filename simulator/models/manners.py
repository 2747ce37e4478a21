"""How people of a world speak, are and are met: parts from which what is told of an NPC can be put together.

A small model writes a good line about somebody now and then, and cannot say when. From parts that go with each other it
only has to choose. Capable models write these texts themselves and see nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from simulator.models.base import Record

__all__ = ["Manners", "Register"]

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Lines = tuple[Line, ...]

_ALWAYS = frozenset({"first", "title", "place"})
_IN_LINES = _ALWAYS | {"occupation", "an_occupation", "thing", "thing_place", "use", "faction"}

_VARIABLES = {
    "voice": _ALWAYS | {"says", "habit"},
    "personality": _ALWAYS | {"strength", "weakness"},
    "background": _ALWAYS | {"work", "past"},
    "tie": _ALWAYS | {"relation", "tie"},
    "meeting": _ALWAYS | {"occasion", "doing", "opening"},
    "replies": _ALWAYS | {"thing", "thing_place"},
    "quests": _IN_LINES | {"goal", "reason"},
    "errands": _IN_LINES | {"goal"},
}
"""What the texts of a field may have in them."""


class Register(Record):
    """One way of speaking.

    Attributes:
        name: In a word.
        says: The same as it follows "speaks".
        like: Real-world words. Personas are matched by it, as by a term's.
        greetings: What people who speak so say to a stranger, with the variables of ``lines``.
        lines: What people who speak so say. ``$place``, ``$occupation`` (``$an_occupation`` with its article),
            ``$thing``, ``$thing_place``, ``$use``, ``$faction`` and ``$title`` stand for the NPC's own.
    """

    name: Line
    says: Line
    like: str = Field("", max_length=400)
    greetings: Lines = ()
    lines: Lines = ()

    @field_validator("lines", "greetings")
    @classmethod
    def _known(cls, lines: Lines) -> Lines:
        for line in lines:
            _check(line, _IN_LINES)
        return lines


def _named(value: Any) -> Any:
    """Accept what authors write: a mapping of names to registers."""
    if not isinstance(value, Mapping):
        return value
    return [{"name": name, **body} if isinstance(body, Mapping) else body for name, body in value.items()]


class Manners(Record):
    """The parts. What a world does not give comes from the built-in ones, if they are in its language.

    Attributes:
        registers: Ways of speaking.
        habits: Of speech, as they follow "speaks slowly and".
        strengths: What somebody is, as it follows a name and "is".
        weaknesses: What somebody does or is, as it follows "but".
        pasts: What happened, as it follows "and once".
        reasons: What somebody wants a thing for, as it follows "can" or "to".
        ties: What somebody says of an acquaintance, as it follows "Ila is my younger sister, and".
        replies: What anybody here says to anything, with ``$place``, ``$thing`` and ``$thing_place``.
        occasions: When somebody is met, as a sentence begins.
        doings: What somebody is doing then.
        openings: What somebody does when a visitor comes.
        voice: How a voice is told: ``$first``, ``$says``, ``$habit``.
        personality: The same: ``$first``, ``$strength``, ``$weakness``.
        background: The same: ``$first``, ``$place``, ``$work`` (what the world says of the trade), ``$past``.
        quests: The same, in one way or another: ``$thing``, ``$use``, ``$thing_place``, ``$goal`` (where it is wanted),
            ``$first``, ``$reason``.
        errands: The same for a thing that is wanted by an acquaintance; there is no ``$reason``.
        tie: How an acquaintance is told: ``$relation`` (*Ila is my younger sister*), ``$tie``.
        meeting: The same: ``$occasion``, ``$first``, ``$place``, ``$doing``, ``$opening``.
    """

    registers: Annotated[tuple[Register, ...], BeforeValidator(_named)] = ()
    habits: Lines = ()
    strengths: Lines = ()
    weaknesses: Lines = ()
    pasts: Lines = ()
    reasons: Lines = ()
    ties: Lines = ()
    replies: Lines = ()
    occasions: Lines = ()
    doings: Lines = ()
    openings: Lines = ()
    voice: str = Field("", max_length=200)
    personality: str = Field("", max_length=200)
    background: str = Field("", max_length=200)
    quests: Lines = ()
    errands: Lines = ()
    tie: str = Field("", max_length=200)
    meeting: str = Field("", max_length=200)

    @field_validator(*_VARIABLES)
    @classmethod
    def _known(cls, texts: str | Lines, info: ValidationInfo) -> str | Lines:
        for text in (texts,) if isinstance(texts, str) else texts:
            _check(text, _VARIABLES[str(info.field_name)])
        return texts

    def over(self, base: Manners) -> Manners:
        """Return these, and those of ``base`` where nothing is given."""
        given = {name: value for name in Manners.model_fields if (value := getattr(self, name))}
        return base.model_copy(update=given)


def _check(text: str, allowed: frozenset[str]) -> str:
    """Return ``text`` if all its variables are known."""
    template = Template(text)
    names = set(template.get_identifiers()) if template.is_valid() else {"$"}
    if unknown := sorted(names - allowed):
        known = ", ".join(f"${name}" for name in sorted(allowed))
        raise ValueError(f"{text!r}: {unknown[0]!r} is no variable; allowed are {known}, and '$$' for a dollar sign")
    return text
