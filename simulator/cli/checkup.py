"""The checks of ``sixhop doctor``. Each finds out one thing, and says what to do when it is not well."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from simulator.errors import SixhopError
from simulator.llm.spec import parse_spec
from simulator.settings import Settings

__all__ = ["Check", "Subject", "examine"]

_LEAST_FREE = 1 << 30  # bytes: a run of 100,000 personas takes about half of that
_PATIENCE_S = 120.0  # for the model's first answer: a server may load its weights first
_SAMPLE = ("a lock keeper on a quiet canal", "a pilot who guides ships into the harbour")
_TIERS = {
    "json_schema": "the server holds the model to the schema",
    "json_object": "the server holds the model to JSON, Sixhop to the schema",
    "none": "the server cannot; Sixhop asks in words and checks the reply",
}


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        name: What was looked at.
        state: ``ok``, ``warning`` (a run works, but see ``advice``) or ``failed``.
        found: What is there.
        advice: What to do; empty when all is well.
    """

    name: str
    state: Literal["ok", "warning", "failed"]
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Subject:
    """What is examined: the environment, the model with its key's variable, and the embedder, both by SPEC."""

    settings: Settings
    model: str
    key_env: str | None
    embedder: str

    @classmethod
    def of(cls, settings: Settings, model: str | None, key_env: str | None, embedder: str | None) -> Subject:
        """Return the subject, with what the environment or Sixhop would choose for what is ``None``."""
        return cls(settings, settings.model_spec(model), key_env, settings.embedder_spec(embedder))


async def examine(subject: Subject) -> AsyncIterator[Check]:
    """Look at everything that a run needs, quick things first, and yield each check as it is done."""
    yield _python()
    yield _libraries()
    yield _sqlite()
    yield _disk(Path.cwd())
    yield _weights(needed=subject.model == "local")
    async for check in _model(subject):
        yield check
    yield await _embeddings(subject.embedder, subject.settings)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Check("Python", "ok", found)


def _libraries() -> Check:
    try:
        names = [line.split(";")[0].strip() for line in requires("sixhop") or () if "extra ==" not in line]
    except PackageNotFoundError:
        return Check("libraries", "warning", "sixhop is not installed", "Run it from a source tree, or pip install it.")
    missing = [name for name in map(_bare, names) if not _is_installed(name)]
    if missing:
        return Check("libraries", "failed", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return Check("libraries", "ok", f"all {len(names)} that Sixhop needs; sixhop {version('sixhop')}")


def _sqlite() -> Check:
    with sqlite3.connect(":memory:") as connection:
        try:
            connection.execute("SELECT json_extract('{}', '$')")
        except sqlite3.OperationalError:
            advice = "Use a Python whose SQLite has the JSON functions (3.38 and later have them)."
            return Check("SQLite", "failed", sqlite3.sqlite_version, advice)
    return Check("SQLite", "ok", sqlite3.sqlite_version)


def _disk(folder: Path) -> Check:
    """Try to write, because the permission bits do not tell of read-only mounts."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"sixhop")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        advice = "Change to a folder that you may write to, or name one with --out."
        return Check("disk", "failed", f"{folder} cannot be written: {error.strerror}", advice)
    free = shutil.disk_usage(folder).free
    found = f"{folder} is writable, {free / (1 << 30):,.1f} GB free"
    if free < _LEAST_FREE:
        return Check("disk", "warning", found, "A large run may fill it; name a folder on another disk with --out.")
    return Check("disk", "ok", found)


def _weights(*, needed: bool) -> Check:
    try:
        spec = parse_spec("local")
    except SixhopError as error:
        return Check("embedded model", "failed" if needed else "warning", "not installed", str(error))
    size = spec.path.stat().st_size / (1 << 20) if spec.path else 0
    return Check("embedded model", "ok", f"{spec.model}, {size:,.0f} MB")


async def _model(subject: Subject) -> AsyncIterator[Check]:
    from simulator.llm.open import open_model, probe

    try:
        spec = parse_spec(subject.model, key_env=subject.key_env, timeout_s=_PATIENCE_S)
        async with open_model(spec, subject.settings) as model:
            found = await probe(model)
    except SixhopError as error:
        yield Check("model", "failed", subject.model, str(error))
        return
    if not found.reachable or not found.seconds:
        yield Check("model", "failed", subject.model, found.problem)
        return
    speed = f", {found.tokens_per_s:.0f} tokens/s" if found.tokens_per_s else ""
    yield Check("model", "ok", f"{spec.model} answered in {found.seconds:.1f} s{speed}")
    if found.usable:
        yield Check("structured output", "ok", f"{found.tier}: {_TIERS[found.tier]}")
    else:
        advice = f"{found.problem} A larger model, or one that knows JSON schemas, will do better."
        yield Check("structured output", "failed", f"{found.tier}: the answer was not of the asked form", advice)


async def _embeddings(spec: str, settings: Settings) -> Check:
    from simulator.embeddings.load import embedder_from

    try:
        async with aclosing(embedder_from(spec, settings)) as embedder:
            start = time.perf_counter()
            vectors = await embedder.embed(_SAMPLE)
            took = time.perf_counter() - start
    except SixhopError as error:
        return Check("embeddings", "failed", spec, str(error))
    likeness = float(vectors[0] @ vectors[1])
    found = f"{embedder.name}, {vectors.shape[1]} dimensions, {took:.1f} s"
    if not likeness < 1:
        return Check("embeddings", "failed", found, "Two different texts have the same vector; use another embedder.")
    return Check("embeddings", "ok", found)


def _bare(requirement: str) -> str:
    return requirement.split("[")[0].split(" ")[0].rstrip("<>=!~.0123456789,")


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
