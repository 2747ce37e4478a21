"""The set of tools: each once, merged with who asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.models.base import content_id
from simulator.models.tool import Tool
from simulator.population.dedup.deduplicator import Deduplicator
from simulator.population.dedup.verdict import DedupSettings, DedupStage
from simulator.population.vectors.unit import cosine, rounding_margin
from simulator.tools.naming import unique_name
from simulator.tools.words import phrase

__all__ = ["ToolDesk", "ToolVerdict", "tool_id", "tool_text"]

_SAME_NAME = 0.5
"""Cosine from which two tools of one name do the same."""

_SAME_SCHEMA = 0.85
"""Cosine from which two tools with the same arguments, two or more, do the same."""

_PAIRS = (
    "buy/sell close/open decode/encode decrypt/encrypt download/upload expense/income export/import in/out lock/unlock"
)
_OPPOSED = tuple(frozenset(pair.split("/")) for pair in f"{_PAIRS} max/min start/stop".split())
"""Words that make near names opposite ones: for an embedder they are all but the same."""


def tool_id(tool: Tool) -> str:
    """Return the content hash of what the tool is: name, description and parameters."""
    return content_id("f", tool.name, tool.description, [one.model_dump(mode="json") for one in tool.parameters])


def tool_text(tool: Tool) -> str:
    """Return the text by which tools are compared: two with near texts do the same, whatever their parameters."""
    return f"{phrase(tool.name)}: {tool.description}"


@dataclass(frozen=True)
class ToolVerdict:
    """What became of a candidate.

    Attributes:
        tool: The tool that is in the set now: the candidate (renamed if its name was another's), or the one that it
            does the same as, with the candidate's personas added.
        admitted: Whether it is the candidate.
        stage: For a duplicate, what found it.
        score: Their similarity: 1.0 for the same name, else Jaccard or cosine.
        reason: A sentence for people.
    """

    tool: Tool
    admitted: bool
    stage: DedupStage | None = None
    score: float | None = None
    reason: str = ""


class _Shelf:
    """The vectors of tools that have something in common."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.vectors: Vectors = np.empty((0, 0), dtype=np.float32)

    def add(self, id_: str, vector: Vectors) -> None:
        if len(self.ids) == len(self.vectors):
            room = np.zeros((max(1, 2 * len(self.ids)), len(vector)), dtype=np.float32)
            if self.ids:
                room[: len(self.ids)] = self.vectors
            self.vectors = room
        self.vectors[len(self.ids)] = vector
        self.ids.append(id_)


def _nearest(shelf: _Shelf | None, vector: Vectors, least: float) -> tuple[str, float] | None:
    """Return the id and the true cosine of the nearest tool, of equals the earliest, if it is near enough."""
    if shelf is None:
        return None
    products = shelf.vectors[: len(shelf.ids)] @ vector
    able = np.flatnonzero(products >= products.max() - 2 * rounding_margin(len(vector)))
    score, place = max((cosine(shelf.vectors[place], vector), -int(place)) for place in able)
    return (shelf.ids[-place], score) if score >= least else None


class ToolDesk:
    """Takes tools one after another; the answers depend on nothing but their order.

    A candidate is a duplicate when an earlier tool has the words of its name and is about the same, has the same
    arguments and is near, or by the thresholds of admission (word 1-grams, cosine). Tools of different effects, or with
    opposed words in their names, are never the same.

    Args:
        settings: Thresholds of admission.
        merge: Without it every tool is kept, and only told from the others by its name.
    """

    def __init__(self, settings: DedupSettings | None = None, *, merge: bool = True) -> None:
        self._merge = merge
        self._dedup = Deduplicator(settings)
        self._tools: dict[str, Tool] = {}
        self._names: set[str] = set()
        self._by_words: dict[frozenset[str], _Shelf] = {}
        self._by_schema: dict[tuple[tuple[str, str], ...], _Shelf] = {}

    @property
    def tools(self) -> list[Tool]:
        """The set, in order of admission."""
        return list(self._tools.values())

    def admit(self, tool: Tool, vector: Vectors, *, sister: bool = False) -> ToolVerdict:
        """Take in a tool, or merge it with the one that does the same.

        Args:
            tool: The candidate; ``id`` by :func:`tool_id`.
            vector: The embedding of its :func:`tool_text`.
            sister: It shares its description with other tools of one maker, so that only its name can tell it apart.
        """
        if not self._merge:
            return self._kept(tool, vector)
        if (found := _nearest(self._by_words.get(_words(tool)), vector, _SAME_NAME)) is not None:
            return self._merged(
                tool, found[0], "exact", 1.0, f"one with its name does the same (cosine {found[1]:.2f})"
            )
        if sister:
            return self._kept(tool, vector)
        found = _nearest(self._by_schema.get(_schema(tool)), vector, _SAME_SCHEMA)
        if found is not None and not _opposed(tool, self._tools[found[0]]):
            return self._merged(tool, found[0], "embedding", found[1], "one with the same arguments is near")
        named = self._renamed(tool)
        verdict = self._dedup.decide(named.id, tool_text(tool), vector)
        if verdict.survivor is not None and not _opposed(tool, self._tools[verdict.survivor]):
            reason = f"too near to {verdict.survivor}"
            return self._merged(tool, verdict.survivor, verdict.stage or "exact", verdict.score or 0.0, reason)
        return self._kept(tool, vector)

    def restore(self, tools: Sequence[Tool], texts: Sequence[str], vectors: Vectors) -> None:
        """Take in what was admitted before.

        Args:
            tools: In order of admission, with all their personas.
            texts: By which each was compared then.
            vectors: Of these texts, one row each.
        """
        for tool, text, vector in zip(tools, texts, vectors, strict=True):
            self._dedup.decide(tool.id, text, vector)  # again what it was then, so that the index is what it was
            self._keep(tool, vector)

    def _kept(self, tool: Tool, vector: Vectors) -> ToolVerdict:
        named = self._renamed(tool)
        self._keep(named, vector)
        return ToolVerdict(named, admitted=True)

    def _keep(self, tool: Tool, vector: Vectors) -> None:
        self._tools[tool.id] = tool
        self._names.add(tool.name)
        self._by_words.setdefault(_words(tool), _Shelf()).add(tool.id, vector)
        if len(tool.parameters) > 1:
            self._by_schema.setdefault(_schema(tool), _Shelf()).add(tool.id, vector)

    def _merged(self, tool: Tool, survivor: str, stage: DedupStage, score: float, reason: str) -> ToolVerdict:
        kept = self._tools[survivor]
        asked = tuple(dict.fromkeys((*kept.personas, *tool.personas)))
        self._tools[survivor] = kept = kept.model_copy(update={"personas": asked})
        return ToolVerdict(kept, admitted=False, stage=stage, score=score, reason=reason)

    def _renamed(self, tool: Tool) -> Tool:
        """Return the tool with a name of its own: another thing may have been called the same before."""
        name = unique_name(tool.name, self._names, (one.name for one in tool.parameters))
        if name == tool.name:
            return tool
        renamed = tool.model_copy(update={"name": name})
        return renamed.model_copy(update={"id": tool_id(renamed)})


def _opposed(left: Tool, right: Tool) -> bool:
    if left.effect != right.effect:
        return True
    differ = _words(left) ^ _words(right)
    return any(pair <= differ for pair in _OPPOSED)


def _words(tool: Tool) -> frozenset[str]:
    return frozenset(tool.name.split("_"))


def _schema(tool: Tool) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((one.name, one.type) for one in tool.parameters))
