"""CPU of one model call, next to bare aiohttp and to LangChain's usual way, against the fake server.

    python benchmarks/calls.py [--calls 2000] [--width 64]

The server runs in a process of its own and answers after 200 ms; CPU is this process's.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson

from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.settings import Settings

SYSTEM = "You describe people in one sentence. " * 20


def request_of(number: int) -> ChatRequest:
    """Return a request like a role's."""
    messages = (Message(role="system", content=SYSTEM), Message(role="user", content=f"Text {number}"))
    return ChatRequest(messages=messages, sampling=Sampling(temperature=0.8, max_tokens=60), seed=number)


async def measure(call: Callable[[int], Awaitable[Any]], calls: int, width: int) -> tuple[float, float]:
    """Return milliseconds of CPU a call, and calls a second."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await call(number)

    cpu, wall = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(work())
    return (time.process_time() - cpu) / calls * 1000, calls / (time.perf_counter() - wall)


async def compare(url: str, calls: int, width: int) -> None:
    """Print one line for each way."""
    async with (
        open_model(parse_spec(f"{url}#fake", concurrency=width), Settings()) as model,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        await model.ready()

        async def bare(number: int) -> None:
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"Text {number}"}]
            body = orjson.dumps({"model": "fake", "messages": messages, "seed": number})
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/chat/completions", data=body, headers=headers) as response:
                orjson.loads(await response.read())

        async def langchain(number: int) -> None:
            await model.chat.ainvoke([("system", SYSTEM), ("user", f"Text {number}")], temperature=0.8, seed=number)

        ways: dict[str, Callable[[int], Awaitable[Any]]] = {
            "bare aiohttp": bare,
            "Endpoint.reply": lambda number: model.reply(request_of(number)),
            "the same through ainvoke": langchain,
        }
        for name, call in ways.items():
            await measure(call, width, width)
            cpu, rate = await measure(call, calls, width)
            print(f"{name:26} {cpu:6.2f} ms CPU a call {rate:8.0f} calls/s")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--width", type=int, default=64)
    options = parser.parse_args()
    command = [
        sys.executable,
        "-m",
        "simulator.llm.fake_server",
        "--latency",
        "0.2",
        "--sigma",
        "0",
        "--until-stdin-closes",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        asyncio.run(compare(server.stdout.readline().strip(), options.calls, options.width))


if __name__ == "__main__":
    main()
