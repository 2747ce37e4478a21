"""Personas as people to talk with: through OpenAI's own client, and in the terminal."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import openai
import pytest
from cli_cases import build_run
from conversation_cases import Bag
from story import responder

from simulator.assembly import open_run
from simulator.assembly.loopback import served
from simulator.assembly.persona_server import make_app
from simulator.assembly.voices import open_voices
from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.llm.scripted import Answer, ScriptedModel
from simulator.models.message import ChatRequest
from simulator.models.persona import Persona
from simulator.scenario.schema import Scenario
from simulator.scenario.sources import Texts
from simulator.settings import Settings

PILOT = Persona(
    id="p-1", text="a harbour pilot who guides freighters past a sandbar", hop=0, origin="import", source="x"
)
SAID = "I was out before dawn, and the sandbar has moved again. Do you know the harbour?"
SCENARIO = Scenario(name="voices", texts=Texts(paths=("x",)))


def talk(
    use: Callable[[openai.AsyncOpenAI, ScriptedModel], Awaitable[Any]],
    script: Callable[[ChatRequest], Answer] | list[Answer] = lambda request: SAID,
    key: str = "right",
) -> Any:
    async def run() -> Any:
        model = ScriptedModel(script)
        async with AsyncExitStack() as stack:
            voices = await open_voices(SCENARIO, Settings(), stack, model=model, embedder=Bag())
            url = await stack.enter_async_context(served(make_app({"p-1": PILOT}, voices, "right")))
            client = await stack.enter_async_context(
                openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
            )
            return await use(client, model)

    return asyncio.run(run())


def test_a_persona_is_a_model_of_an_openai_client() -> None:
    async def use(client: openai.AsyncOpenAI, model: ScriptedModel) -> None:
        assert [one.id async for one in client.models.list()] == ["p-1"]
        assert (await client.models.retrieve("p-1")).owned_by == "sixhop"
        messages: Any = [
            {"role": "system", "content": "You are late for the tide."},
            {"role": "user", "content": "Good morning!"},
            {"role": "assistant", "content": "Morning. Mind the ropes."},
            {"role": "user", "content": [{"type": "text", "text": "How was your night?"}]},
        ]
        answer = await client.chat.completions.create(model="p-1", messages=messages)
        assert answer.choices[0].message.content == SAID
        assert answer.choices[0].finish_reason == "stop"
        asked = model.requests[-1].messages
        assert any("sandbar" in one.content for one in asked if one.role == "user")
        assert any("late for the tide" in one.content for one in asked)
        assert [one.content for one in asked][-2:] == ["Morning. Mind the ropes.", "How was your night?"]
        assert [one.role for one in asked][-2:] == ["assistant", "user"]

    talk(use)


def test_an_answer_streams() -> None:
    async def use(client: openai.AsyncOpenAI, _model: ScriptedModel) -> None:
        messages: Any = [{"role": "user", "content": "Hello?"}]
        stream = await client.chat.completions.create(
            model="p-1", messages=messages, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        assert "".join(pieces) == SAID
        assert len(pieces) > 10
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None

    talk(use)


def test_the_key_the_model_and_the_body_are_checked() -> None:
    async def wrong_key(client: openai.AsyncOpenAI, _model: ScriptedModel) -> None:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()

    async def wrong_rest(client: openai.AsyncOpenAI, _model: ScriptedModel) -> None:
        messages: Any = [{"role": "user", "content": "Hello?"}]
        with pytest.raises(openai.NotFoundError, match="no persona"):
            await client.chat.completions.create(model="p-9", messages=messages)
        with pytest.raises(openai.BadRequestError, match="messages"):
            await client.chat.completions.create(model="p-1", messages=[])
        with pytest.raises(openai.BadRequestError, match="n:"):
            await client.chat.completions.create(model="p-1", messages=messages, n=2)
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model="p-1", input="x")

    talk(wrong_key, key="wrong")
    talk(wrong_rest)


def test_somebody_who_waits_gets_the_last_draft_rather_than_none() -> None:
    async def use(client: openai.AsyncOpenAI, _model: ScriptedModel) -> None:
        messages: Any = [{"role": "user", "content": "Hello?"}]
        answer = await client.chat.completions.create(model="p-1", messages=messages)
        assert answer.choices[0].message.content == "As an AI language model, I am happy to help"

    talk(use, lambda request: "As an AI language model, I am happy to help")


def test_a_model_that_says_nothing_is_a_server_error() -> None:
    async def use(client: openai.AsyncOpenAI, _model: ScriptedModel) -> None:
        with pytest.raises(openai.InternalServerError, match="said nothing"):
            messages: Any = [{"role": "user", "content": "Hello?"}]
            await client.chat.completions.create(model="p-1", messages=messages)

    talk(use, lambda request: " ")


def test_chat_in_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = build_run(tmp_path / "run")
    with in_thread(FakeServer(responder)) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#fake")
        monkeypatch.setattr(sys, "stdin", io.StringIO("Good morning!\n\nWhat worries you?\n/bye\nnot sent\n"))
        assert main(["chat", str(root), "harbour pilot"]) == 0
        shown = capsys.readouterr()
        assert shown.out.count("│") >= 2
        assert "not sent" not in str(server.requests)
        assert main(["chat", str(root), "nobody of that sort"]) == 2


def test_serve_says_where_it_is_and_ends_with_a_signal(tmp_path: Path) -> None:
    root = build_run(tmp_path / "run")
    with open_run(root) as run:
        id_ = run.personas[0].id
    with in_thread(FakeServer(responder)) as fake:
        command = [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())"]
        with subprocess.Popen(
            [*command, "serve", str(root), "--model", f"{fake.url}#fake"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PYTHONUNBUFFERED": "1", "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin"},
        ) as process:
            assert process.stdout is not None
            killer = threading.Timer(60, process.kill)  # a test must end
            killer.start()
            lines = [process.stdout.readline() for _ in range(4)]
            url = re.search(r"http\S+", "".join(lines)).group()  # type: ignore[union-attr]
            key = re.search(r"sk-\S+", "".join(lines)).group()  # type: ignore[union-attr]
            assert url.startswith("http://127.0.0.1:")
            client = openai.OpenAI(base_url=url, api_key=key)
            messages: Any = [{"role": "user", "content": "Hello?"}]
            answer = client.chat.completions.create(model=id_, messages=messages)
            assert str(answer.choices[0].message.content).endswith("?")
            client.close()
            process.send_signal(2)
            assert process.wait() == 0
            killer.cancel()
