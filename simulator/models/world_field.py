"""Fields that a world's designer adds to its NPCs, with their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from simulator.models.base import Record
from simulator.models.npc import FieldValue, Npc

__all__ = ["Fields", "WorldField"]

_OWN = frozenset(Npc.model_fields)
"""Names that every NPC has already."""


class WorldField(Record):
    """One field.

    Attributes:
        name: As it stands in the NPC's ``fields``.
        about: What it says, for the writer.
        type: ``text`` is written by the model (a prompt that asks for fields one by one leaves it out); the other types
            are drawn by seed where the model gives none.
        choices: For ``choice``: the values it may have.
        least, most: For ``integer``: its range, both ends included.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    about: str = Field("", max_length=400)
    type: Literal["text", "choice", "integer", "boolean"] = "text"
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 100

    @model_validator(mode="after")
    def _consistent(self) -> WorldField:
        if self.name in _OWN:
            raise ValueError(f"{self.name!r} is a field that every NPC has; choose another name")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"{self.name!r}: 'choices' belongs to the type 'choice', which needs it")
        if self.least > self.most:
            raise ValueError(f"{self.name!r}: 'least' {self.least} is over 'most' {self.most}")
        return self

    def allows(self, value: FieldValue) -> bool:
        """Return whether ``value`` is one of this field's."""
        if self.type == "boolean":
            return isinstance(value, bool)
        if self.type == "integer":
            return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most
        return isinstance(value, str) and (value in self.choices if self.type == "choice" else bool(value.strip()))

    def said(self) -> str:
        """Return the field as a prompt tells it."""
        kinds = {
            "text": "a sentence",
            "choice": f"one of {', '.join(self.choices)}",
            "integer": f"a whole number from {self.least} to {self.most}",
            "boolean": "true or false",
        }
        return f"{self.name}: {kinds[self.type]}" + (f"; {self.about}" if self.about else "")

    def draw(self, seed: int) -> FieldValue | None:
        """Return a value by ``seed``; ``None`` for a text, which only a writer can give."""
        if self.type == "choice":
            return self.choices[seed % len(self.choices)]
        if self.type == "integer":
            return self.least + seed % (self.most - self.least + 1)
        return bool(seed % 2) if self.type == "boolean" else None


def _fields(value: Any) -> Any:
    """Accept what authors write: a mapping of names to lines or to settings."""
    if isinstance(value, Mapping):
        return [
            {"name": name, **about} if isinstance(about, Mapping) else {"name": name, "about": about or ""}
            for name, about in value.items()
        ]
    return value


Fields = Annotated[tuple[WorldField, ...], BeforeValidator(_fields)]
