"""Roles that share an endpoint: what each says of its own holds for it, and the limits hold for all together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from llm_cases import ask

from simulator.assembly.compose import Crew, open_crew
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.endpoint import Endpoint
from simulator.llm.fake_server import FakeServer
from simulator.models.message import Reply
from simulator.scenario.load import parse_scenario
from simulator.settings import Settings


class NoStore:
    """Keeps nothing."""

    async def get_reply(self, key: str) -> Reply | None:
        return None

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        pass


KEYS = {"KEY_A": "sk-aaaaaaaaaaaaaaaa", "KEY_B": "sk-bbbbbbbbbbbbbbbb"}


async def crew_of(stack: AsyncExitStack, url: str, extractor: str, poser: str) -> Crew:
    text = f"""
name: a
texts: {{paths: x}}
expand: {{hops: 0}}
instructions: {{}}
models:
  roles:
    extractor: {{spec: "{url}#m", {extractor}}}
    poser: {{spec: "{url}#m", {poser}}}
"""
    scenario = parse_scenario(text, Path())
    return await open_crew(scenario, Settings.from_environ(KEYS), NoStore(), WordLlamaEmbedder(), stack)


def door(crew: Crew, role: str) -> Endpoint:
    model: Any = crew.roles[role].model
    found: Endpoint = model._model
    return found


def test_each_role_has_its_own_key_time_and_way_to_ask() -> None:
    async def go() -> None:
        async with FakeServer() as server, AsyncExitStack() as stack:
            extractor, poser = "key_env: KEY_A, timeout_s: 5", "key_env: KEY_B, timeout_s: 500, structured: none"
            crew = await crew_of(stack, server.url, extractor, poser)
            for role in ("extractor", "poser"):
                await crew.roles[role].model.reply(ask(role))
            assert [one["Authorization"] for one in server.headers] == [f"Bearer {key}" for key in KEYS.values()]
            specs = [door(crew, role).spec for role in ("extractor", "poser")]
            assert [(one.timeout_s, one.structured) for one in specs] == [(5, "auto"), (500, "none")]

    asyncio.run(go())


def test_roles_that_speak_alike_share_a_door() -> None:
    async def go() -> None:
        async with FakeServer() as server, AsyncExitStack() as stack:
            crew = await crew_of(stack, server.url, "concurrency: 3", "concurrency: 9")
            assert door(crew, "extractor") is door(crew, "poser")

    asyncio.run(go())


def test_the_limits_of_an_endpoint_hold_for_all_its_doors_together() -> None:
    async def go() -> None:
        async with FakeServer(latency=lambda _: 0.05) as server, AsyncExitStack() as stack:
            crew = await crew_of(stack, server.url, "key_env: KEY_A, concurrency: 3", "key_env: KEY_B, concurrency: 9")
            assert door(crew, "extractor") is not door(crew, "poser")
            roles = [crew.roles[role].model for role in ("extractor", "poser")]
            await asyncio.gather(*(model.reply(ask(f"{number} {id(model)}")) for number in range(8) for model in roles))
            assert server.most_in_flight == 3

    asyncio.run(go())
