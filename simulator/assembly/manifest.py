"""The manifest: what a run was made with, and what it made."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import orjson

from simulator import __version__
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.runs.freeze import TERMS
from simulator.runs.ledger import Ledger

__all__ = ["batches", "counts", "usage", "write_manifest"]

_LIBRARIES = ("langgraph", "langchain-openai", "networkx", "datasketch", "chromadb", "pydantic", "numpy")


def write_manifest(directory: RunDirectory, ledger: Ledger, state: str, reason: str) -> None:
    """Write ``manifest.json``.

    Args:
        directory: The run's.
        ledger: Its record.
        state: ``done``, ``stopped`` or ``failed``.
        reason: Why, unless it is done.

    Raises:
        RunUnwritable: It cannot be written.
    """
    manifest: dict[str, Any] = {
        "sixhop": __version__,
        "state": state,
        "reason": reason,
        "test": ledger.meta(TERMS),
        "fingerprint": ledger.meta("fingerprint"),
        "models": ledger.meta("models"),
        "prompts": ledger.meta("prompts"),
        "data": ledger.meta("data"),
        "counts": counts(ledger),
        "usage": usage(ledger),
        "batches": batches(ledger),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    write_atomically(directory.manifest, orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def counts(ledger: Ledger) -> dict[str, Any]:
    """Return how many rows of each kind the ledger holds."""
    tables = ("units", "personas", "relations", "decisions", "failures", "replies")
    found: dict[str, Any] = {
        table: next(ledger.rows(f"SELECT COUNT(*) FROM {table}"))[0]  # noqa: S608 - our names
        for table in tables
    }
    found["products"] = dict(ledger.rows("SELECT kind, COUNT(*) FROM products GROUP BY kind ORDER BY kind"))
    found["personas_by_hop"] = {
        str(hop): n for hop, n in ledger.rows("SELECT hop, COUNT(*) FROM personas GROUP BY hop ORDER BY hop")
    }
    return found


def batches(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the batches that were handed to providers, in order, with what became of them."""
    names = ("stage", "role", "remote", "state", "told", "requests")
    rows = ledger.rows("SELECT stage, role, remote, state, told, json_array_length(keys) FROM batches ORDER BY seq")
    return [dict(zip(names, row, strict=True)) for row in rows]


def usage(ledger: Ledger) -> list[dict[str, Any]]:
    """Return calls, tokens and US dollars per stage, role and model; a reply counts once, however often it was used.

    ``usd`` is ``None`` when the price of a call was not known; ``unpriced`` says of how many, and ``known_usd``
    what the others cost.
    """
    rows = ledger.rows(
        "SELECT stage, role, model, COUNT(*), SUM(prompt_tokens), SUM(completion_tokens), SUM(cached_tokens),"
        " CASE WHEN COUNT(usd) = COUNT(*) THEN TOTAL(usd) END, COUNT(*) - COUNT(usd), TOTAL(usd)"
        " FROM replies GROUP BY stage, role, model ORDER BY stage, role, model"
    )
    tokens = ("prompt_tokens", "completion_tokens", "cached_tokens")
    names = ("stage", "role", "model", "calls", *tokens, "usd", "unpriced", "known_usd")
    return [dict(zip(names, row, strict=True)) for row in rows]
