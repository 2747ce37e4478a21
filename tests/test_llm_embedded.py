"""The embedded language model, for real."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Literal

import pytest
from llm_cases import ask
from pydantic import Field

from simulator.errors import EndpointRefused, ModelSpecError
from simulator.llm.embedded import Shape, default_threads, embedded_server, shape_from
from simulator.llm.open import open_model, probe
from simulator.llm.reading import usable
from simulator.llm.spec import parse_spec
from simulator.llm.structured import parse, schema_of
from simulator.models.base import Record
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.settings import Settings


class Person(Record):
    persona: str = Field(min_length=5, max_length=120)
    mood: Literal["calm", "cross"]


SETTINGS = Settings()


@pytest.mark.model
def test_it_answers_in_the_form_that_was_asked_for() -> None:
    async def go() -> None:
        async with open_model(parse_spec("local"), SETTINGS) as model:
            seen = await probe(model)
            assert (seen.reachable, seen.usable, seen.tier) == (True, True, "json_schema"), seen.problem
            assert seen.model == "SmolLM2-135M-Instruct.Q4_1"
            request = ask("Who reads about apple trees?", schema_of(Person), max_tokens=120, temperature=0.5)
            reply = usable(await model.reply(request.model_copy(update={"seed": 3})))
            assert parse(reply.text, Person).mood in ("calm", "cross")
            assert reply.usage.prompt > 0
            assert reply.usage.completion > 0

    asyncio.run(go())


@pytest.mark.model
def test_first_uses_at_the_same_time_start_one_server() -> None:
    async def go() -> None:
        models = [open_model(parse_spec("local"), SETTINGS) for _ in range(3)]
        clients = await asyncio.gather(*[model.ready() for model in models for _ in range(2)])
        assert len({client.place.url for client in clients}) == 1
        assert {client.limiter.ceiling for client in clients} == {Shape.slots}
        for model in models:
            await model.aclose()

    asyncio.run(go())


@pytest.mark.model
def test_a_seed_repeats_a_reply_and_sampling_parameters_arrive() -> None:
    async def go() -> None:
        async with open_model(parse_spec("local"), SETTINGS) as model:
            texts = []
            for seed in (5, 5, 6, 7, 8):
                request = ask("Tell me about rain.", max_tokens=12, temperature=1.2, extra={"dry_multiplier": 0.8})
                texts.append((await model.reply(request.model_copy(update={"seed": seed}))).text)
            assert texts[0] == texts[1]
            assert len(set(texts)) > 1
            cut = await model.reply(ask("Tell me about rain.", max_tokens=3))
            assert cut.finish == "length"

    asyncio.run(go())


@pytest.mark.model
def test_what_requests_share_is_not_computed_again() -> None:
    rules = "You are a careful clerk who answers in few words. " * 20

    async def go() -> tuple[int, int]:
        async with open_model(parse_spec("local"), SETTINGS) as model:
            replies = [
                await model.reply(
                    ChatRequest(
                        messages=(Message(role="system", content=rules), Message(role="user", content=text)),
                        sampling=Sampling(max_tokens=4),
                    )
                )
                for text in ("First?", "Second?")
            ]
        return replies[1].usage.cached, replies[1].usage.prompt

    cached, prompt = asyncio.run(go())
    assert cached / prompt > 0.9


@pytest.mark.model
def test_an_input_beyond_the_context_is_a_refusal_that_names_it() -> None:
    async def go() -> None:
        async with open_model(parse_spec("local"), SETTINGS) as model:
            await model.reply(ask("word " * 6000, max_tokens=4))

    with pytest.raises(EndpointRefused, match="context"):
        asyncio.run(go())


@pytest.mark.model
def test_strangers_without_the_key_are_turned_away_and_prompts_are_not_shown() -> None:
    path = parse_spec("local").path
    assert path is not None
    server = embedded_server(path, shape_from(SETTINGS))
    assert server.url.startswith("http://127.0.0.1:")
    assert server.key.get_secret_value() not in repr(server)
    for route in ("/models", "/chat/completions"):
        request = urllib.request.Request(server.url + route, headers={"Authorization": "Bearer guess"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=60)
    headers = {"Authorization": f"Bearer {server.key.get_secret_value()}"}
    slots = urllib.request.Request(server.url.removesuffix("/v1") + "/slots", headers=headers)
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(slots, timeout=60)


@pytest.mark.model
def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    whole = parse_spec("local").path
    assert whole is not None
    path.write_bytes(whole.read_bytes()[:5_000_000])

    async def go() -> None:
        async with open_model(parse_spec(f"gguf:{path}"), SETTINGS) as model:
            await model.reply(ask("x"))

    with pytest.raises(ModelSpecError, match=r"cannot load .*cut\.gguf"):
        asyncio.run(go())


CHILD = """
import asyncio, signal, sys
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.settings import Settings
from simulator.models.message import ChatRequest, Message, Sampling

async def main(how):
    async with open_model(parse_spec("local"), Settings()) as model:
        if how != "unused":
            client = await model.ready()
            sys.stdout.write(client.place.url + "\\n")
            sys.stdout.flush()
        if how in ("error", "wait"):
            story = ChatRequest(
                messages=(Message(role="user", content="Tell a long story."),),
                sampling=Sampling(max_tokens=3000, extra={"ignore_eos": True}),
            )
            calls = [asyncio.create_task(model.reply(story)) for _ in range(3)]
            await asyncio.sleep(1)
            if how == "error":
                raise SystemExit(3)
            await asyncio.gather(*calls)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
asyncio.run(main(sys.argv[1]))
"""


def child(how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def refuses(url: str) -> bool:
    try:
        urllib.request.urlopen(url.removesuffix("/v1") + "/health", timeout=60).close()
    except urllib.error.URLError:
        return True
    return False


@pytest.mark.model
@pytest.mark.parametrize(("how", "code"), [("unused", 0), ("started", 0), ("error", 3)])
def test_it_ends_with_its_process_quietly_and_without_waiting_for_calls_in_flight(how: str, code: int) -> None:
    process = child(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err == ""
    assert len(out.splitlines()) == (how != "unused")
    assert not out or refuses(out.strip())


@pytest.mark.model
def test_an_interrupt_ends_it_with_calls_in_flight() -> None:
    process = child("wait")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert refuses(url)


@pytest.mark.model
def test_a_kill_leaves_nothing_behind() -> None:
    process = child("wait")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    process.kill()
    process.communicate(timeout=60)
    assert refuses(url)


def test_one_core_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.llm import embedded

    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))
    for text, cores in (("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("", 8), ("150000 100000", 2)):
        file = tmp_path / "cpu.max"
        file.write_text(text)
        quota = embedded._cpu_quota(file)
        monkeypatch.setattr(embedded, "_cpu_quota", lambda quota=quota: quota)
        assert default_threads() == max(1, cores - 1)
        monkeypatch.undo()
        monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))


def test_the_environment_decides_over_the_defaults() -> None:
    shape = shape_from(Settings.from_environ({"SIXHOP_THREADS": "5", "SIXHOP_SLOTS": "2", "SIXHOP_CONTEXT": "8192"}))
    assert shape == Shape(threads=5, slots=2, context=8192)
    assert shape_from(Settings()) == Shape(threads=default_threads())


def test_without_xllamacpp_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(ModelSpecError, match="'xllamacpp'"):
        embedded_server(path, Shape(threads=1))
