"""What an endpoint sends, to whom, and that it keeps the key to itself."""

from __future__ import annotations

import asyncio
import logging
import traceback
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from llm_cases import Person, ask, client_of, endpoint_of
from pydantic import SecretStr

from simulator.errors import EndpointError, EndpointRefused, InvalidReply, ModelSpecError
from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.open import open_model, probe
from simulator.llm.spec import parse_spec
from simulator.llm.structured import parse, schema_of
from simulator.models.message import ChatRequest, Message, ReplySchema, Sampling
from simulator.settings import Settings
from simulator.transport.client import HttpClient
from simulator.transport.setback import Place


def test_a_request_carries_all_that_its_reply_depends_on_and_nothing_else() -> None:
    request = ChatRequest(
        messages=(
            Message(role="system", content="Rules."),
            Message(role="user", content="Q?"),
            Message(role="assistant", content="A."),
            Message(role="user", content="{x} ${y}"),
        ),
        reply_schema=schema_of(Person),
        sampling=Sampling(temperature=0.8, top_p=0.9, max_tokens=60, stop=("END",), extra={"dry_multiplier": 0.8}),
        seed=42,
    )

    async def go() -> dict[str, Any]:
        async with FakeServer() as server, endpoint_of(server, extra={"dry_multiplier": 0.1, "min_p": 0.05}) as model:
            await model.reply(request)
            return server.requests[0]

    body = asyncio.run(go())
    assert body.pop("messages") == [{"role": m.role, "content": m.content} for m in request.messages]
    assert body.pop("response_format")["json_schema"] == {
        "name": "Person",
        "schema": schema_of(Person).body,
        "strict": True,
    }
    assert body == {
        "model": "fake",
        "temperature": 0.8,
        "top_p": 0.9,
        "max_tokens": 60,
        "stop": ["END"],
        "seed": 42,
        "dry_multiplier": 0.8,
        "min_p": 0.05,
    }


def test_what_is_not_set_is_left_to_the_server() -> None:
    async def go() -> dict[str, Any]:
        async with FakeServer() as server, endpoint_of(server) as model:
            await model.reply(ask("hello"))
            return server.requests[0]

    assert asyncio.run(go()) == {"model": "fake", "messages": [{"role": "user", "content": "hello"}]}


def test_openai_gets_the_new_name_of_the_limit_and_a_schema_in_its_strict_dialect() -> None:
    async def go() -> dict[str, Any]:
        async with FakeServer() as server, endpoint_of(server, kind="openai") as model:
            await model.reply(ask("x", schema_of(Person), max_tokens=9))
            return server.requests[0]

    body = asyncio.run(go())
    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    persona = body["response_format"]["json_schema"]["schema"]["properties"]["persona"]
    assert persona == {"type": "string", "description": "at least 3 characters; at most 200 characters"}


def test_structured_output_goes_all_the_way_to_a_value() -> None:
    async def go() -> Person:
        async with FakeServer() as server, endpoint_of(server) as model:
            reply = await model.reply(ask("Who?", schema_of(Person)))
            return parse(reply.text, Person)

    assert asyncio.run(go()).mood in ("calm", "cross")


def test_the_same_endpoint_serves_one_event_loop_after_another() -> None:
    server = FakeServer()

    async def go(model: Any) -> str:
        text: str = (await model.reply(ask("x"))).text
        return text

    async def make() -> Any:
        return endpoint_of(server)

    from simulator.llm.fake_server import in_thread

    with in_thread(server):
        model = asyncio.run(make())
        assert asyncio.run(go(model)) == asyncio.run(go(model))
        asyncio.run(model.aclose())


def test_cancelling_a_call_gives_its_slot_back() -> None:
    async def go() -> None:
        begun = asyncio.Event()

        def latency(body: dict[str, Any]) -> float:
            begun.set()
            return 30.0 if "slow" in str(body) else 0.0

        async with FakeServer(latency=latency) as server, endpoint_of(server, client_of(server, ceiling=1)) as model:
            slow = asyncio.create_task(model.reply(ask("slow")))
            await begun.wait()
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow
            assert (await model.reply(ask("quick"))).text

    asyncio.run(go())


CANARY = "sk-canary-5150"


def test_the_key_is_sent_and_shows_up_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Servers quote the key back (the fake one does); neither errors nor logs nor reprs may pass it on."""
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    async def go() -> None:
        async with FakeServer(key="another") as server:
            client = HttpClient(Place(server.url, "MY_KEY", SecretStr(CANARY)))
            async with endpoint_of(server, client) as model:
                try:
                    await model.reply(ask("x"))
                except EndpointRefused as error:
                    seen.extend([str(error), repr(error), "".join(traceback.format_exception(error))])
                seen.extend([repr(model), repr(client), repr(vars(client)), repr(model.chat), repr(vars(model))])
        async with FakeServer(key=CANARY) as server:
            client = HttpClient(Place(server.url, "MY_KEY", SecretStr(CANARY)))
            async with endpoint_of(server, client) as model:
                assert (await model.reply(ask("x"))).text

    asyncio.run(go())
    assert "provided: ***" in seen[0]
    assert "'MY_KEY'" in seen[0]
    assert CANARY not in "".join(seen) + caplog.text


PROXY_USER = f"Proxy-Authorization: Basic {b64encode(b'alice:s3cretpassw0rd').decode()}"


async def ask_through_proxy(spec: str, answer: str, user: str = "alice:s3cretpassw0rd@") -> tuple[Exception, str]:
    """Return how a question ended that goes through a proxy, and the head of what the proxy got."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://{user}127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    environ = {"HTTPS_PROXY": url, "HTTP_PROXY": url}
    if spec.startswith("openai:"):
        environ["OPENAI_API_KEY"] = "sk-0123456789abcdefghij"
    async with proxy, open_model(parse_spec(spec), Settings.from_environ(environ)) as model:
        client = await model.ready()
        client.patience = replace(client.patience, attempts=1)
        with pytest.raises(EndpointError) as caught:
            await model.reply(ask())
    return caught.value, heads[0].decode()


@pytest.mark.parametrize("answer", ["407 Proxy Authentication Required", "200 OK"])
def test_a_proxy_is_told_who_asks_and_nobody_else(answer: str) -> None:
    error, head = asyncio.run(ask_through_proxy("openai:gpt-x", answer))
    assert head.startswith("CONNECT api.openai.com:443")
    assert PROXY_USER in head
    assert "sk-0123456789" not in head
    told = "".join(traceback.format_exception(error))
    assert "s3cretpassw0rd" not in told
    assert "alice" not in told
    if answer.startswith("407"):
        assert "the proxy before https://api.openai.com answered 407" in str(error)


def test_a_proxy_with_a_tunnel_never_sees_the_key() -> None:
    _, head = asyncio.run(ask_through_proxy("openai:gpt-x", "502 Bad Gateway", user=""))
    assert head.startswith("CONNECT api.openai.com:443")
    assert "Authorization" not in head
    assert "sk-0123456789" not in head


def test_a_proxy_without_a_tunnel_is_told_who_asks() -> None:
    error, head = asyncio.run(ask_through_proxy("http://models.example/v1#m", "407 Proxy Authentication Required"))
    assert head.startswith("POST http://models.example/v1/chat/completions")
    assert PROXY_USER in head
    assert "s3cretpassw0rd" not in "".join(traceback.format_exception(error))


def test_opening_looks_the_key_up_by_its_name_and_says_when_it_is_missing() -> None:
    settings = Settings.from_environ({"ROUTER_KEY": CANARY})
    assert open_model(parse_spec("https://router.example/v1#m", key_env="ROUTER_KEY"), settings).name
    with pytest.raises(ModelSpecError, match="'OPENAI_API_KEY', which is not set"):
        open_model(parse_spec("openai:gpt-x"), settings)
    with pytest.raises(ModelSpecError, match="'OTHER_KEY'"):
        open_model(parse_spec("https://router.example/v1#m", key_env="OTHER_KEY"), settings)


def test_the_probe_tells_what_an_endpoint_can_do() -> None:
    async def go(server: FakeServer, key: str = "") -> Any:
        async with server:
            spec = parse_spec(f"{server.url}#fake", timeout_s=5)
            async with open_model(spec, Settings.from_environ({"OPENAI_API_KEY": key})) as model:
                return await probe(model)

    good = asyncio.run(go(FakeServer()))
    assert (good.reachable, good.usable, good.tier, good.model, good.problem) == (True, True, "json_schema", "fake", "")
    assert good.tokens_per_s > 0
    wordy = asyncio.run(go(FakeServer(lambda body: "I like hammers.", formats=())))
    assert (wordy.reachable, wordy.usable, wordy.tier) == (True, False, "none")
    assert "no JSON object" in wordy.problem
    locked = asyncio.run(go(FakeServer(key="right"), "wrong"))
    assert (locked.reachable, locked.usable) == (True, False)
    assert "'OPENAI_API_KEY'" in locked.problem


def test_each_request_is_sent_with_its_own_parameters() -> None:
    """What requests have in common is made once, and only that."""
    asked = [
        ask("x", temperature=0.5, extra={"min_p": 0.1}),
        ask("x", temperature=0.5, extra={"min_p": 0.2}),
        ask("x", ReplySchema(name="said", body={"type": "object"}), temperature=0.5, extra={"min_p": 0.1}),
        ask(
            "x", ReplySchema(name="said", body={"type": "object", "title": "T"}), temperature=0.5, extra={"min_p": 0.1}
        ),
        ask("x", temperature=0.5, extra={"min_p": 0.1}).model_copy(update={"seed": 7}),
        ask("x", temperature=0.5, extra={"min_p": 0.1}),
    ]

    async def go() -> list[dict[str, Any]]:
        async with FakeServer() as server, endpoint_of(server) as model:
            for request in asked:
                await model.reply(request)
            return server.requests

    sent = asyncio.run(go())
    assert [one["min_p"] for one in sent] == [0.1, 0.2, 0.1, 0.1, 0.1, 0.1]
    schemas = [one.get("response_format", {}).get("json_schema", {}).get("schema") for one in sent]
    assert schemas == [None, None, {"type": "object"}, {"type": "object", "title": "T"}, None, None]
    assert [one.get("seed") for one in sent] == [None, None, None, None, 7, None]
    assert len({request.key("m") for request in asked}) == len(asked) - 1


def test_parameters_that_json_cannot_hold_are_named() -> None:
    async def go() -> None:
        async with FakeServer() as server, endpoint_of(server) as model:
            await model.reply(ask("x", extra={"odd": {1, 2}}))

    with pytest.raises(ModelSpecError, match="extra parameters"):
        asyncio.run(go())


def test_surrogates_on_the_way_out_are_replaced() -> None:
    async def go() -> Any:
        async with FakeServer() as server, endpoint_of(server) as model:
            await model.reply(ask("a \ud800 b"))
            return server.requests[0]["messages"][0]["content"]

    assert asyncio.run(go()) == "a \ufffd b"


def test_langchain_can_use_the_same_model() -> None:
    async def go() -> None:
        async with FakeServer(lambda body: "from afar") as server, endpoint_of(server) as model:
            assert (await model.chat.ainvoke("hi")).text == "from afar"
            assert "".join([part.text async for part in model.chat.astream("hi")]) == "from afar"
            server.faults.append(Fault(body=b"[]"))
            server.faults.append(Fault(body=b"[]"))
            server.faults.append(Fault(body=b"[]"))
            with pytest.raises(InvalidReply):
                await model.chat.ainvoke("hi")

    asyncio.run(go())
