"""Toolsets: the tools of a set that work on the same thing, so that a caller can be given a few of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.models.tool import Tool, Toolset
from simulator.population.tokens import word_list
from simulator.tools.naming import identifier, unique_name

__all__ = ["toolsets"]

_NEAR = 0.4
"""Cosine from which a tool belongs to a set's first one; 1 in 100 pairs of tools of different people reaches it."""

_SMALL = frozenset(
    word_list("a an the of for in on at to from with by and or data info information result results value")
)


def toolsets(tools: Sequence[Tool], vectors: Vectors, near: float = _NEAR) -> list[Toolset]:
    """Return the sets, the one that most people asked for first; every tool is in exactly one.

    The tool that most people asked for begins the first set; each further one joins the nearest beginning that is near
    enough, or begins a set of its own.

    Args:
        tools: The whole set, each once.
        vectors: Their embeddings, shape (tools, dimensions).
        near: Cosine, 0 to 1.
    """
    order = sorted(range(len(tools)), key=lambda place: (-tools[place].demand, place))
    firsts, members = np.zeros((len(tools), vectors.shape[1] if len(tools) else 0), np.float32), list[list[int]]()
    for place in order:
        # Rounded, so that the order of a sum inside a matrix product decides nothing.
        scores = np.round((firsts[: len(members)] @ vectors[place]).astype(np.float64), 5)
        if len(scores) and scores.max() >= near:
            members[int(scores.argmax())].append(place)
        else:
            firsts[len(members)] = vectors[place]
            members.append([place])
    made = [_named([tools[place] for place in sorted(group)]) for group in members]
    made.sort(key=lambda group: (-group.demand, -len(group.tools)))
    return _told_apart(made)


def _named(tools: Sequence[Tool]) -> Toolset:
    """Name a set by the words that most of its tools have in their names, in the order of the first that has them."""
    counted = Counter(word for tool in tools for word in dict.fromkeys(_words(tool)))
    best = [word for word, count in counted.most_common(2) if count * 2 > len(tools)] or [
        word for word, _ in counted.most_common(1)
    ]
    first = next((words for tool in tools if set(best) <= set(words := _words(tool))), best)
    name = identifier("_".join(word for word in dict.fromkeys(first) if word in best)) or "tools"
    asked = {persona for tool in tools for persona in tool.personas}
    return Toolset(name=name, tools=tuple(tool.id for tool in tools), demand=len(asked))


def _words(tool: Tool) -> list[str]:
    verb, *rest = tool.name.split("_")
    return [word for word in rest if word not in _SMALL] or [verb]


def _told_apart(groups: Sequence[Toolset]) -> list[Toolset]:
    taken, found = set[str](), list[Toolset]()
    for group in groups:
        name = unique_name(group.name, taken)
        taken.add(name)
        found.append(group.model_copy(update={"name": name}))
    return found
