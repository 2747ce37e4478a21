"""What an endpoint sends, how it learns what a server understands, and that it keeps the key to itself."""

from __future__ import annotations

import asyncio
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Literal

import pytest
from llm_cases import ask, client_of, endpoint_of
from pydantic import Field, SecretStr

from simulator.errors import CutReply, EndpointError, EndpointRefused, InvalidReply, ModelSpecError
from simulator.llm.dialect import REASONING_ROOM
from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.open import open_model, probe
from simulator.llm.reading import usable
from simulator.llm.spec import parse_spec
from simulator.llm.structured import parse, schema_of
from simulator.models.base import Record
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.settings import Settings
from simulator.transport.client import HttpClient
from simulator.transport.setback import Place


class Person(Record):
    persona: str = Field(min_length=3, max_length=200)
    mood: Literal["calm", "cross"] = "calm"


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


@pytest.mark.parametrize(
    ("formats", "tier", "calls"),
    [
        (("json_schema", "json_object"), "json_schema", 2),
        (("json_object",), "json_object", 3),
        ((), "none", 4),
    ],
)
def test_a_server_without_structured_output_is_asked_in_words_and_that_is_remembered(
    formats: tuple[str, ...], tier: str, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "simulator")

    async def go() -> FakeServer:
        async with FakeServer(formats=formats) as server, endpoint_of(server) as model:
            for _ in range(2):
                assert parse((await model.reply(ask("Who?", schema_of(Person)))).text, Person).persona
            assert model.dialect.tier == tier
            return server

    server = asyncio.run(go())
    assert server.count == calls
    last = server.requests[-1]
    assert last.get("response_format", {"type": "none"})["type"] == tier
    told = last["messages"][0]
    assert (told["role"] == "system" and '"persona"' in told["content"]) == (tier != "json_schema")
    assert ("using none" in caplog.text) == (tier == "none")


def test_the_schema_in_words_follows_the_system_message_so_that_prefixes_stay_shared() -> None:
    request = ChatRequest(
        messages=(Message(role="system", content="Rules."), Message(role="user", content="Who?")),
        reply_schema=schema_of(Person),
    )

    async def go() -> list[dict[str, Any]]:
        async with FakeServer() as server, endpoint_of(server, structured="json_object") as model:
            await model.reply(request)
            messages: list[dict[str, Any]] = server.requests[0]["messages"]
            return messages

    system, user = asyncio.run(go())
    assert system["content"].startswith("Rules.\n\n")
    assert user == {"role": "user", "content": "Who?"}


def test_a_named_tier_is_kept_and_its_refusal_is_an_error() -> None:
    async def go() -> None:
        async with FakeServer(formats=()) as server, endpoint_of(server, structured="json_schema") as model:
            await model.reply(ask("Who?", schema_of(Person)))

    with pytest.raises(EndpointRefused, match="response_format"):
        asyncio.run(go())


def test_a_refusal_of_something_else_does_not_lower_the_tier() -> None:
    async def go() -> None:
        async with FakeServer() as server, endpoint_of(server) as model:
            server.faults.append(Fault.error(400, "the context is too long"))
            with pytest.raises(EndpointRefused, match="too long"):
                await model.reply(ask("Who?", schema_of(Person)))
            assert model.dialect.tier == "json_schema"
            assert server.count == 1

    asyncio.run(go())


def test_many_first_requests_at_once_lower_the_tier_together() -> None:
    async def go() -> None:
        async with FakeServer(formats=("json_object",)) as server, endpoint_of(server) as model:
            async with asyncio.TaskGroup() as group:
                for index in range(12):
                    group.create_task(model.reply(ask(f"Who is {index}?", schema_of(Person))))
            assert model.dialect.tier == "json_object"
            assert 13 <= server.count <= 24

    asyncio.run(go())


def test_parameters_that_a_model_refuses_are_dropped_and_the_reply_still_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def go() -> None:
        async with FakeServer(unknown=("temperature", "seed")) as server, endpoint_of(server) as model:
            request = ask("x", temperature=0.5).model_copy(update={"seed": 4})
            assert (await model.reply(request)).text
            assert (await model.reply(request)).text
            assert model.dialect.dropped == {"temperature", "seed"}
            assert server.count == 4
            assert set(server.requests[-1]) == {"model", "messages"}

    asyncio.run(go())
    assert "'temperature'" in caplog.text


def test_a_server_that_wants_the_other_name_of_the_limit_gets_it() -> None:
    async def go() -> None:
        async with FakeServer(unknown=("max_tokens",)) as server, endpoint_of(server) as model:
            assert (await model.reply(ask("x", max_tokens=7))).text
            assert server.requests[-1]["max_completion_tokens"] == 7
        async with (
            FakeServer(unknown=("max_tokens", "max_completion_tokens")) as server,
            endpoint_of(server) as model,
        ):
            with pytest.raises(EndpointRefused):
                await model.reply(ask("x", max_tokens=7))
            assert server.count == 2

    asyncio.run(go())


@pytest.mark.parametrize(("known", "wanted"), [("max_tokens", ""), ("max_completion_tokens", "openai")])
def test_many_first_requests_at_once_exchange_the_name_of_the_limit_together(known: str, wanted: str) -> None:
    other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[known]

    async def go() -> None:
        together = FakeServer(unknown=(known,), latency=lambda _: 0.05)
        async with together as server, endpoint_of(server, kind=wanted) as model:
            replies = await asyncio.gather(*(model.reply(ask(f"{number}", max_tokens=7)) for number in range(8)))
            assert all(reply.text for reply in replies)
            assert [body.get(other) for body in server.requests[-8:]] == [7] * 8

    asyncio.run(go())


def reasons(before: int) -> Callable[[int, dict[str, Any]], Fault]:
    """Return the rule of a server whose model reasons for ``before`` tokens, and is cut where the limit is lower."""

    def rule(_: int, body: dict[str, Any]) -> Fault:
        limit = body.get("max_completion_tokens") or body["max_tokens"]

        def edit(made: dict[str, Any]) -> dict[str, Any]:
            choice, spent = made["choices"][0], min(before, limit)
            if spent == limit:
                choice |= {"finish_reason": "length", "message": {"role": "assistant", "content": ""}}
            details = {"reasoning_tokens": spent}
            return made | {"usage": {**made["usage"], "completion_tokens": spent, "completion_tokens_details": details}}

        return Fault(edit=edit)

    return rule


def limits_of(server: FakeServer) -> list[int]:
    return [body.get("max_completion_tokens") or body["max_tokens"] for body in server.requests]


@pytest.mark.parametrize("model", ["gpt-5-mini", "openai/gpt-5", "o3", "o4-mini", "o1-preview"])
def test_a_model_that_is_known_to_reason_has_room_for_it(model: str) -> None:
    async def go() -> None:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(FakeServer(fault_for=reasons(900)))
            opened = await stack.enter_async_context(open_model(parse_spec(f"{server.url}#{model}"), Settings()))
            assert usable(await opened.reply(ask("x", max_tokens=300))).text
            assert "max_tokens" not in await opened.payload(ask("x"))  # no limit stays none
            assert limits_of(server) == [300 + REASONING_ROOM]

    asyncio.run(go())


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "o10", "llama3.2", "phi-o3x"])
def test_that_a_model_reasons_is_learnt_from_a_reply_that_was_cut(model: str) -> None:
    told: list[str] = []

    async def go() -> None:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(FakeServer(fault_for=reasons(900)))
            opened = open_model(parse_spec(f"{server.url}#{model}"), Settings(), told.append)
            await stack.enter_async_context(opened)
            with pytest.raises(CutReply):
                usable(await opened.reply(ask("x", max_tokens=300)))
            assert usable(await opened.reply(ask("y", max_tokens=300))).text
            assert limits_of(server) == [300, 300 + REASONING_ROOM]

    asyncio.run(go())
    assert [text.partition(" before")[0] for text in told] == [f"{model}: the model reasons"]


def test_a_model_that_is_cut_without_reasoning_gets_no_more_room() -> None:
    async def go() -> None:
        cut = FakeServer(fault_for=lambda *_: Fault(edit=cut_short))
        async with cut as server, endpoint_of(server) as model:
            for number in range(2):
                await model.reply(ask(f"{number}", max_tokens=300))
            assert limits_of(server) == [300, 300]

    def cut_short(made: dict[str, Any]) -> dict[str, Any]:
        made["choices"][0]["finish_reason"] = "length"
        made["usage"]["completion_tokens_details"] = {"reasoning_tokens": 0}
        return made

    asyncio.run(go())


def test_a_context_that_is_too_small_gets_less_room_and_in_the_end_none() -> None:
    def small(context: int) -> Callable[[int, dict[str, Any]], Fault | None]:
        said = f"This model's maximum context length is {context} tokens. However, you requested more"
        return lambda _, body: Fault.error(400, said) if body["max_tokens"] > context else None

    async def go(context: int, concurrent: int) -> list[int]:
        narrow = FakeServer(fault_for=small(context), latency=lambda _: 0.02)
        async with narrow as server, endpoint_of(server) as model:
            model.dialect.learn_reasoning()
            asked = (model.reply(ask(f"{number}", max_tokens=300)) for number in range(concurrent))
            await asyncio.gather(*asked)
            return limits_of(server)

    assert asyncio.run(go(4096, 1)) == [8492, 4246, 2123]
    assert asyncio.run(go(310, 1))[-1] == 300
    assert set(asyncio.run(go(4096, 8))) == {8492, 4246, 2123}
    with pytest.raises(EndpointRefused, match="maximum context length is 200"):
        asyncio.run(go(200, 1))


def test_what_is_no_longer_sent_is_told_once() -> None:
    told: list[str] = []

    async def go() -> None:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(FakeServer(unknown=("seed",), latency=lambda _: 0.05))
            opened = open_model(parse_spec(f"{server.url}#fake"), Settings(), told.append)
            model = await stack.enter_async_context(opened)
            await asyncio.gather(*(model.reply(ask("x").model_copy(update={"seed": 4})) for _ in range(4)))

    asyncio.run(go())
    assert [text.partition(" (")[0] for text in told] == ["fake: the endpoint does not take 'seed'"]


@pytest.mark.parametrize(
    "said", ["Unsupported parameter: 'tools' is not supported", '"auto" tool choice is not supported by this server']
)
def test_an_assistant_is_not_asked_without_its_tools(said: str) -> None:
    tool = {"type": "function", "function": {"name": "t", "description": "d", "parameters": {"type": "object"}}}
    request = ChatRequest(thread=({"role": "user", "content": "hi"},), tools=(tool,))

    async def go() -> None:
        refusing = FakeServer(fault_for=lambda *_: Fault.error(400, said))
        async with refusing as server, endpoint_of(server) as model:
            with pytest.raises(EndpointRefused, match="offers tools, which this endpoint does not take"):
                await model.reply(request)
            assert [body["tools"] for body in server.requests] == [[tool]]

    asyncio.run(go())


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
