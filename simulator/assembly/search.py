"""Semantic search over a run's people, through the Chroma index that stands beside the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from simulator.assembly.run import Run
from simulator.errors import InputError, SixhopError
from simulator.models.base import content_hash
from simulator.models.message import Reply, Usage
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ReplyStore
    from simulator.population.index.memory import Hit, NearPersonas
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

    Only people that a sound index lacks are embedded. Where the folder cannot be written, the index is in memory.
    """
    from simulator.population.index.chroma import open_index
    from simulator.population.index.memory import MemoryIndex

    rows = list(run.ledger.rows("SELECT id, text FROM personas ORDER BY seq"))
    ids, texts = [id for id, _ in rows], [text for _, text in rows]
    folder = str(run.directory.index)
    try:
        index = open_index(run.directory.index, ids, texts, embedder.name)
        if index.rebuilt:
            tell(f"the index in {folder!r} is not used: {index.rebuilt}")
        await _complete(index, ids, texts, embedder, tell)
    except SixhopError:
        raise
    except Exception as error:  # noqa: BLE001 - Chroma raises errors of its own, of SQLite, of Rust, of the system
        tell(f"the index in {folder!r} cannot be written ({error}): this search is in memory")
        index = MemoryIndex(str(error))
        await _complete(index, ids, texts, embedder, tell)
    return index


async def _complete(
    index: NearPersonas, ids: Sequence[str], texts: Sequence[str], embedder: Embedder, tell: Tell
) -> None:
    try:
        for start in range(len(index), len(ids), _PART):
            tell(f"taking people of the ledger into the index: {start:,} of {len(ids):,} ...")
            part = slice(start, start + _PART)
            index.add(ids[part], texts[part], await embedder.embed(texts[part]))
    except BaseException:
        index.abandon()
        raise


async def open_embedder(
    scenario: Scenario | None, settings: Settings, stack: AsyncExitStack, replies: ReplyStore | None = None
) -> Embedder:
    """Return the scenario's embedder, the environment's, or the embedded one; ``stack`` closes it.

    A remote one is asked for a text once, and its requests are counted in ``replies``, if that is given.

    Raises:
        ModelSpecError: The SPEC or its key is wrong.
    """
    from simulator.embeddings.load import embedder_from
    from simulator.embeddings.openai import OpenAIEmbedder
    from simulator.embeddings.remembering import RememberingEmbedder

    spec = settings.embedder_spec(scenario.models.embeddings if scenario else None)
    key_env = scenario.models.embeddings_key_env if scenario else None

    async def count(texts: Sequence[str], tokens: int) -> None:
        if replies is not None:
            key = content_hash("embeddings", embedder.name, list(texts))
            paid = Reply(text="", finish="stop", model=embedder.name, usage=Usage(prompt=tokens))
            await replies.put_reply(key, paid, role="embedder", stage="embed")

    embedder = embedder_from(spec, settings, key_env=key_env, count=count)
    stack.push_async_callback(embedder.aclose)
    return RememberingEmbedder(embedder) if isinstance(embedder, OpenAIEmbedder) else embedder
