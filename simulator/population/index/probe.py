"""Opens a Chroma folder in a process of its own and tells what is in it.

A damaged folder can end the process that opens it with a segmentation fault. Run as
``python -m simulator.population.index.probe FOLDER EMBEDDER``: prints ``COUNT FINGERPRINT``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from simulator.population.index.seal import Fingerprint

__all__ = ["COLLECTION", "open_client", "probe"]

COLLECTION = "personas"

PAGE = 5_000
"""Rows read at once; Chroma hands out at most 5,461 rows a call."""

_PATIENCE = 120.0
"""Seconds until a probe counts as hung: half a million rows take ten."""


def open_client(folder: Path) -> Any:
    """Return a Chroma client on ``folder`` that sends nothing to anybody."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def probe(folder: Path, embedder: str) -> tuple[int, str] | None:
    """Return the number of rows in ``folder`` and the fingerprint of their ids, as a child process reads them.

    Returns:
        ``None`` if the child failed, crashed or hung.
    """
    command = [sys.executable, "-m", "simulator.population.index.probe", str(folder), embedder]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    told = done.stdout.split()
    if done.returncode != 0 or len(told) != 2 or not told[0].isdigit():
        return None
    return int(told[0]), told[1]


def _read(folder: Path, embedder: str) -> tuple[int, str]:
    collection = open_client(folder).get_collection(COLLECTION, embedding_function=None)
    fingerprint, count = Fingerprint(embedder), collection.count()
    for start in range(0, count, PAGE):
        fingerprint.add_rows(collection.get(limit=PAGE, offset=start, include=[])["ids"])
    if count:
        first = collection.get(limit=1, include=["embeddings"])
        collection.query(query_embeddings=first["embeddings"], n_results=1, include=["distances"])
    return count, fingerprint.rows()


if __name__ == "__main__":
    print(*_read(Path(sys.argv[1]), sys.argv[2]))
