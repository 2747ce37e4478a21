"""Which names there are: those of a world, of the NPCs and tools of a run, and of what a talk is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from simulator.models.npc import Npc
from simulator.models.world import World
from simulator.population.tokens import word_list

__all__ = ["Known", "known_of", "npc_texts"]

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_OWN = re.compile(r"['’]s$")


class Known:
    """Names that may be said.

    Args:
        told: Texts in which names stand: whoever or whatever they name exists.
        tools: Names of tools, as they are called.
        base: Further names.
    """

    def __init__(self, told: Iterable[str] = (), tools: Iterable[str] = (), base: Known | None = None) -> None:
        texts = [text for text in told if text.strip()]
        lists = [word_list(text) for text in texts]
        self._phrases = "|".join(f" {' '.join(words)} " for words in lists)
        self._words = frozenset(word for words in lists for word in words)
        self._capital = frozenset(_bare(word) for text in texts for word in _WORD.findall(text) if word[0].isupper())
        self._tools = frozenset(tools)
        self._base = base

    def has(self, name: str) -> bool:
        """Return whether ``name``, one word or several, stands in what was told."""
        words = word_list(_OWN.sub("", name))
        here = not words or f" {' '.join(words)} " in self._phrases
        return here or (self._base is not None and self._base.has(name))

    def has_tool(self, name: str) -> bool:
        """Return whether there is a tool ``name``."""
        return name in self._tools or (self._base is not None and self._base.has_tool(name))

    def speaks(self, word: str) -> bool:
        """Return whether ``word`` stands in what was told, with a capital letter or without."""
        return word.casefold() in self._words or (self._base is not None and self._base.speaks(word))

    def names(self, word: str) -> bool:
        """Return whether ``word`` stands there with a capital letter."""
        return _bare(word) in self._capital or (self._base is not None and self._base.names(word))

    def also(self, texts: Iterable[str]) -> Known:
        """Return these and the names in further texts."""
        return Known(texts, base=self)


def _bare(word: str) -> str:
    return _OWN.sub("", word).casefold()


def known_of(world: World, npcs: Sequence[Npc] = (), tools: Iterable[str] = ()) -> Known:
    """Return the names of a world, of the NPCs of a run (whole and in parts) and of its tools."""
    terms = (*world.races, *world.occupations, *world.factions, *world.places, *world.things)
    told = [world.title, world.summary, world.lore, *world.rules, *world.rewards, *world.times]
    told += [text for term in terms for text in (term.name, term.about)]
    told += [str(choice) for one in world.fields for choice in (one.about, *one.choices)]
    told += [npc.name for npc in npcs]
    return Known(told, tools)


def npc_texts(npc: Npc) -> Iterator[tuple[str, str]]:
    """Yield the texts of an NPC in which somebody or something may be named, each with its field."""
    for field in ("appearance", "personality", "background", "voice", "meeting", "quest", "greeting"):
        yield field, getattr(npc, field)
    yield from (("lines", line) for line in npc.lines)
    yield from ((f"fields.{name}", value) for name, value in npc.fields.items() if isinstance(value, str))
