"""The Chroma index of the admitted personas: which of them are near to a vector.

It is an index and not a record: whatever is wrong with its folder, it is built again from what the ledger holds.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.population.index.lock import FolderLock, is_locked
from simulator.population.index.memory import Hit, MemoryIndex, NearPersonas, checked_rows
from simulator.population.index.probe import COLLECTION, open_client, probe
from simulator.population.index.seal import DATABASE, Fingerprint, Seal, file_hashes, read_seal, write_seal
from simulator.population.vectors.unit import cosine

__all__ = ["PersonaIndex", "open_index", "open_or_rebuild"]

CHUNK = 500
"""Rows in a call: Chroma allows 5,461, but holds the interpreter's lock for 0.6 s at 5,000 and for 0.1 s at 500."""

_SPARE = 32
"""Candidates beyond those asked for: the nearest by Chroma's approximate search are not always the nearest."""


class PersonaIndex:
    """An open index. Made by :func:`open_index`; use it as a context manager, or call :meth:`close`.

    Attributes:
        rebuilt: Why the folder was built again; empty if it was opened as it was.
    """

    def __init__(
        self, home: _Home, embedder: str, rebuilt: str, fingerprint: Fingerprint, texts: dict[str, str]
    ) -> None:
        self.rebuilt = rebuilt
        self._home = home
        self._embedder = embedder
        self._fingerprint = fingerprint
        self._texts = texts
        self._client = open_client(home.files)
        # The default space would be l2, and without an embedding function of ours it would download one.
        self._collection: Any = self._client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._count = int(self._collection.count())
        self._dimensions: int | None = None

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> PersonaIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        """Add personas. Until :meth:`close`, the folder counts as unfinished and would be rebuilt.

        Args:
            ids: Persona ids, none of them in the index.
            texts: One text an id.
            vectors: One unit vector an id, float32, of the embedder that the index was opened for.
        """
        checked_rows(ids, texts, vectors)
        if not len(ids):
            return
        write_seal(self._home.folder, None)
        for start in range(0, len(ids), CHUNK):
            part = slice(start, start + CHUNK)
            # Without the texts: Chroma would index all their trigrams, which takes as long as the vectors do.
            self._collection.add(ids=list(ids[part]), embeddings=vectors[part])
        self._fingerprint.add(ids, texts)
        self._texts.update(zip(ids, texts, strict=True))
        self._count += len(ids)

    def query(self, vector: Vectors, n: int = 10) -> list[Hit]:
        """Return up to ``n`` personas nearest to ``vector``, nearest first; of equals, by id.

        Chroma proposes; the score is the true cosine of the stored vector.

        Args:
            vector: Unit vector, shape (dimensions,), float32.
            n: At least 1.

        Raises:
            InputError: ``n`` is less, or ``vector`` has another number of dimensions than the stored ones.
        """
        if n < 1:
            raise InputError(f"{n} personas were asked for: ask for at least 1.")
        if not self._count:
            return []
        self._check_dimensions(vector)
        found = self._collection.query(
            query_embeddings=[vector],
            n_results=min(n + _SPARE, self._count),
            include=["embeddings"],
        )
        near = zip(found["ids"][0], found["embeddings"][0], strict=True)
        hits = [Hit(id, self._texts[id], cosine(vector, np.asarray(row, dtype=np.float32))) for id, row in near]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:n]

    def _check_dimensions(self, vector: Vectors) -> None:
        if self._dimensions is None:
            self._dimensions = len(self._collection.get(limit=1, include=["embeddings"])["embeddings"][0])
        if vector.shape != (self._dimensions,):
            raise InputError(
                f"A vector of shape {vector.shape} was given to an index of {self._dimensions} dimensions: "
                f"embed the query with {self._embedder!r}."
            )

    def close(self) -> None:
        """Close Chroma, seal the folder and let other processes have it."""
        if self._home.closed:
            return
        self._client.close()
        self._home.close(self._embedder, self._count, self._fingerprint)

    def abandon(self) -> None:
        """Close Chroma and unlock the folder as it is: what was added to it counts as unfinished."""
        if not self._home.closed:
            self._client.close()
            self._home.abandon()


def open_index(folder: Path, ids: Sequence[str], texts: Sequence[str], embedder: str) -> NearPersonas:
    """Open the index in ``folder`` with as many of ``ids`` as it soundly holds; the caller adds the rest.

    What is missing, unfinished, damaged, of other personas or of another embedder holds nobody: ``len`` is 0 and
    ``rebuilt`` says why. A folder that another process has, or that cannot be written, is left alone: the index is
    in memory then.

    Args:
        folder: Created if it does not exist.
        ids: Persona ids in order of admission.
        texts: One text an id.
        embedder: Name of the embedder that made the vectors.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock.take(folder)
        seal = read_seal(folder)
        if lock is None or (seal is not None and is_locked(folder / seal.generation / DATABASE)):
            if lock is not None:
                lock.release()
            return MemoryIndex("another process has it")
    except (OSError, sqlite3.Error) as error:
        return MemoryIndex(f"its folder cannot be used ({error})")
    try:
        fault, fingerprint = _fault(folder, seal, ids, texts, embedder)
        if seal is not None and not fault:
            held = dict(zip(ids[: seal.count], texts[: seal.count], strict=True))
            return PersonaIndex(_Home(folder, seal.generation, lock), embedder, "", fingerprint, held)
        write_seal(folder, None)
        home = _Home(folder, _new_generation(), lock)
        home.clear_others()
        return PersonaIndex(home, embedder, fault, Fingerprint(embedder), {})
    except BaseException:
        lock.release()
        raise


def open_or_rebuild(
    folder: Path, ids: Sequence[str], texts: Sequence[str], vectors: Vectors, embedder: str
) -> NearPersonas:
    """Open the index of ``ids``: what :func:`open_index` finds in ``folder``, and the rest from what is given.

    Args:
        folder: Created if it does not exist.
        ids: Persona ids in order of admission.
        texts: One text an id.
        vectors: One unit vector an id, float32.
        embedder: Name of the embedder that made the vectors.

    Returns:
        The open index; its ``rebuilt`` says why it was built again.
    """
    index = open_index(folder, ids, texts, embedder)
    try:
        held = len(index)
        index.add(ids[held:], texts[held:], vectors[held:])
    except BaseException:
        index.abandon()
        raise
    return index


def _fault(
    folder: Path, seal: Seal | None, ids: Sequence[str], texts: Sequence[str], embedder: str
) -> tuple[str, Fingerprint]:
    """Return why the files in ``folder`` cannot be used, empty if they can, and the fingerprint of whom they hold."""
    fingerprint = Fingerprint(embedder)
    if seal is None:
        return "it was missing or unfinished", fingerprint
    if seal.embedder != embedder:
        return f"its vectors were made by {seal.embedder!r}", fingerprint
    # A population only grows: an index of the first so many of it lacks the others and nothing else.
    fingerprint.add(ids[: seal.count], texts[: seal.count])
    if seal.fingerprint != fingerprint.digest():
        return "it holds other personas", fingerprint
    hashes = file_hashes(folder / seal.generation)
    changed = {_stem(name) for name in hashes.keys() | seal.files.keys() if hashes.get(name) != seal.files.get(name)}
    if not changed:
        return "", fingerprint
    # A process that only read and was killed leaves a changed database behind, which is as good as before.
    intact = changed == {DATABASE} and probe(folder / seal.generation, embedder) == (seal.count, seal.rows)
    names = sorted({name.rpartition("/")[2] for name in changed})
    return "" if intact else f"its files were damaged ({', '.join(names)})", fingerprint


def _stem(name: str) -> str:
    """Return the name of the file that a database's journal belongs to; of another file its own."""
    return DATABASE if name.startswith(f"{DATABASE}-") else name


def _new_generation() -> str:
    """Return a folder name that was never used: Chroma remembers folders that it opened in this process."""
    return f"g-{secrets.token_hex(6)}"


class _Home:
    """Where an open index lives, and how it is left."""

    def __init__(self, folder: Path, generation: str, lock: FolderLock) -> None:
        self.folder = folder
        self.files = folder / generation
        self.closed = False
        self._lock = lock

    def clear_others(self) -> None:
        """Remove the files of other generations."""
        for path in self.folder.iterdir():
            if path.is_dir() and path.name.startswith("g-") and path != self.files:
                shutil.rmtree(path)

    def close(self, embedder: str, count: int, fingerprint: Fingerprint) -> None:
        """Seal and unlock the folder."""
        files = file_hashes(self.files)
        seal = Seal(
            generation=self.files.name,
            embedder=embedder,
            count=count,
            fingerprint=fingerprint.digest(),
            rows=fingerprint.rows(),
            files=files,
        )
        write_seal(self.folder, seal)
        self.abandon()

    def abandon(self) -> None:
        """Unlock the folder as it is."""
        self.closed = True
        self._lock.release()
