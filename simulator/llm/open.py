"""From a SPEC to a model that answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from simulator.errors import EndpointError, EndpointUnreachable, ReplyError
from simulator.llm.embedded import embedded_server, shape_from
from simulator.llm.endpoint import Endpoint
from simulator.llm.reading import usable
from simulator.llm.spec import EndpointSpec, key_of
from simulator.llm.structured import parse, schema_of
from simulator.llm.tiers import Tier
from simulator.models.base import Record
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.settings import DEFAULT_KEY, Proxy, Settings
from simulator.transport.client import HttpClient
from simulator.transport.limiter import Limiter
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.rates import MinuteCap
from simulator.transport.setback import Place

__all__ = ["Probe", "Traffic", "open_model", "probe", "traffic_of"]

log = logging.getLogger(__name__)

ATTEMPT_SHARE = 0.6
"""Share of the whole time that one attempt may take: a connection that hangs leaves time for a second one."""


@dataclass(frozen=True)
class Traffic:
    """What the requests to one endpoint share, whoever makes them: what may be in flight, retries, and the caps."""

    limiter: Limiter
    budget: RetryBudget
    requests: MinuteCap | None
    tokens: MinuteCap | None


def traffic_of(spec: EndpointSpec, settings: Settings) -> Traffic:
    """Return the traffic of an endpoint on which nothing is under way."""
    limiter = Limiter(_shaped(spec, settings).concurrency)
    caps = [MinuteCap(most) if most else None for most in (spec.requests_per_minute, spec.tokens_per_minute)]
    return Traffic(limiter, RetryBudget(reserve=limiter.ceiling), *caps)


def open_model(
    spec: EndpointSpec,
    settings: Settings,
    tell: Callable[[str], None] = log.warning,
    traffic: Traffic | None = None,
) -> Endpoint:
    """Return the model that ``spec`` names. Nothing is connected or started before its first use.

    Close it with ``aclose`` (or use it in ``async with``) in the event loop that used it.

    Args:
        spec: Where it is.
        settings: Keys, proxies, and the embedded server's size.
        tell: Told, in a sentence, what the server does not take and is no longer sent.
        traffic: Shared with others who ask the same endpoint; its own by default.

    Raises:
        ModelSpecError: Its key is not set, or would be sent unencrypted.
        UsageError: The proxy that the environment names for it is none.
    """
    shared = traffic or traffic_of(spec, settings)
    if spec.path is not None:
        return Endpoint(_shaped(spec, settings), lambda: _connect_embedded(spec, settings, shared), tell)
    place = Place(spec.url, spec.key_env or DEFAULT_KEY, key_of(spec, settings))
    proxy = settings.proxy_for(spec.url)

    async def connect() -> HttpClient:
        return _client(spec, place, proxy, shared)

    return Endpoint(spec, connect, tell)


@dataclass(frozen=True)
class Probe:
    """What a first question to a model showed.

    Attributes:
        reachable: Whether it answered at all.
        usable: Whether the answer was of the form that was asked for.
        tier: How it has to be asked for JSON.
        model: The name that the endpoint gives the model.
        seconds: Time to the answer, the embedded server's start not counted.
        tokens_per_s: Tokens of the answer in a second; 0 when the server does not count them.
        problem: What is wrong and what to do; empty when all is well.
    """

    reachable: bool
    usable: bool
    tier: Tier
    model: str = ""
    seconds: float = 0.0
    tokens_per_s: float = 0.0
    problem: str = ""


class _Answer(Record):
    trade: str = Field(min_length=2, max_length=40)
    tool: Literal["hammer", "needle", "plough"]


async def probe(model: Endpoint) -> Probe:
    """Ask ``model`` one small structured question.

    Raises:
        ModelSpecError: The embedded server cannot be started.
    """
    try:
        await model.ready()
        start = time.perf_counter()
        reply = await model.reply(_question())
        seconds = time.perf_counter() - start
    except EndpointError as error:
        return Probe(not isinstance(error, EndpointUnreachable), False, model.dialect.tier, problem=str(error))
    except ReplyError as error:
        return Probe(True, False, model.dialect.tier, problem=str(error))
    known = Probe(True, True, model.dialect.tier, reply.model, seconds, reply.usage.completion / seconds)
    try:
        parse(usable(reply).text, _Answer)
    except ReplyError as error:
        return replace(known, usable=False, problem=str(error))
    return known


def _question() -> ChatRequest:
    return ChatRequest(
        messages=(
            Message(role="system", content="Answer with JSON: a trade and the tool that belongs to it."),
            Message(role="user", content="Who works with cloth?"),
        ),
        reply_schema=schema_of(_Answer),
        sampling=Sampling(temperature=0.0, max_tokens=200),
        seed=1,
    )


async def _connect_embedded(spec: EndpointSpec, settings: Settings, traffic: Traffic) -> HttpClient:
    assert spec.path is not None  # noqa: S101 -- for the type checker; the caller has looked
    server = await asyncio.to_thread(embedded_server, spec.path, shape_from(settings))
    return _client(spec, Place(server.url, "", server.key), None, traffic)


def _shaped(spec: EndpointSpec, settings: Settings) -> EndpointSpec:
    """Return ``spec`` with no more requests in flight than the embedded server has slots: the rest would only wait."""
    if spec.path is None:
        return spec
    return replace(spec, concurrency=min(spec.concurrency, shape_from(settings).slots))


def _client(spec: EndpointSpec, place: Place, proxy: Proxy | None, traffic: Traffic) -> HttpClient:
    return HttpClient(
        place,
        patience=Patience(timeout_s=ATTEMPT_SHARE * spec.timeout_s, deadline_s=spec.timeout_s),
        limiter=traffic.limiter,
        budget=traffic.budget,
        cap=traffic.requests,
        tokens=traffic.tokens,
        proxy=proxy,
    )
