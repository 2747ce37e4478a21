"""The same scenario through real HTTP: the fake server, and llama.cpp's server in a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import story

from simulator.assembly import simulate, simulate_sync
from simulator.assembly.compose import open_crew
from simulator.errors import EndpointRefused, EndpointUnreachable, ModelSpecError
from simulator.llm.fake_server import FakeServer
from simulator.llm.scripted import ScriptedModel
from simulator.runs.pool import spare
from simulator.scenario.load import parse_scenario
from simulator.settings import Settings

ROOT = Path(__file__).parent.parent


def at(url: str, **more: object):
    return story.scenario(models={"default": {"spec": f"{url}#fake", **more}}, concurrency=16)


def test_the_story_over_http(tmp_path: Path) -> None:
    async def main() -> int:
        async with FakeServer(story.responder, key="secret") as server:
            settings = Settings.from_environ({"OPENAI_API_KEY": "secret"})
            with await simulate(at(server.url), tmp_path, settings=settings) as run:
                assert len(run.personas) > 30
                assert len(run.conversations) >= 4
                assert run.tools
                assert run.npcs
                assert run.ledger.path.exists()
            return server.count

    assert asyncio.run(main()) > 60


def test_more_units_are_at_work_than_calls_may_be_in_flight(tmp_path: Path) -> None:
    """So a slot is filled again at once; the limit is the endpoint's, and a model that was given has none but the pool."""

    async def crew(models: dict | None = None):
        async with AsyncExitStack() as stack:
            settings = Settings.from_environ({})
            scenario = at("http://127.0.0.1:9/v1").model_copy(update={"npcs": None})
            return await open_crew(scenario, settings, None, None, stack, models=models)

    async def most() -> int:
        async with FakeServer(story.responder, latency=lambda _body: 0.02) as server:
            await simulate(at(server.url), tmp_path, settings=Settings.from_environ({}))
            return server.most_in_flight

    widths = asyncio.run(crew()).widths
    assert widths["pose"] == widths["converse"] == spare(16) == 20
    assert asyncio.run(crew({"*": ScriptedModel([])})).widths == {}
    assert asyncio.run(most()) == 16


def test_a_server_without_json_schema_is_asked_in_another_way(tmp_path: Path) -> None:
    async def main() -> None:
        def plain(body):
            text = body["messages"][0]["content"] + body["messages"][-1]["content"]
            fields = {field for field in ("relation", "instruction", "persona") if f'"{field}"' in text}
            schema = {"properties": {field: {} for field in fields}}
            return story.responder({**body, "response_format": {"json_schema": {"schema": schema}}})

        async with FakeServer(plain, formats=()) as server:
            scenario = at(server.url).model_copy(update={"npcs": None, "tools": None, "conversations": None})
            with await simulate(scenario, tmp_path, settings=Settings.from_environ({})) as run:
                assert len(run.personas) > 16
                assert run.instructions

    asyncio.run(main())


def test_a_wrong_key_is_said_at_once(tmp_path: Path) -> None:
    async def main() -> int:
        async with FakeServer(story.responder, key="secret") as server:
            settings = Settings.from_environ({"OPENAI_API_KEY": "wrong-canary"})
            with pytest.raises(EndpointRefused, match="OPENAI_API_KEY") as caught:
                await simulate(at(server.url), tmp_path, settings=settings)
            assert "wrong-canary" not in str(caught.value)
            return server.count

    asyncio.run(main())


def test_a_dead_endpoint_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    with pytest.raises(EndpointUnreachable, match=r"127\.0\.0\.1:9"):
        simulate_sync(at("http://127.0.0.1:9/v1", timeout_s=3), tmp_path, settings=Settings.from_environ({}))


def test_a_missing_key_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    scenario = story.scenario(models={"default": "openai:gpt-5-mini"})
    with pytest.raises(ModelSpecError, match="OPENAI_API_KEY"):
        simulate_sync(scenario, tmp_path, settings=Settings.from_environ({}))


@pytest.fixture
def llama() -> Iterator[str]:
    """Start llama.cpp's server in another process; give its URL."""
    code = (
        "import sys; from pathlib import Path; from simulator.llm.spec import parse_spec;"
        "from simulator.llm.embedded import embedded_server, Shape;"
        "s = embedded_server(parse_spec('local').path, Shape(threads=1));"
        "print(s.url, s.key.get_secret_value(), flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    yield child.stdout.readline().strip()
    child.stdin.close()
    child.wait(30)


@pytest.mark.model
@pytest.mark.slow
def test_a_llama_cpp_server_of_its_own(llama: str, tmp_path: Path) -> None:
    url, key = llama.split()
    text = "name: apart\ntexts: {paths: scenarios/texts/beekeeping-log.txt}\nexpand: {hops: 1}\ncast: {size: 1}\n"
    text += f"instructions: {{}}\nmodels: {{default: {{spec: '{url}#smol', prompts: small, key_env: LLAMA_KEY}}}}\n"
    scenario = parse_scenario(text, base=ROOT)
    with simulate_sync(scenario, tmp_path, settings=Settings.from_environ({"LLAMA_KEY": key})) as run:
        assert run.personas
        assert any(row["model"] for row in run.manifest["usage"])
        assert key not in run.ledger.path.read_bytes().decode("latin-1")
