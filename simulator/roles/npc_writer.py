"""The NPC writer: a persona of the real world becomes somebody who lives in another one (Persona Hub, section 4.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import Field, create_model

from simulator.embeddings.protocol import Embedder
from simulator.models.base import content_id, normalise_text
from simulator.models.npc import Npc, NpcTie
from simulator.models.persona import persona_id
from simulator.models.world import TermKind, World
from simulator.roles.checks import sentence, word_pattern
from simulator.roles.npc_checks import npc_checks
from simulator.roles.npc_draft import MORE_TEXTS, TEXT_FIELDS, NpcBrief, NpcDraft
from simulator.roles.npc_more import goal_of, more_of, steps_of, tie_lead
from simulator.roles.npc_seat import Seat
from simulator.roles.role import Role

__all__ = ["NpcBrief", "NpcDraft", "brief_for", "likeness", "npc_id", "npc_writer", "renamed", "to_npc"]

_QUOTES = '"“”「」『』'
_CLAUSE = re.compile(r"(?:,| and| but|;)? (?:who|whose|which|that|with|in|at|from|to|by|for|and|but|using|including)\b")
_ASIDE = re.compile(r"\s*\((?:she|he|they)\)", re.IGNORECASE)
"""What small models take over from a question that tells the pronoun."""

_ARTICLE = re.compile(r"^(?:An?|The) ")
_LANGUAGES = {"en": "English", "zh": "Chinese", "de": "German", "fr": "French", "es": "Spanish", "ja": "Japanese"}
_ENUMERATIONS: tuple[tuple[str, TermKind], ...] = (
    ("race", "races"),
    ("occupation", "occupations"),
    ("faction", "factions"),
    ("place", "places"),
)


def npc_writer(world: World) -> Role[NpcBrief, NpcDraft]:
    """Return the role that writes NPCs of ``world``.

    The world is part of the role and not of each unit's inputs, which name it by its id: its lore, enumerations and
    prohibitions stand in the system part that all units share, and its enumerations in the reply's schema.
    """
    return Role(
        name="npc_writer",
        inputs=NpcBrief,
        output=_output_of(world),
        values=lambda brief: {**_world_values(world), **_brief_values(world, brief)},
        checks=npc_checks(world),
        score=lambda brief, drafts, embedder: _score(world, brief, drafts, embedder),
        choices=lambda brief, field, _done: brief.offers.get(field, ()),
        tidy=_tidy,
    )


def brief_for(
    world: World, persona: str, seat: Seat | None = None, ties: Sequence[NpcTie] = (), **more: Any
) -> NpcBrief:
    """Return the inputs of one unit: the persona, what is settled about the NPC, and whom it knows.

    Args:
        world: The role's world.
        persona: The persona's text.
        seat: From :func:`~simulator.roles.npc_seat.seat_cast`; ``None`` leaves everything to the writer.
        ties: Other NPCs of the cast, from the relationship graph.
        more: Further fields of the brief: whom the quest's thing is for, which passages of the lore are shown.
    """
    settled = seat.model_dump() if seat is not None else {}
    return NpcBrief(persona=persona, world=world.id, ties=tuple(ties), **settled, **more)


def npc_id(world: World, persona: str, name: str) -> str:
    """Return the id of the NPC that the persona with this id becomes under ``name``: known before it is written."""
    return content_id("n", world.id, persona, name)


def to_npc(draft: NpcDraft, brief: NpcBrief, world: World) -> Npc:
    """Return the product: what was settled and what was written."""
    persona = persona_id(brief.persona)
    settled = {field: getattr(brief, field) for field in ("name", "race", "occupation", "faction", "place")}
    said = {field: value or getattr(draft, field) for field, value in settled.items()}
    texts = {field: getattr(draft, field) for field in (*TEXT_FIELDS, *MORE_TEXTS)}
    written = {name: value for name, value in draft.fields.model_dump().items() if value is not None}
    id_ = npc_id(world, persona, said["name"])
    return Npc(
        id=id_,
        persona=persona,
        world=world.name,
        ties=brief.ties,
        steps=steps_of(brief, id_),
        reward=brief.reward,
        lines=tuple(filter(None, (draft.tie_line, *draft.lines))),
        fields={**brief.fields, **written},
        passages=brief.passages,
        **said,
        **texts,
    )


@lru_cache(maxsize=8)
def _output_of(world: World) -> type[NpcDraft]:
    """Return the draft with the world's enumerations in its JSON Schema (the checks hold them too)."""
    fields: dict[str, Any] = {
        field: (str, Field("", max_length=60, json_schema_extra={"enum": [term.name for term in world.terms(kind)]}))
        for field, kind in _ENUMERATIONS
        if world.terms(kind)
    }
    more = more_of(world)
    return create_model("NpcDraft", __base__=NpcDraft, fields=(more, more()), **fields)


@lru_cache(maxsize=8)
def _world_values(world: World) -> Mapping[str, str]:
    lists = {kind: _listed(world, kind) for kind in ("races", "occupations", "factions", "places", "things")}
    return {
        **lists,
        "title": world.title,
        "summary": world.summary,
        "fields": "\n".join(f"  - {field.said()}" for field in world.fields) or "  - none: an empty object",
        "language": _LANGUAGES.get(world.language, world.language),
        "forbidden": ", ".join(world.forbidden) or "nothing",
        "instead": "\n".join(f"- {swap.real}: {swap.here}" for swap in world.instead) or "- nothing in particular",
        "rules": "\n".join(f"- {rule}" for rule in world.rules) or "- none",
    }


def _listed(world: World, kind: TermKind) -> str:
    lines = [f"- {term.name}" + (f": {term.about}" if term.about else "") for term in world.terms(kind)]
    return "\n".join(lines) or "- none"


def _brief_values(world: World, brief: NpcBrief) -> Mapping[str, str]:
    settled = {
        "Name": brief.name,
        "Pronoun": brief.pronoun,
        "Race": brief.race,
        "Occupation": brief.occupation,
        "Faction": brief.faction,
        "Place": brief.place,
        "The quest is about": f"{brief.thing}, which is found at {brief.thing_place}" if brief.thing_place else "",
        "The quest ends at": goal_of(brief),
        "The quest is paid with": brief.reward,
    }
    shown = [world.passages[number] for number in brief.passages]
    return {
        "lore": f"{world.summary}\n\n(What concerns a person stands with the person.)" if shown else world.story,
        "passages": "\n\n".join(shown) or "All of it stands above.",
        "goal": goal_of(brief),
        "offers": "yes" if brief.offers else "",
        "tie": brief.ties[0].name if brief.ties else "",
        "tie_lead": tie_lead(brief),
        "persona": normalise_text(brief.persona).rstrip("."),
        "likeness": likeness(world, brief.persona),
        "settled": "\n".join(f"{key}: {value}" for key, value in settled.items() if value) or "nothing",
        "ties": "\n".join(f"- {tie.name}: {tie.relation}" for tie in brief.ties) or "nobody in particular",
        "name": brief.name,
        "first": brief.first,
        "race": brief.race,
        "look": world.about("races", brief.race),
        "occupation": brief.occupation,
        "work": world.about("occupations", brief.occupation),
        "faction": brief.faction,
        "place": brief.place,
        "scene": world.about("places", brief.place),
        "thing": brief.thing,
        "thing_place": brief.thing_place,
        "use": world.about("things", brief.thing),
        "pronoun": brief.pronoun,
        "subject": brief.pronoun.capitalize() or brief.first,
    }


def likeness(world: World, persona: str) -> str:
    """Return the persona in the world's words: each real thing as what it becomes here.

    >>> from simulator.models.world import Swap
    >>> class Sea: instead, forbidden = (Swap(real="truck driver", here="ferry rower"),), ()
    >>> likeness(Sea, "A truck driver who writes poems.")
    'a ferry rower who writes poems'
    """
    return _without_forbidden(world, renamed(world, persona))


def renamed(world: World, persona: str) -> str:
    """Return a text of the real world with each real thing as what it becomes here; what the world lacks stays.

    >>> from simulator.models.world import Swap
    >>> class Sea: instead = (Swap(real="team", here="crew"),)
    >>> renamed(Sea, "friend from the darts team")
    'friend from the darts crew'
    """
    swaps = {swap.real.casefold(): swap.here for swap in world.instead}
    text = _ARTICLE.sub(lambda found: found.group().lower(), normalise_text(persona).rstrip("."))
    words = word_pattern(tuple(swaps))
    with_article = re.compile(rf"(\ban? )?({words.pattern})", words.flags)
    return with_article.sub(lambda found: _here(swaps, found.group(1) or "", found.group(2).casefold()), text)


def _without_forbidden(world: World, text: str) -> str:
    """Return ``text`` up to the clause that speaks of what the world does not have, if that leaves who it is about."""
    found = word_pattern(world.forbidden).search(text) if world.forbidden else None
    clauses = [clause.start() for clause in _CLAUSE.finditer(text)]
    before = [start for start in clauses if found and start <= found.start()]
    return text[: before[-1]].rstrip(" ,") if before else text


def _here(swaps: Mapping[str, str], article: str, word: str) -> str:
    """Return what ``word`` is here, with its plural and its indefinite article as English has them."""
    if word in swaps:
        here = swaps[word]
    else:
        single = next(key for key in (word.removesuffix("s"), word.removesuffix("es")) if key in swaps)
        here = swaps[single] + ("" if swaps[single].endswith("s") else "s")
    return f"{'an ' if here[0].lower() in 'aeiou' else 'a '}{here}" if article else here


async def _score(world: World, brief: NpcBrief, drafts: Sequence[NpcDraft], embedder: Embedder) -> Sequence[float]:
    """Closeness to the persona in the world's words and to the seat in it, in equal parts; cosines, -1 to 1."""
    values = _brief_values(world, brief)
    here = [values[key] for key in ("occupation", "work", "place", "scene", "thing")]
    anchors = await embedder.embed([values["likeness"], ". ".join(filter(None, here)) or world.summary])
    written = (*TEXT_FIELDS, *MORE_TEXTS, "tie_line")
    texts = [
        " ".join(filter(None, (*(getattr(draft, field) for field in written), *draft.lines))) or "-" for draft in drafts
    ]
    likeness = (await embedder.embed(texts)) @ anchors.T
    return [float(row.mean()) for row in likeness]


def _tidy(draft: NpcDraft) -> NpcDraft:
    """Mend what needs no judgement: quotes around a text, its capital letter and its full stop."""
    named = (*TEXT_FIELDS, "tie_line", *MORE_TEXTS)
    texts = {field: _mended(getattr(draft, field)) for field in named if hasattr(draft, field)}
    lines = tuple(filter(None, map(_mended, getattr(draft, "lines", ()))))
    return draft.model_copy(update={**texts, "lines": lines})


def _mended(text: str) -> str:
    return sentence(_ASIDE.sub("", normalise_text(text)).strip(_QUOTES))
