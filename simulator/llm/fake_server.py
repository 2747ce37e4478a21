"""A fake OpenAI-compatible server: real HTTP on loopback, no model.

In a test or a benchmark::

    async with FakeServer() as server:
        server.faults.append(Fault.error(503))
        model = open_model(parse_spec(f"{server.url}#fake"), Settings())

On its own (prints its URL, stops at the end of its input or at Ctrl-C)::

    python -m simulator.llm.fake_server --port 0 --latency 1.0 --fault 503 --every 20
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, cast

from aiohttp import web

from simulator.llm.fakes.answers import break_off, embeddings, error_response, said, send
from simulator.llm.fakes.batches import FakeBatches, Fate
from simulator.llm.fakes.catalogue import catalogue
from simulator.llm.fakes.fault import Fault
from simulator.llm.fakes.responder import Responder, default_responder, lognormal_latency

__all__ = ["FakeServer", "Fate", "Fault", "Responder", "default_responder", "in_thread", "lognormal_latency"]


class FakeServer:
    """Answers ``/v1/chat/completions``, ``/v1/embeddings``, ``/v1/models``, ``/v1/files`` and ``/v1/batches``.

    Args:
        responder: What the model says; to a request with tools it may be ``{"content", "tool_calls"}``, as a JSON text.
        key: The key that it wants; any or none will do when empty.
        formats: Kinds of ``response_format`` that it understands; others are a 400, as are ``unknown`` parameters.
        unknown: Parameters that it refuses.
        latency: Seconds that a chat completion takes.
        fault_for: Chooses a fault by the request's number (from 0) and body; asked when ``faults`` is empty.
        keep: Whether to keep the requests' bodies.
        port: Port to listen on; 0 lets the system pick.

    Attributes:
        fault_for: See the argument.
        faults: Used up by the next chat completions and embeddings, in order.
        batches: Files and batches, and what befalls them.
        requests: Bodies of the requests so far (chat completions and embeddings).
        headers: Their headers.
        count: How many they are.
        in_flight: How many are being answered.
        most_in_flight: The most there were at once.
    """

    def __init__(
        self,
        responder: Responder = default_responder,
        *,
        key: str = "",
        formats: tuple[str, ...] = ("json_schema", "json_object"),
        unknown: tuple[str, ...] = (),
        latency: Callable[[dict[str, Any]], float] | None = None,
        fault_for: Callable[[int, dict[str, Any]], Fault | None] | None = None,
        keep: bool = True,
        port: int = 0,
    ) -> None:
        self.faults: deque[Fault] = deque()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.count = self.in_flight = self.most_in_flight = 0
        self._responder = responder
        self._key = key
        self._formats = formats
        self._unknown = unknown
        self._latency = latency
        self.fault_for = fault_for
        self._keep = keep
        self._port = port
        self.batches = FakeBatches(self._complete)
        self._runner: web.AppRunner | None = None
        self._answering: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        """Base URL, ``http://127.0.0.1:PORT/v1``.

        Raises:
            RuntimeError: It does not run, so it has none.
        """
        if self._runner is None:
            raise RuntimeError("the server does not run")
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> FakeServer:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_get("/v1/models", self._models)
        app.router.add_routes(self.batches.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        # aiohttp lets an answer go on whose asker has left, and forgets it: one that hangs would outlive the loop.
        left = [task for task in self._answering if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        refused = self._refuse_key(request)
        return refused or web.json_response({"object": "list", "data": [{"id": "fake", "object": "model"}]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._complete, self._latency)

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, embeddings, None)

    async def _answer(
        self,
        request: web.Request,
        make: Callable[[dict[str, Any]], dict[str, Any]],
        latency: Callable[[dict[str, Any]], float] | None,
    ) -> web.StreamResponse:
        refused = self._refuse_key(request)
        if refused is not None:
            return refused
        body = await request.json()
        fault = self._enter(request, body)
        answering = cast("asyncio.Task[Any]", asyncio.current_task())
        self._answering.add(answering)
        try:
            if latency is not None:
                await asyncio.sleep(latency(body))
            return await self._play(request, fault, body, make)
        finally:
            self.in_flight -= 1
            self._answering.discard(answering)

    def _enter(self, request: web.Request, body: dict[str, Any]) -> Fault | None:
        number = self.count
        self.count += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self._keep:
            self.requests.append(body)
            self.headers.append(dict(request.headers))
        if self.faults:
            return self.faults.popleft()
        return self.fault_for(number, body) if self.fault_for else None

    async def _play(
        self,
        request: web.Request,
        fault: Fault | None,
        body: dict[str, Any],
        make: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> web.StreamResponse:
        refused = self._refuse_parameters(body)
        if fault is None:
            return refused or web.json_response(make(body))
        await asyncio.sleep(3600 if fault.hang else fault.delay_s)
        if fault.drop == "before":
            return break_off(request, reset=fault.reset)
        data = fault.body
        if data is None:
            made = make(body)
            data = json.dumps(fault.edit(made) if fault.edit else made).encode()
        return await send(request, fault, data)

    def _complete(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            text = self._responder(body)
        except ValueError as error:
            raise web.HTTPBadRequest(text=json.dumps({"error": {"message": str(error)}})) from error
        prompt = sum(len(str(message.get("content")).split()) for message in body["messages"])
        completion = len(text.split())
        return {
            "id": f"fake-{self.count}",
            "object": "chat.completion",
            "model": body.get("model", "fake"),
            "choices": [{"index": 0, **said(text, calling=bool(body.get("tools")))}],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        }

    def _refuse_key(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._key or given == self._key:
            return None
        return error_response(401, f"Incorrect API key provided: {given}", "")

    def _refuse_parameters(self, body: dict[str, Any]) -> web.Response | None:
        kind = (body.get("response_format") or {}).get("type")
        if kind and kind not in self._formats:
            return error_response(400, f"response_format of type {kind!r} is not supported", "response_format")
        bad = next((name for name in self._unknown if name in body), None)
        return error_response(400, f"Unsupported parameter: {bad!r} is not supported", bad) if bad else None


@contextlib.contextmanager
def in_thread(server: FakeServer) -> Iterator[FakeServer]:
    """Run ``server`` in a thread with an event loop of its own, for callers that are not asynchronous."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        ready.wait()
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


async def _serve(server: FakeServer, *, until_stdin_closes: bool) -> None:
    """Serve until SIGINT or SIGTERM, or until the input ends."""
    async with server:
        print(server.url, flush=True)
        if until_stdin_closes:
            await asyncio.to_thread(sys.stdin.buffer.read)
            return
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
        await asked.wait()


def main(arguments: list[str] | None = None) -> int:
    """Serve until the process is asked to end, and return its exit code."""
    known = catalogue()
    parser = argparse.ArgumentParser(
        prog="python -m simulator.llm.fake_server",
        description=(__doc__ or "").split("\n")[0],
        epilog=f"Faults (docs/faults.md): {'; '.join(known)}.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick")
    parser.add_argument("--key", default="", help="the key to ask for")
    parser.add_argument("--latency", type=float, default=0.0, help="median seconds of a chat completion")
    parser.add_argument("--sigma", type=float, default=0.5, help="spread of the latency; 0 makes it constant")
    parser.add_argument("--fault", action="append", default=[], choices=list(known), metavar="NAME", help="play it")
    parser.add_argument("--every", type=int, default=10, help="to one request in so many (10)")
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end with the input, so that the server never outlives who started it",
    )
    options = parser.parse_args(arguments)
    latency = lognormal_latency(options.latency, options.sigma) if options.latency else None
    rule = _in_turn([known[name].fault for name in options.fault], max(1, options.every))
    server = FakeServer(key=options.key, latency=latency, fault_for=rule, keep=False, port=options.port)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(server, until_stdin_closes=options.until_stdin_closes))
    except OSError as error:
        print(f"port {options.port} cannot be had: {error.strerror}; name another one with --port", file=sys.stderr)
        return 1
    return 0


def _in_turn(faults: list[Fault], every: int) -> Callable[[int, dict[str, Any]], Fault | None]:
    """Return the rule that plays ``faults`` in turn, to one request in ``every``."""
    return lambda number, body: faults[number // every % len(faults)] if faults and number % every == 0 else None


if __name__ == "__main__":
    sys.exit(main())
