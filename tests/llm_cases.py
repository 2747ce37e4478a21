"""Shared by the tests of model access: a clock that does not wait, and short ways to requests and endpoints."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Literal

from pydantic import Field

from simulator.llm.endpoint import Endpoint
from simulator.llm.fake_server import FakeServer
from simulator.llm.spec import parse_spec
from simulator.models.base import Record
from simulator.models.message import ChatRequest, Message, ReplySchema, Sampling
from simulator.transport.client import HttpClient
from simulator.transport.clock import Clock
from simulator.transport.limiter import Limiter
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.setback import Place


class Person(Record):
    """What a model is asked for where it does not matter what."""

    persona: str = Field(min_length=3, max_length=200)
    mood: Literal["calm", "cross"] = "calm"


class HandClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.naps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, wall=lambda: self.time, sleep=self.sleep)


def ask(text: str = "Who?", schema: ReplySchema | None = None, **sampling: Any) -> ChatRequest:
    """Return a request with one user message."""
    return ChatRequest(
        messages=(Message(role="user", content=text),), reply_schema=schema, sampling=Sampling(**sampling)
    )


def client_of(
    server: FakeServer, hand: HandClock | None = None, *, ceiling: int = 16, reserve: int = 32, **patience: Any
) -> HttpClient:
    """Return a client that waits little, or by ``hand`` not at all."""
    return HttpClient(
        Place(server.url, "THE_KEY", None),
        patience=Patience(**{"attempts": 3, "base_s": 0.01, "timeout_s": 5.0, "deadline_s": 60.0, **patience}),
        limiter=Limiter(ceiling, hand.clock if hand else None),
        budget=RetryBudget(reserve=reserve),
        clock=hand.clock if hand else None,
        rng=random.Random(7),
    )


def endpoint_of(server: FakeServer, client: HttpClient | None = None, kind: str = "", **spec: Any) -> Endpoint:
    """Return an endpoint at ``server``; ``kind="openai"`` makes it speak as to OpenAI."""
    from dataclasses import replace

    parsed = parse_spec(f"{server.url}#fake", **spec)
    if kind:
        parsed = replace(parsed, kind=kind)  # type: ignore[arg-type]
    made = client or client_of(server)

    async def connect() -> HttpClient:
        return made

    return Endpoint(parsed, connect)
