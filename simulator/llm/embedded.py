"""The embedded language model: llama.cpp's own HTTP server, in this process, on loopback.

One server for each model file, started by its first use and stopped when the process ends. It listens on a port that
the system picks and wants a random key, so that no other user of the machine can reach it by accident.

Three things about ``xllamacpp`` that were measured (2026.10, two cores) shape this module:

* Loading holds the interpreter's lock (0.8 s for the 98 MB default with ``warmup`` off, 1.6 s with it on): a thread
  keeps the event loop from *waiting*, but nothing else runs meanwhile. So start it before there is other work.
* A server that is destroyed before its loop runs never returns from it (one in four immediate stops hung). So the
  start ends with one token that was really generated.
* A server that is never destroyed crashes some processes at their exit (three of ten). So it is destroyed by
  ``atexit``, before the interpreter is taken down.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from simulator.errors import ModelSpecError
from simulator.settings import Settings

__all__ = ["EmbeddedServer", "Shape", "default_threads", "embedded_server", "shape_from", "stop_embedded_servers"]

PROMPT_CACHE_MIB = 512
"""Memory for prompts of slots that were taken over. llama.cpp's own default is 8 GiB, too much for a laptop."""

START_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Shape:
    """How large a server is.

    Attributes:
        threads: Threads that compute. More than there are free cores makes it many times slower: they spin.
        slots: Requests that are worked on at once; they share the threads.
        context: Tokens of context for each slot.
    """

    threads: int
    slots: int = 4
    context: int = 4096


@dataclass
class EmbeddedServer:
    """A running server.

    Attributes:
        url: Base URL, ``http://127.0.0.1:PORT/v1``.
        key: The key that it wants.
        shape: How large it is.
    """

    url: str
    key: SecretStr
    shape: Shape
    _server: Any

    def stop(self) -> None:
        """Stop it; requests in flight are broken off. Stopping twice is harmless."""
        self._server = None


_servers: dict[Path, EmbeddedServer] = {}
_starting = threading.Lock()


def embedded_server(path: Path, shape: Shape) -> EmbeddedServer:
    """Return the server of the model file ``path``, started if it is not running yet.

    Blocks for a second or more: call it in a thread. A running server keeps the shape that it was started with.

    Raises:
        ModelSpecError: ``xllamacpp`` is not installed, or llama.cpp cannot load the file.
    """
    with _starting:
        if path not in _servers:
            if not _servers:
                atexit.register(stop_embedded_servers)
            _servers[path] = _start(path, shape)
        return _servers[path]


def stop_embedded_servers() -> None:
    """Stop every embedded server of this process."""
    with _starting:
        while _servers:
            _, server = _servers.popitem()
            server.stop()


def shape_from(settings: Settings) -> Shape:
    """Return the shape that the environment asks for, completed by defaults."""
    return Shape(
        threads=settings.threads or default_threads(),
        slots=settings.slots or Shape.slots,
        context=settings.context or Shape.context,
    )


def default_threads() -> int:
    """Return one fewer than the cores that this process may use, and at least 1.

    One core stays free because with as many threads as cores the server was eight times slower as soon as anything
    else wanted to run.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _cpu_quota() or cores) - 1)


def _cpu_quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int | None:
    """Return the cores that a container's quota amounts to; ``None`` without one."""
    try:
        quota, period = file.read_text().split()
        return max(1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return None


def _start(path: Path, shape: Shape) -> EmbeddedServer:
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelSpecError(
            f"the embedded server needs the package 'xllamacpp', which cannot be imported ({error}); "
            f"install it, or name another model"
        ) from error
    key = secrets.token_urlsafe(32)
    try:
        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), path, shape, key))
    except RuntimeError as error:
        raise ModelSpecError(
            f"llama.cpp cannot load {str(path)!r} with {shape.slots} slots of {shape.context} tokens: {error} "
            f"The file may be damaged, of a newer format, or too large for the memory."
        ) from error
    started = EmbeddedServer(f"{server.listening_address}/v1", SecretStr(key), shape, server)
    _prove(started)
    return started


def _parameters(parameters: Any, path: Path, shape: Shape, key: str) -> Any:
    parameters.model.path = str(path)
    parameters.model_alias = {path.stem}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.endpoint_slots = False  # would show the prompts of other requests
    parameters.verbosity = 0
    parameters.warmup = False
    parameters.fit_params = False  # would shrink the context without a word
    parameters.n_parallel = shape.slots
    parameters.n_ctx = shape.slots * shape.context
    parameters.cpuparams.n_threads = shape.threads
    parameters.cpuparams_batch.n_threads = shape.threads
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    # A prompt that has less in common with a slot goes elsewhere: else the fields of a unit push each other out.
    parameters.slot_prompt_similarity = 0.4
    return parameters


def _prove(server: EmbeddedServer) -> None:
    """Have one token generated."""
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}).encode()
    headers = {"Authorization": f"Bearer {server.key.get_secret_value()}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/chat/completions", body, headers)  # noqa: S310 -- loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with opener.open(request, timeout=START_TIMEOUT_S):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:  # 503: still loading
                raise ModelSpecError(f"the embedded model does not answer: HTTP {error.code}") from error
            time.sleep(0.05)
        except OSError as error:
            raise ModelSpecError(f"the embedded model does not answer: {error}") from error
