"""What a run left in its directory, to be compared with what one left that nobody disturbed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

from kill_child import PATIENCE_S, Disturbed, ended, forked

from simulator.embeddings.load import DEFAULT_EMBEDDER, embedder_from
from simulator.embeddings.protocol import Embedder
from simulator.population.index.chroma import open_or_rebuild
from simulator.runs.ledger import Ledger
from simulator.settings import Settings


def everything(root: Path) -> dict[str, object]:
    """Return all that a run left and that must not depend on how often it was killed."""
    files = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in ("products", "report")
        for path in sorted((root / folder).iterdir())
    }
    ledger = sqlite3.connect(f"file:{root / 'ledger.sqlite'}?mode=ro", uri=True)
    tables = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = [row[1] for row in ledger.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
        rows = ledger.execute(
            f"SELECT {','.join(columns)} FROM {table} ORDER BY {'seq' if 'seq' in _columns(ledger, table) else columns[0]}"
        )
        files[f"table {table}"] = [row for row in rows if not (table == "meta" and row[0] == "base")]
    if ledger.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        raise Disturbed(f"the ledger in {root} is damaged")
    ledger.close()
    manifest = json.loads((root / "manifest.json").read_text())
    return {
        **files,
        "manifest": manifest,
        "folder": sorted(path.name for path in root.iterdir() if path.name != "index"),
    }


def _columns(ledger: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in ledger.execute(f"PRAGMA table_info({table})")]


def compare(left: dict[str, object], whole: dict[str, object]) -> None:
    """Compare what a killed run left with the undisturbed one.

    Raises:
        Disturbed: They differ; the message names where.
    """
    for name in sorted({*left, *whole}):
        if left.get(name) != whole.get(name):
            here, there = str(left.get(name)), str(whole.get(name))
            at = max(0, next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0) - 200)
            raise Disturbed(f"{name} differs:\n  killed {here[at : at + 600]}\n  whole  {there[at : at + 600]}")


def check_index(root: Path) -> None:
    """Open the index of a run that is done, in a child: Chroma starts threads."""

    def look() -> None:
        with Ledger.open(root / "ledger.sqlite", writable=False) as ledger:
            people = list(ledger.personas())
            embedder = default_embedder()
            vectors = asyncio.run(embedder.embed([person.text for person in people]))
            ids, texts = [person.id for person in people], [person.text for person in people]
            with open_or_rebuild(root / "index", ids, texts, vectors, embedder.name) as index:
                if index.rebuilt:
                    raise Disturbed(f"the index of a finished run had to be rebuilt: {index.rebuilt}")

    if ended(forked(look), PATIENCE_S) != 0:
        raise Disturbed(f"the index in {root} does not open")


def default_embedder() -> Embedder:
    """Return the embedder that the runs have."""
    return embedder_from(DEFAULT_EMBEDDER, Settings())
