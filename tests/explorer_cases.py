"""The explorer's server over real HTTP, for its tests."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from simulator.assembly.loopback import served
from simulator.explorer import Reader, make_app
from simulator.settings import Settings

TOKEN = "a-token-that-nobody-guesses"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"].startswith("application/json"), self.headers
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """A server that runs in a thread."""

    port: int

    def get(self, path: str, *, host: str | None = None, method: str = "GET") -> Answer:
        """Ask for ``path`` as it is; ``host`` is what the Host header says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers={"Host": host or f"127.0.0.1:{self.port}"})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def ask(self, *parts: str, **params: object) -> Answer:
        """Ask a question of the page's."""
        query = f"?{urlencode(params)}" if params else ""
        return self.get(f"/{TOKEN}/api/{'/'.join(quote(part, safe='') for part in parts)}{query}")

    def told(self, *parts: str, **params: object) -> Any:
        """Return the answer to a question that has one."""
        answer = self.ask(*parts, **params)
        assert answer.status == 200, answer.body
        return answer.json


@contextmanager
def serving(root: Path, settings: Settings | None = None) -> Iterator[Site]:
    """Serve the run in ``root`` from a thread."""
    ready, end = threading.Event(), asyncio.Event()
    held: dict[str, Any] = {}

    async def serve() -> None:
        held["loop"] = asyncio.get_running_loop()
        app = make_app(Reader(root), TOKEN, settings or Settings())
        async with served(app, impatient=True) as base:
            held["port"] = int(base.rpartition(":")[2])
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(30)
        yield Site(held["port"])
    finally:
        held["loop"].call_soon_threadsafe(end.set)
        thread.join(30)
        assert not thread.is_alive()
