"""``langgraph dev`` serves the machines, and a client with nothing but JSON runs them."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conversation_cases import ANSWERED, ASKED, OPENER, PERSONA
from langgraph_sdk import get_client

from simulator.llm.fake_server import FakeServer, in_thread

ROOT = Path(__file__).parent.parent
CONFIG = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
START_S = 120

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("langgraph_api") is None, reason="needs langgraph-cli[inmem]"),
]


def respond(body: dict[str, Any]) -> str:
    """Answer as the side that is asked: only the user's prompt has a persona in it."""
    talk = [m["content"] for m in body["messages"]]
    lines = ASKED if any("<persona>" in text for text in talk) else ANSWERED
    return next(line for line in lines if line not in talk)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run ``langgraph dev`` on the project's own graphs, in a folder of its own because it writes one."""
    folder = tmp_path_factory.mktemp("studio")
    graphs = {name: str((ROOT / place).resolve()) for name, place in CONFIG["graphs"].items()}
    config = folder / "langgraph.json"
    config.write_text(json.dumps({**CONFIG, "dependencies": [str(ROOT)], "graphs": graphs}), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with in_thread(FakeServer(respond)) as model, (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "LANGSMITH_TRACING": "false",
                "LANGGRAPH_CLI_NO_ANALYTICS": "1",
                "SIXHOP_MODEL": f"{model.url}#fake",
                "PYTHONPATH": str(ROOT),
            },
        )
        try:
            address = f"http://127.0.0.1:{port}"
            if not asyncio.run(_up(address, server)):
                pytest.fail(f"langgraph dev did not start:\n{(folder / 'log').read_text(errors='replace')[-4000:]}")
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


async def _up(address: str, server: subprocess.Popen[bytes]) -> bool:
    client = get_client(url=address)
    for _ in range(START_S * 2):
        if server.poll() is not None:
            break
        try:
            await client.assistants.search()
        except Exception:  # noqa: BLE001 -- whatever the client raises while nobody listens
            await asyncio.sleep(0.5)
        else:
            return True
    return False


def run(url: str, graph: str, given: dict[str, Any], thread: str | None = None) -> dict[str, Any]:
    """Run ``graph`` and return its output."""
    result = asyncio.run(get_client(url=url).runs.wait(thread, graph, input=given))
    assert isinstance(result, dict)
    return result


def test_it_serves_every_graph_with_its_nodes(url: str) -> None:
    async def nodes() -> dict[str, set[str]]:
        client = get_client(url=url)
        found = await client.assistants.search()
        pictures = {one["graph_id"]: await client.assistants.get_graph(one["assistant_id"]) for one in found}
        return {name: {node["id"] for node in picture["nodes"]} for name, picture in pictures.items()}

    pictures = asyncio.run(nodes())
    assert set(pictures) == set(CONFIG["graphs"]) == {"production", "role", "conversation"}
    assert {"open", "user", "guard", "assistant", "partner", "settle"} <= pictures["conversation"]
    assert {"perform", "check", "repair", "settle"} <= pictures["role"]
    assert {"extract", "expand", "cast", "converse", "report"} <= pictures["production"]


def test_a_client_runs_a_conversation_of_a_persona(url: str) -> None:
    result = run(url, "conversation", {"persona": PERSONA, "opener": OPENER, "exchanges": 3})
    said = [message["content"] for message in result["messages"]]
    assert said == [OPENER, ANSWERED[0], ASKED[0], ANSWERED[1], ASKED[1], ANSWERED[2]]
    assert result["conversation"]["stop"] == "max_turns"
    assert [turn["content"] for turn in result["conversation"]["turns"]] == said


def test_chat_messages_are_answered_one_by_one_in_a_thread(url: str) -> None:
    thread = asyncio.run(get_client(url=url).threads.create())["thread_id"]
    for count, text in enumerate((OPENER, ASKED[0]), 1):
        result = run(url, "conversation", {"messages": [{"role": "user", "content": text}]}, thread)
        assert [message["type"] for message in result["messages"]] == ["human", "ai"] * count
    assert [message["content"] for message in result["messages"]] == [OPENER, ANSWERED[0], ASKED[0], ANSWERED[1]]


def test_a_client_performs_one_unit_of_a_role(url: str) -> None:
    unit = {
        "stage": "studio",
        "role": "assistant",
        "inputs": {"history": [{"role": "user", "content": OPENER}]},
        "seed": 1,
    }
    assert run(url, "role", {"unit": unit})["result"]["value"] == {"message": ANSWERED[0]}


def test_a_conversation_without_anybody_is_an_error(url: str) -> None:
    with pytest.raises(Exception, match="InputError"):
        run(url, "conversation", {"exchanges": 2})
