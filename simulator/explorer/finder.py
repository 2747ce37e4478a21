"""People by what their descriptions mean."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from simulator.assembly.run import open_run
from simulator.assembly.search import open_embedder
from simulator.embeddings.many import embed_many
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.errors import UsageError
from simulator.explorer.asked import Find
from simulator.explorer.people import row_of
from simulator.explorer.reader import Look, Reader
from simulator.population.index.chroma import open_index
from simulator.population.index.memory import Hit, MemoryIndex
from simulator.population.index.seal import read_seal
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder, Vectors

__all__ = ["Finder"]

Rows = list[tuple[str, str]]


class Finder:
    """Finds people by meaning, without writing anything that a run could miss.

    With the embedded embedder, everybody's vector is made at the first search and kept in memory: the folder of the
    Chroma index, which one process at a time can have, is left to the run. A remote embedder is asked for the vector
    of the search alone; people's vectors are those of the index, which must have them all.

    Args:
        reader: The run.
        settings: The environment.
    """

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._stack = AsyncExitStack()
        self._embedder: Embedder | None = None
        self._index = MemoryIndex("")
        self._known: Rows = []
        self._turn = asyncio.Lock()

    async def find(self, wanted: Find) -> dict[str, Any]:
        """Return the people whose descriptions are nearest to some words, nearest first.

        Raises:
            UsageError: There are no words, or the embedder is remote and the index lacks people.
            InputError: The words have no meaning.
            EndpointError: A remote embedder failed.
        """
        if not wanted.q.strip():
            raise UsageError("There is nothing to look for: give a few words that describe a person.")
        async with self._turn:
            people = await self._reader.ask(_people)
            embedder = await self._opened()
            vector = (await embedder.embed([wanted.q]))[0]
            hits = await self._nearest(embedder, vector, people, wanted.n) if people else []
        return await self._reader.ask(lambda look: _told(look, hits))

    async def aclose(self) -> None:
        """Close the embedder."""
        await self._stack.aclose()

    async def _opened(self) -> Embedder:
        if self._embedder is None:
            with open_run(self._reader.root) as run:
                scenario = None if run.ledger.meta("scenario") is None else run.scenario
            self._embedder = await open_embedder(scenario, self._settings, self._stack)
        return self._embedder

    async def _nearest(self, embedder: Embedder, vector: Vectors, people: Rows, n: int) -> list[Hit]:
        if not isinstance(embedder, WordLlamaEmbedder):
            return await asyncio.to_thread(self._from_folder, embedder.name, vector, people, n)
        await self._complete(embedder, people)
        return await asyncio.to_thread(self._index.query, vector, n)

    async def _complete(self, embedder: Embedder, people: Rows) -> None:
        """Take in those who came since the last search; everybody, if the run was begun anew."""
        held = len(self._known)
        if people[:held] != self._known:
            held = 0
            self._index = MemoryIndex("")
        new = people[held:]
        if new:
            ids, texts = (list(column) for column in zip(*new, strict=True))
            self._index.add(ids, texts, await embed_many(embedder, texts))
        self._known = people

    def _from_folder(self, embedder: str, vector: Vectors, people: Rows, n: int) -> list[Hit]:
        """Search the index of the run directory. It is left as it was: whoever is missing would have to be paid for."""
        folder = self._reader.root / "index"
        seal = read_seal(folder)  # looked at first: to open an index of other people or vectors would begin it anew
        lacking = len(people) - (seal.count if seal is not None and seal.embedder == embedder else 0)
        if lacking:
            raise UsageError(
                f"the index lacks {lacking:,} of {len(people):,} people, and {embedder!r} would have to be asked for "
                f"them: 'sixhop graph {self._reader.root} find \"...\"' does that"
            )
        ids, texts = (list(column) for column in zip(*people, strict=True))
        index = open_index(folder, ids, texts, embedder)
        if len(index) < len(people):
            index.abandon()
            raise UsageError(f"the index cannot be used now: {index.rebuilt}")
        with index:
            return index.query(vector, n)


def _people(look: Look) -> Rows:
    return [(id, text) for id, text in look.run.ledger.rows("SELECT id, text FROM personas ORDER BY seq")]


def _told(look: Look, hits: list[Hit]) -> dict[str, Any]:
    graph = look.graph
    return {"people": [{**row_of(graph, hit.id), "score": hit.score} for hit in hits if hit.id in graph]}
