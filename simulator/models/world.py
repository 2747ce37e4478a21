"""Worlds that personas are projected into (Persona Hub, section 4.5): lore, what there is, names, what there is not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from simulator.models.base import Record, content_id, listed
from simulator.models.manners import Manners
from simulator.models.world_field import Fields

__all__ = ["NameCustom", "NamePart", "Swap", "Term", "TermKind", "World", "lore_passages"]

TermKind = Literal["races", "occupations", "factions", "places", "things"]
"""The enumerations of a world."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


def _joined(value: Any) -> Any:
    """Accept a list of words too."""
    many = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return ", ".join(value) if many else value


class Term(Record):
    """One thing that there is in a world.

    Attributes:
        name: As its people call it.
        about: A line on it that the writer sees; of a race, how its people look, in words that can follow "has".
        like: What it is like in the real world (trades, subjects). Personas are matched by it; no writer sees it.
        places: Where it is found: of an occupation, where it is done; of a thing, where it can be got.
        factions: Of an occupation, whom its people belong to.
        offers: Of an occupation, what visitors come for, in the plural (*ferry places*): what tools may be about.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
    about: str = Field("", max_length=400)
    like: Annotated[str, BeforeValidator(_joined)] = Field("", max_length=400)
    places: Names = ()
    factions: Names = ()
    offers: Names = ()


def _terms(value: Any) -> Any:
    """Accept what authors write: a mapping of names to lines or to fields, or a list of names."""
    if isinstance(value, Mapping):
        return [
            {"name": name, **about} if isinstance(about, Mapping) else {"name": name, "about": about or ""}
            for name, about in value.items()
        ]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [{"name": item} if isinstance(item, str) else item for item in value]
    return value


Terms = Annotated[tuple[Term, ...], BeforeValidator(_terms)]


def _of_lists(value: Any) -> Any:
    if isinstance(value, list) and any(not isinstance(one, list) for one in value):
        raise ValueError(
            "'syllables' is a list of lists, one for each place: [[Ka, Lo], [ra, mi]] makes Kara, Kami, Lora and Lomi"
        )
    return value


class NamePart(Record):
    """One part of a name: one of ``words``, or one of each of ``syllables`` in a row."""

    words: tuple[Line, ...] = ()
    syllables: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_of_lists)] = ()

    @model_validator(mode="after")
    def _one_source(self) -> NamePart:
        if bool(self.words) == bool(self.syllables):
            raise ValueError("a part of a name needs either 'words' or 'syllables'")
        if any(not choices for choices in self.syllables):
            raise ValueError("'syllables' is a list of lists, none of them empty")
        return self


class NameCustom(Record):
    """How people are named.

    Attributes:
        races: Whose custom it is; empty: of all races that have none of their own.
        pronoun: For people spoken of by this pronoun; empty: for all.
        parts: The parts of a name, in the order of writing.
        joint: What stands between two parts.
    """

    races: tuple[str, ...] = ()
    pronoun: str = ""
    parts: tuple[NamePart, ...] = Field(min_length=1, max_length=4)
    joint: str = Field(" ", max_length=3)


class Swap(Record):
    """What a thing, place or trade of the real world becomes here."""

    real: Line
    here: Line


def _swaps(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [{"real": real, "here": here} for real, here in value.items()]
    return value


class World(Record):
    """One world.

    Attributes:
        name: Its short name.
        title: Its name as people say it.
        language: ISO 639 code of the language that its people's texts are in.
        summary: One line, for prompts that have no room for the lore.
        lore: What is told about it, in Markdown. It is the scenario author's text and stands in system parts.
        races, occupations, factions, places, things: What there is. Everybody has a race, an occupation and a place;
            factions and things (what quests are about) may be absent.
        pronouns: By which a person may be spoken of where the language needs one, e.g. ``she``.
        names: Naming customs.
        instead: What real things become here. By these a persona is put into the world's words before a small model
            sees it.
        forbidden: Words that no text of the world may have: of things that do not exist here. No term's name has one.
        rules: Further rules for the writer.
        rewards: What a quest is paid with.
        times: When things happen, as people here say it (*at the next low tide*): for what tools answer.
        fields: What NPCs of this world have beside what all NPCs have.
        manners: How people here speak, are and are met, where a small model has to choose.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    title: Line
    language: str = Field(pattern=r"^[a-z]{2,3}$")
    summary: Line
    lore: str = Field(min_length=1)
    races: Terms = Field(min_length=1)
    occupations: Terms = Field(min_length=1)
    factions: Terms = ()
    places: Terms = Field(min_length=1)
    things: Terms = ()
    pronouns: tuple[Line, ...] = ()
    names: tuple[NameCustom, ...] = Field(min_length=1)
    instead: Annotated[tuple[Swap, ...], BeforeValidator(_swaps)] = ()
    forbidden: tuple[Line, ...] = ()
    rules: tuple[Line, ...] = ()
    rewards: tuple[Line, ...] = ()
    times: tuple[Line, ...] = ()
    fields: Fields = ()
    manners: Manners | None = None

    @property
    def story(self) -> str:
        """The lore without a heading at its beginning that only says the title, which prompts say themselves."""
        lore = self.lore.strip()
        heading, _, rest = lore.partition("\n")
        return rest.strip() if heading.strip("# ").casefold() == self.title.casefold() and rest.strip() else lore

    @property
    def passages(self) -> tuple[str, ...]:
        """The lore's passages: what stands between empty lines, headings with what follows them."""
        return lore_passages(self.lore)

    @property
    def id(self) -> str:
        """``w-`` and 16 hexadecimal digits of the content hash: another lore is another world."""
        # What was added later stays out while it is empty, so that a world of before is the same world.
        empty = {name for name in ("times", "manners") if not getattr(self, name)}
        body = self.model_dump(mode="json", exclude=empty)
        for term in (term for kind in get_args(TermKind) for term in body[kind]):
            if not term["offers"]:
                del term["offers"]
        return content_id("w", body)

    def terms(self, kind: TermKind) -> tuple[Term, ...]:
        """Return one enumeration."""
        terms: tuple[Term, ...] = getattr(self, kind)
        return terms

    def about(self, kind: TermKind, name: str) -> str:
        """Return the line about ``name``; empty when there is none."""
        return next((term.about for term in self.terms(kind) if term.name == name), "")

    def customs(self, race: str) -> list[NameCustom]:
        """Return the naming customs of ``race``: its own, or those of everybody else."""
        own = [custom for custom in self.names if race in custom.races]
        return own or [custom for custom in self.names if not custom.races]

    def custom(self, race: str, pronoun: str = "") -> NameCustom:
        """Return the naming custom of ``race`` for people who are spoken of by ``pronoun``."""
        customs = self.customs(race)
        return next((custom for custom in customs if custom.pronoun in (pronoun, "")), customs[0])

    @model_validator(mode="after")
    def _consistent(self) -> World:
        for kind in ("races", "occupations", "factions", "places", "things"):
            _distinct(kind, [term.name for term in getattr(self, kind)])
        self._check_references("occupations")
        self._check_references("things")
        self._check_customs()
        self._check_forbidden()
        _distinct("instead", [swap.real for swap in self.instead])
        _distinct("fields", [field.name for field in self.fields])
        return self

    def _check_forbidden(self) -> None:
        words = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in self.forbidden]
        for kind in ("races", "occupations", "factions", "places", "things"):
            for term in getattr(self, kind):
                found = next(
                    (word for word, form in zip(self.forbidden, words, strict=True) if form.search(term.name)), None
                )
                if found is not None:
                    raise ValueError(
                        f"forbidden: {found!r} is in the name of {term.name!r} of the {kind}; no text could name it"
                    )

    def _check_customs(self) -> None:
        races = {term.name for term in self.races}
        for custom in self.names:
            if unknown := sorted(set(custom.races) - races):
                raise ValueError(f"names: {unknown[0]!r} is not one of the races: {', '.join(sorted(races))}")
            if custom.pronoun and custom.pronoun not in self.pronouns:
                allowed = ", ".join(self.pronouns) or "none"
                raise ValueError(f"names: {custom.pronoun!r} is not one of the pronouns: {allowed}")
        for race in sorted(races):
            own = [custom.pronoun for custom in self.customs(race)]
            _distinct(f"names: customs of {race!r}, by pronoun", own)
            if not own or ("" not in own and set(self.pronouns) - set(own)):
                raise ValueError(f"names: {race!r} needs one custom without 'pronoun', or one for each pronoun")

    def _check_references(self, kind: TermKind) -> None:
        for term in self.terms(kind):
            for target, names in (("places", term.places), ("factions", term.factions)):
                known = [one.name for one in getattr(self, target)]
                if unknown := sorted(set(names) - set(known)):
                    allowed = ", ".join(known) or "none"
                    raise ValueError(f"{kind}: {term.name!r}: {unknown[0]!r} is not one of the {target}: {allowed}")


def lore_passages(lore: str) -> tuple[str, ...]:
    """Return the passages of a Markdown text, each heading with the passage that follows it.

    >>> lore_passages("# A\\n\\nOne.\\n\\nTwo\\nlines.")
    ('# A\\nOne.', 'Two\\nlines.')
    """
    found: list[str] = []
    heading = ""
    for block in (block.strip() for block in re.split(r"\n[ \t]*\n", lore)):
        if block.startswith("#") and "\n" not in block:
            heading = f"{heading}{block}\n"
        elif block:
            found.append(heading + block)
            heading = ""
    return tuple(found or [lore.strip()])


def _distinct(place: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise ValueError(f"{place}: {name!r} stands there twice")
        seen.add(name.casefold())
