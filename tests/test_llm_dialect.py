"""How an endpoint learns what a server understands: structured output, parameters, limits of tokens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from llm_cases import Person, ask, endpoint_of

from simulator.errors import CutReply, EndpointRefused
from simulator.llm.dialect import REASONING_ROOM
from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.open import open_model
from simulator.llm.reading import usable
from simulator.llm.spec import parse_spec
from simulator.llm.structured import parse, schema_of
from simulator.models.message import ChatRequest, Message
from simulator.settings import Settings


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
