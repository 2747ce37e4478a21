"""People by the words of their texts: what a search box does, over all of a graph."""

from __future__ import annotations

import numpy as np

from simulator.models.base import normalise_text
from simulator.population.graph.adjacency import Rows
from simulator.population.graph.arrays import UNKNOWN
from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["look_up"]


def look_up(graph: RelationshipGraph, words: str = "", hop: int | None = None) -> Rows:
    """Return the rows of the personas whose text or id holds all of ``words``, in order of admission.

    Case does not matter; a word may be a part of one. An id is looked for by its beginning.

    Args:
        graph: Any graph.
        words: Separated by white space; everybody fits no words.
        hop: Only personas of this hop.
    """
    arrays = graph.arrays
    rows = np.flatnonzero(arrays.hops != UNKNOWN if hop is None else arrays.hops == hop).astype(np.int32)
    wanted = [word.lower() for word in normalise_text(words).split(" ") if word]
    if not wanted:
        return rows
    ids, texts = arrays.ids, arrays.texts
    fitting = [row for row in rows.tolist() if _fits(ids[row], texts[row].lower(), wanted)]
    return np.asarray(fitting, dtype=np.int32)


def _fits(id: str, text: str, wanted: list[str]) -> bool:
    return all(word in text or id.startswith(word) for word in wanted)
