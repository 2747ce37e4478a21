"""The fake server is a public tool: it has to be a server, and the same one every time."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import jsonschema
import pytest
from llm_cases import HandClock, ask, client_of, endpoint_of

from simulator.llm.fake_server import FakeServer, Fault, default_responder, in_thread, lognormal_latency

SCHEMA = {
    "type": "object",
    "properties": {"persona": {"type": "string", "maxLength": 60}, "relation": {"type": "string"}},
    "required": ["persona", "relation"],
    "additionalProperties": False,
}


COMMAND = [sys.executable, "-m", "simulator.llm.fake_server"]


def body(text: str = "hi", schema: dict[str, Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"model": "fake", "messages": [{"role": "user", "content": text}]}
    if schema:
        made["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return made


def post(url: str, path: str, data: dict[str, Any], key: str = "k") -> dict[str, Any]:
    request = urllib.request.Request(
        url + path, json.dumps(data).encode(), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def test_the_default_answer_depends_on_the_request_alone() -> None:
    assert default_responder(body("a")) == default_responder(body("a"))
    answers = {default_responder(body(str(number))) for number in range(200)}
    assert len(answers) == 200
    values = [json.loads(default_responder(body(str(number), SCHEMA))) for number in range(50)]
    for value in values:
        jsonschema.validate(value, SCHEMA)
    assert len({value["persona"] for value in values}) == 50


def test_latency_depends_on_the_request_alone_and_has_the_median() -> None:
    latency = lognormal_latency(1.0, 0.5)
    waits = sorted(latency(body(str(number))) for number in range(401))
    assert waits == sorted(latency(body(str(number))) for number in range(401))
    assert 0.85 < waits[200] < 1.15
    assert waits[0] < 0.5 < 2 < waits[-1]
    assert lognormal_latency(0.2, 0)(body()) == 0.2


def test_it_serves_callers_that_are_not_asynchronous() -> None:
    with in_thread(FakeServer(key="k")) as server:
        answer = post(server.url, "/chat/completions", body())
        assert answer["choices"][0]["finish_reason"] == "stop"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            post(server.url, "/chat/completions", body(), key="wrong")
        vectors = post(server.url, "/embeddings", {"input": ["a", "b", "a"], "model": "e"})["data"]
        assert vectors[0]["embedding"] == vectors[2]["embedding"] != vectors[1]["embedding"]
        assert server.count == 2
    with pytest.raises(RuntimeError):
        _ = server.url


def test_it_ends_answers_whose_askers_have_left(caplog: pytest.LogCaptureFixture) -> None:
    with in_thread(FakeServer()) as server:
        server.faults.append(Fault(hang=True))
        request = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(json.dumps(body()))}\r\n\r\n"
        host = urllib.parse.urlsplit(server.url)
        with socket.create_connection((str(host.hostname), int(host.port or 0))) as asker:
            asker.sendall(f"{request}{json.dumps(body())}".encode())
            while not server.in_flight:
                time.sleep(0.01)
        answer = post(server.url, "/chat/completions", body())
        assert answer["choices"], "the connection that was closed is heard of before the next one is served"
    assert server.in_flight == 0
    del server
    gc.collect()
    assert not [record.getMessage() for record in caplog.records if record.name == "asyncio"]


def test_it_runs_as_a_process_of_its_own_and_ends_with_its_input() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--key", "k", "--fault", "400", "--every", "2", "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    url = process.stdout.readline().strip()
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(url, "/chat/completions", body("q", SCHEMA))
    answer = post(url, "/chat/completions", body("q", SCHEMA))
    assert json.loads(answer["choices"][0]["message"]["content"]) == json.loads(default_responder(body("q", SCHEMA)))
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


def test_it_serves_until_it_is_asked_to_end_and_names_a_port_that_is_taken() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert post(url, "/chat/completions", body())["choices"]
        port = url.split(":")[2].split("/")[0]
        second = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert second.stderr.startswith(f"port {port} cannot be had: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_faults_are_used_up_in_order_and_then_chosen_by_rule() -> None:
    async def go() -> None:
        every_third = lambda number, sent: Fault.error(500) if number % 3 == 0 else None  # noqa: E731
        async with FakeServer(fault_for=every_third) as server:
            server.faults.append(Fault.text("first"))
            client = client_of(server, HandClock())
            async with endpoint_of(server, client) as model:
                assert (await model.reply(ask("a"))).text == "first"
                for _ in range(6):
                    await model.reply(ask("b"))
            assert server.count == 9
            assert client.retries == 2
            assert server.headers[0]["Content-Type"] == "application/json"

    asyncio.run(go())


def test_a_schema_that_is_not_covered_is_refused_as_a_server_would() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)y"}}}
    with in_thread(FakeServer()) as server, pytest.raises(urllib.error.HTTPError, match="400"):
        post(server.url, "/chat/completions", body("q", schema))
