"""The seal of a Chroma folder: what it holds and what its files were when it was last closed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from simulator.models.base import Record

__all__ = ["DATABASE", "Fingerprint", "Seal", "file_hashes", "read_seal", "write_seal"]

DATABASE = "chroma.sqlite3"
"""Chroma's database. Unlike its other files it changes whenever it is opened, even only to read."""

SEAL = "seal.json"


class Seal(Record):
    """What a closed index held.

    Attributes:
        generation: Name of the folder that Chroma's files are in; every rebuild has a new one.
        embedder: Name of the embedder of the vectors.
        count: Number of rows.
        fingerprint: Of the embedder's name and all ids and texts in order (see :class:`Fingerprint`).
        rows: The same of the ids alone: what Chroma's own database can be compared with.
        files: SHA-256 of each file, by its path in the generation's folder.
    """

    generation: str
    embedder: str
    count: int
    fingerprint: str
    rows: str
    files: dict[str, str]


class Fingerprint:
    """A hash of the embedder's name and of ids and texts in order, and one of the ids, to which more can be added."""

    def __init__(self, embedder: str) -> None:
        self._people = hashlib.sha256(_utf8(embedder))
        self._rows = self._people.copy()

    def add(self, ids: Sequence[str], texts: Sequence[str]) -> Fingerprint:
        """Take in more ids, each with its text."""
        for id, text in zip(ids, texts, strict=True):
            self._people.update(b"\0%b\0%b" % (_utf8(id), _utf8(text)))
        return self.add_rows(ids)

    def add_rows(self, ids: Iterable[str]) -> Fingerprint:
        """Take in more ids whose texts are not known; :meth:`digest` says nothing from then on."""
        for id in ids:
            self._rows.update(b"\0%b" % _utf8(id))
        return self

    def digest(self) -> str:
        """Return the hash of the ids and texts that were taken in so far."""
        return self._people.hexdigest()

    def rows(self) -> str:
        """Return the hash of the ids that were taken in so far."""
        return self._rows.hexdigest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file under ``folder``, by relative path."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def read_seal(folder: Path) -> Seal | None:
    """Return the seal of the index in ``folder``; ``None`` if there is none or it cannot be read."""
    try:
        return Seal.model_validate_json((folder / SEAL).read_bytes())
    except (OSError, ValidationError):
        return None


def write_seal(folder: Path, seal: Seal | None) -> None:
    """Put ``seal`` in place of the one in ``folder`` at one blow; ``None`` breaks it."""
    if seal is None:
        (folder / SEAL).unlink(missing_ok=True)
        return
    new = folder / f"{SEAL}.new"
    with new.open("wb") as file:
        file.write(seal.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / SEAL)
