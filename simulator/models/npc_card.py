"""Who an NPC is, in the words of a system prompt: for whoever plays it, and for the rows that a trainer gets."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.models.npc import Npc, NpcTie, reverse_relation
from simulator.models.world import TermKind, World

__all__ = ["npc_card", "tie_sentence"]

_TERMS: tuple[tuple[str, str, TermKind], ...] = (
    ("Race", "race", "races"),
    ("Occupation", "occupation", "occupations"),
    ("Faction", "faction", "factions"),
    ("Place", "place", "places"),
)


def npc_card(npc: Npc, world: World, *, lore: bool = True) -> str:
    """Return the NPC's card: the lore, who it is, how it speaks, where it is, whom it knows, and its quest.

    The lore stands first because all NPCs of a world share it: an endpoint that keeps prefixes computes it once.

    Args:
        npc: The NPC.
        world: Its world. Of a long lore the passages that the writer saw are told, and of a short one all of it.
        lore: Whether it is told at all; not, where it stands in the prompt already.
    """
    passages = world.passages
    shown = [passages[number] for number in npc.passages if number < len(passages)] or list(passages)
    told = [world.summary, "", f"What is told of {world.title}:", "", "\n\n".join(shown), ""] if lore else []
    lines = [*told, f"You are {npc.name}, {npc.occupation}, at {npc.place} in {world.title}.", ""]
    lines += _terms(npc, world)
    lines += _texts(npc)
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in npc.fields.items()]
    lines += _quest(npc)
    lines += [f"- Acquaintance: {_told(tie)}" for tie in npc.ties]
    lines += [f'- You say such things as: "{line}"' for line in (npc.greeting, *npc.lines) if line]
    return "\n".join(lines)


def tie_sentence(npc: Npc, tie: NpcTie) -> str:
    """Return what the two are to each other, told about both.

    >>> fenn = Npc(id="n-1", persona="p-1", world="w", name="Fenn Oake", occupation="rower")
    >>> tie_sentence(fenn, NpcTie(npc="n-2", name="Odra Flint", relation="older sister"))
    "Odra Flint is Fenn Oake's older sister."
    """
    if tie.relation.startswith("whose "):
        return f"{npc.name} is {tie.name}'s {reverse_relation(tie.relation)}."
    return f"{tie.name} is {npc.name}'s {tie.relation}."


def _told(tie: NpcTie) -> str:
    """Return the same to the one whose card it is."""
    if tie.relation.startswith("whose "):
        return f"you are {tie.name}'s {reverse_relation(tie.relation)}."
    return f"{tie.name} is your {tie.relation}."


def _terms(npc: Npc, world: World) -> Iterator[str]:
    for label, field, kind in _TERMS:
        value = getattr(npc, field)
        if value:
            about = world.about(kind, value)
            yield f"- {label}: {value}" + (f" ({about})" if about else "")


def _texts(npc: Npc) -> Iterator[str]:
    texts = {
        "Appearance": npc.appearance,
        "Personality": npc.personality,
        "Background": npc.background,
        "How you speak": npc.voice,
        "How people meet you": npc.meeting,
    }
    yield from (f"- {label}: {text}" for label, text in texts.items() if text)


def _quest(npc: Npc) -> Iterator[str]:
    if npc.quest:
        yield f"- What you want of a visitor: {npc.quest}" + (f" You give for it: {npc.reward}." if npc.reward else "")
