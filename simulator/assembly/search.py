"""Semantic search over a run's people, through the Chroma index that stands beside the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from simulator.assembly.run import Run
from simulator.errors import InputError
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.population.index_memory import Hit, NearPersonas
    from simulator.scenario.schema import Scenario

__all__ = ["find_people", "open_embedder", "open_people"]

Tell = Callable[[str], None]

_PART = 20_000
"""People taken into an index between two words of where it is: some ten seconds."""


async def find_people(
    run: Run, text: str, n: int = 10, *, settings: Settings | None = None, tell: Tell = lambda _: None
) -> list[Hit]:
    """Return the ``n`` people of ``run`` whose descriptions are nearest to ``text`` in meaning, nearest first.

    Args:
        run: An open run.
        text: Any text.
        n: At least 1.
        settings: The environment; read from the process's by default.
        tell: Told in a sentence why the index had to be made anew, and that it lacked people.

    Raises:
        InputError: ``text`` is blank.
        EndpointError: A remote embedder failed.
    """
    if not text.strip():
        raise InputError("There is nothing to look for: give a few words that describe a person.")
    async with AsyncExitStack() as stack:
        scenario = None if run.ledger.meta("scenario") is None else run.scenario
        embedder = await open_embedder(scenario, settings or Settings.from_environ(), stack)
        index = stack.enter_context(await open_people(run, embedder, tell))
        return index.query((await embedder.embed([text]))[0], n)


async def open_people(run: Run, embedder: Embedder, tell: Tell = lambda _: None) -> NearPersonas:
    """Return the index of all people of ``run``; what is missing or damaged is made from the ledger.

    Only people that a sound index lacks are embedded.
    """
    from simulator.population.index import open_index

    rows = list(run.ledger.rows("SELECT id, text FROM personas ORDER BY seq"))
    ids, texts = [id for id, _ in rows], [text for _, text in rows]
    index = open_index(run.directory.index, ids, texts, embedder.name)
    held = len(index)
    if index.rebuilt:
        tell(f"the index in {str(run.directory.index)!r} is not used: {index.rebuilt}")
    try:
        for start in range(held, len(ids), _PART):
            tell(f"taking people of the ledger into the index: {start:,} of {len(ids):,} ...")
            part = slice(start, start + _PART)
            index.add(ids[part], texts[part], await embedder.embed(texts[part]))
    except BaseException:
        index.abandon()
        raise
    return index


async def open_embedder(scenario: Scenario | None, settings: Settings, stack: AsyncExitStack) -> Embedder:
    """Return the scenario's embedder, the environment's, or the embedded one; ``stack`` closes it.

    Raises:
        ModelSpecError: The SPEC or its key is wrong.
    """
    from simulator.embeddings.load import DEFAULT_EMBEDDER, embedder_from

    spec = (scenario and scenario.models.embeddings) or settings.embedder or DEFAULT_EMBEDDER
    embedder = embedder_from(spec, settings, key_env=scenario.models.embeddings_key_env if scenario else None)
    stack.push_async_callback(embedder.aclose)
    return embedder
