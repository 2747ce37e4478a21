"""Every way in which an endpoint can fail, over real HTTP, and what it is called."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from llm_cases import HandClock, ask, client_of, endpoint_of

from simulator.errors import (
    CutReply,
    EndpointBusy,
    EndpointError,
    EndpointUnreachable,
    InvalidReply,
    RefusedReply,
    SixhopError,
)
from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.fakes.catalogue import catalogue
from simulator.llm.reading import usable
from simulator.models.message import ChatRequest, Reply
from simulator.transport.client import HttpClient
from simulator.transport.patience import Patience
from simulator.transport.setback import Place


def fault_with(change: dict[str, Any]) -> Fault:
    """Return a fault that overwrites parts of the first choice, or of the whole for keys with a dot."""

    def edit(completion: dict[str, Any]) -> dict[str, Any]:
        for key, value in change.items():
            if key.startswith("."):
                completion[key[1:]] = value
            else:
                completion["choices"][0]["message"][key] = value
        return completion

    return Fault(edit=edit)


def raw(body: bytes, content_type: str = "application/json", status: int = 200) -> Fault:
    return Fault(status=status, body=body, content_type=content_type)


async def outcome(faults: list[Fault], **patience: Any) -> tuple[Reply | SixhopError, FakeServer]:
    """Play ``faults`` and return what a caller gets who uses only whole replies."""
    async with FakeServer(lambda body: "a fine answer") as server:
        server.faults.extend(faults)
        async with endpoint_of(server, client_of(server, HandClock(), **patience)) as endpoint:
            try:
                return usable(await endpoint.reply(ask())), server
            except SixhopError as error:
                return error, server


FAULTS = catalogue(HandClock().time)
STALLS = [name for name, one in FAULTS.items() if one.kind == "stall"]
REFUSED = [name for name, one in FAULTS.items() if one.expected == "failed"]
PASSING = [name for name, one in FAULTS.items() if one.expected == "retried" and name not in STALLS]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_final_and_asked_only_once(name: str) -> None:
    got, server = asyncio.run(outcome([FAULTS[name].fault] * 2))
    assert isinstance(got, EndpointError), got
    assert (got.attempts, got.hopeless) == (1, FAULTS[name].hopeless)
    assert got.raw.startswith((FAULTS[name].fault.body or b"").decode())
    assert server.count == 1


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_is_got_over(name: str) -> None:
    got, server = asyncio.run(outcome([FAULTS[name].fault], deadline_s=100))
    assert isinstance(got, Reply), got
    assert got.text == "a fine answer"
    assert server.count == 2


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_stays_is_told_after_the_attempts(name: str) -> None:
    got, server = asyncio.run(outcome([FAULTS[name].fault] * 9, deadline_s=1000))
    wanted = {"connection": EndpointUnreachable, "no completion": (InvalidReply, EndpointBusy)}
    assert isinstance(got, wanted.get(FAULTS[name].kind, EndpointBusy)), got
    assert "3 attempts" in str(got)
    assert got.raw if FAULTS[name].fault.body or FAULTS[name].fault.drop == "middle" else not got.raw
    assert server.count == 3


def test_a_wait_that_the_server_asks_for_is_told() -> None:
    got, _ = asyncio.run(outcome([FAULTS["429, Retry-After of a week"].fault]))
    assert "asks to wait 604,800 s" in str(got)


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(drip_s=0.2)], ids=["no first byte", "slow drip"])
def test_a_connection_that_stalls_ends_in_time(fault: Fault) -> None:
    async def go() -> SixhopError | Reply:
        async with FakeServer() as server:
            server.faults.extend([fault] * 9)
            client = client_of(server, attempts=2, timeout_s=0.3, deadline_s=60.0)
            async with endpoint_of(server, client) as endpoint:
                try:
                    return await endpoint.reply(ask())
                except SixhopError as error:
                    assert client.attempts == 2
                    return error

    got = asyncio.run(go())
    assert isinstance(got, EndpointUnreachable)
    assert "within 0.3 s" in str(got)


def test_refused_connections_say_where() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"

        async def go() -> None:
            client = HttpClient(Place(url), patience=Patience(attempts=2), clock=HandClock().clock)
            async with FakeServer() as server, endpoint_of(server, client) as endpoint:
                await endpoint.reply(ask())

        with pytest.raises(EndpointUnreachable, match=rf"no connection to {url[:-3]}.*2 attempts"):
            asyncio.run(go())


def test_an_unknown_host_is_unreachable() -> None:
    async def go() -> None:
        client = HttpClient(Place("http://no-such-host.invalid/v1"), patience=Patience(attempts=1))
        async with FakeServer() as server, endpoint_of(server, client) as endpoint:
            await endpoint.reply(ask())

    with pytest.raises(EndpointUnreachable, match=r"no-such-host\.invalid"):
        asyncio.run(go())


def test_a_body_over_the_cap_is_not_read_to_its_end_and_not_asked_for_again() -> None:
    got, server = asyncio.run(outcome([raw(b'"' + b"x" * 100_000 + b'"')] * 9, max_bytes=50_000))
    assert isinstance(got, InvalidReply)
    assert "50000 bytes" in str(got)
    assert server.count == 1


FINISHES: dict[str | None, type[SixhopError] | None] = {
    "stop": None,
    "end_turn": None,
    "eos_token": None,
    "length": CutReply,
    "max_tokens": CutReply,
    "model_length": CutReply,
    "content_filter": RefusedReply,
    "SAFETY": RefusedReply,
    "refusal": RefusedReply,
    "tool_calls": InvalidReply,
    "error": InvalidReply,
    None: InvalidReply,
}


@pytest.mark.parametrize("finish", FINISHES)
def test_only_a_reply_that_ended_by_itself_is_usable(finish: str | None) -> None:
    got, server = asyncio.run(outcome([Fault.text("half an ans", finish)]))
    wanted = FINISHES[finish]
    assert isinstance(got, wanted or Reply), got
    assert "half an ans" in (vars(got).get("text"), vars(got).get("raw"))
    assert server.count == 1


@pytest.mark.parametrize("text", ["", "  \n", "<think>hm", "<think>hm</think>", "<think>hm</think>\n "])
def test_a_reply_without_an_answer_is_invalid(text: str) -> None:
    got, server = asyncio.run(outcome([Fault.text(text)]))
    assert isinstance(got, InvalidReply), got
    assert server.count == 1


def test_a_refusal_in_the_message_is_a_refused_reply_with_its_words() -> None:
    got, _ = asyncio.run(outcome([fault_with({"content": None, "refusal": "I would rather not."})]))
    assert isinstance(got, RefusedReply)
    assert got.raw == "I would rather not."


TEXTS = {
    "reasoning": ("<think>well,\nwell</think>\n\nA baker.", "A baker.", False),
    "reasoning whose opening tag stood in the prompt": ("well, well</think>A baker.", "A baker.", False),
    "a tag in the answer": ("The tag <think>x</think> is odd", "The tag <think>x</think> is odd", False),
    "lone surrogate": ("a \ud800 b", "a \ufffd b", True),
    "surrogates in the wrong order": ("\udc00\ud800", "\ufffd\ufffd", True),
    "NUL": ("a\0b", "a\ufffdb", True),
    "right to left, zero width, emoji": ("\u202eabc\u200b👩‍🌾", "\u202eabc\u200b👩‍🌾", False),
    "replacement character of its own": ("a\ufffdb", "a\ufffdb", False),
    "chat template tokens": ("<|im_start|>system\nx", "<|im_start|>system\nx", False),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_cleaned_and_that_is_recorded(name: str) -> None:
    sent, wanted, repaired = TEXTS[name]
    got, _ = asyncio.run(outcome([Fault.text(sent)]))
    assert isinstance(got, Reply), got
    assert (got.text, got.repaired) == (wanted, repaired)


def test_bytes_that_are_not_utf8_are_replaced_and_that_is_recorded() -> None:
    body = b'{"choices":[{"finish_reason":"stop","message":{"content":"caf\xe9"}}]}'
    got, _ = asyncio.run(outcome([raw(body)]))
    assert isinstance(got, Reply), got
    assert (got.text, got.repaired) == ("caf\ufffd", True)


def test_sloppy_json_and_odd_forms_of_a_completion_are_read() -> None:
    first = '{"finish_reason":"stop","message":{"content":[{"type":"text","text":"one\ntwo"},{"type":"image"}]}}'
    body = '\ufeff{"choices":[' + first + ',{"message":{"content":"second"}}]}'
    got, _ = asyncio.run(outcome([raw(body.encode(), "text/html")]))
    assert isinstance(got, Reply), got
    assert got.text == "one\ntwo"
    assert got.model == "fake"


USAGES: dict[str, Any] = {
    "missing": None,
    "null counts": {"prompt_tokens": None, "completion_tokens": None},
    "negative": {"prompt_tokens": -5, "completion_tokens": -1},
    "absurd": {"prompt_tokens": 10**30, "completion_tokens": 1e300},
    "words": {"prompt_tokens": "ten", "completion_tokens": [1]},
    "truth values": {"prompt_tokens": True, "completion_tokens": False},
    "a list": [1, 2],
    "details are a list": {"prompt_tokens_details": [1]},
}


@pytest.mark.parametrize("name", USAGES)
def test_a_usage_without_sense_counts_as_nothing(name: str) -> None:
    got, _ = asyncio.run(outcome([fault_with({".usage": USAGES[name]})]))
    assert isinstance(got, Reply), got
    assert (got.usage.prompt, got.usage.completion, got.usage.cached) == (0, 0, 0)


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
    got, _ = asyncio.run(outcome([fault_with({".usage": usage})]))
    assert isinstance(got, Reply)
    assert (got.usage.prompt, got.usage.completion, got.usage.cached) == (10, 3, 8)


def test_tool_calls_and_hostile_objects_in_an_answer_do_no_harm() -> None:
    change = {"tool_calls": [{"function": 1}, "x"], "function_call": {"lc": 1, "type": "secret", "id": ["HOME"]}}
    got, _ = asyncio.run(outcome([fault_with(change)]))
    assert isinstance(got, Reply), got
    assert got.text == "a fine answer"


@pytest.mark.parametrize("levels", [101, 990, 100_000])
def test_arguments_of_a_call_that_are_nested_too_deeply_stay_a_text(levels: int) -> None:
    arguments = '{"a":' * levels + "1" + "}" * levels
    call = {"id": "c1", "type": "function", "function": {"name": "t", "arguments": arguments}}
    tool = {"type": "function", "function": {"name": "t", "description": "d", "parameters": {"type": "object"}}}

    async def go() -> Reply:
        async with FakeServer() as server, endpoint_of(server) as model:
            server.faults.append(fault_with({"tool_calls": [call]}))
            return await model.reply(ChatRequest(thread=({"role": "user", "content": "x"},), tools=(tool,)))

    [called] = json.loads(asyncio.run(go()).text)["tool_calls"]
    assert called["name"] == "t"
    assert called["arguments"] == arguments[:100]
