"""Every way in which an endpoint can fail, over real HTTP, and what it is called."""

from __future__ import annotations

import asyncio
import json
import socket
from email.utils import formatdate
from typing import Any

import pytest
from llm_cases import HandClock, ask, client_of, endpoint_of

from simulator.errors import (
    CutReply,
    EndpointBusy,
    EndpointRefused,
    EndpointUnreachable,
    InvalidReply,
    RefusedReply,
    SixhopError,
)
from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.reading import usable
from simulator.models.message import Reply
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


def error_of(status: int, message: str = "no", **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, **more}}).encode()


REFUSALS = {
    "400": raw(error_of(400, "bad temperature"), status=400),
    "401": raw(error_of(401, "bad key"), status=401),
    "402": Fault.error(402),
    "403": Fault.error(403),
    "404": Fault.error(404),
    "405": Fault.error(405),
    "413": Fault.error(413),
    "414": Fault.error(414),
    "422 of FastAPI": raw(b'{"detail":[{"loc":["body"],"msg":"too long"}]}', status=422),
    "429 without credit": raw(error_of(429, "pay", code="insufficient_quota"), status=429),
    "301": Fault(status=301, headers={"Location": "https://elsewhere.example/v1"}, body=b""),
    "307": Fault(status=307, headers={"Location": "https://elsewhere.example/v1"}, body=b""),
    "501": Fault.error(501),
    "200 with an error 400 in it": raw(error_of(400, "bad", code=400)),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_final_and_asked_only_once(name: str) -> None:
    got, server = asyncio.run(outcome([REFUSALS[name]]))
    assert isinstance(got, EndpointRefused), got
    assert server.count == 1


TRANSIENT = {
    "408": Fault.error(408),
    "409": Fault.error(409),
    "425": Fault.error(425),
    "429": Fault.error(429),
    "429, seconds": Fault.error(429, headers={"Retry-After": "2"}),
    "429, fraction": Fault.error(429, headers={"Retry-After": "0.5"}),
    "429, milliseconds": Fault.error(429, headers={"retry-after-ms": "1500"}),
    "429, date": Fault.error(429, headers={"Retry-After": formatdate(1010, usegmt=True)}),
    "429, past date": Fault.error(429, headers={"Retry-After": formatdate(10, usegmt=True)}),
    "429, nonsense": Fault.error(429, headers={"Retry-After": "soon"}),
    "429, negative": Fault.error(429, headers={"Retry-After": "-3"}),
    "429, an hour": Fault.error(429, headers={"Retry-After": "3600"}),
    "500": Fault.error(500),
    "502 with HTML": raw(b"<html>Bad gateway</html>", "text/html", 502),
    "503": Fault.error(503, headers={"Retry-After": "1"}),
    "504 empty": raw(b"", "text/plain", 504),
    "529": Fault.error(529),
    "200 with HTML": raw(b"<!DOCTYPE html><p>Welcome", "text/html"),
    "200 with nothing": raw(b""),
    "200 with words": raw(b"OK", "text/plain"),
    "200 with an error body": raw(error_of(500, "overloaded")),
    "200 with an error 429 in it": raw(error_of(429, "slow down", code=429)),
    "200 with an error string": raw(b'{"error": "model crashed"}'),
    "truncated JSON": raw(b'{"choices": [{"message": {"content": "a'),
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_passing_fault_is_got_over(name: str) -> None:
    got, server = asyncio.run(outcome([TRANSIENT[name]], deadline_s=100))
    assert isinstance(got, Reply), got
    assert got.text == "a fine answer"
    assert server.count == 2


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_fault_that_stays_is_busy_after_the_attempts(name: str) -> None:
    got, server = asyncio.run(outcome([TRANSIENT[name]] * 9, deadline_s=1000))
    assert isinstance(got, EndpointBusy), got
    assert "3 attempts" in str(got)
    assert server.count == 3


SHAPES = {
    "a list": raw(b"[1]"),
    "a number": raw(b"7"),
    "null": raw(b"null"),
    "no choices": raw(b'{"id": "x"}'),
    "null choices": raw(b'{"choices": null}'),
    "choices is an object": raw(b'{"choices": {"message": {"content": "a"}}}'),
    "empty choices": raw(b'{"choices": []}'),
    "choice without message": raw(b'{"choices": [{"text": "a"}]}'),
    "choice is null": raw(b'{"choices": [null]}'),
    "message is text": raw(b'{"choices": [{"message": "a"}]}'),
    "content is a number": raw(b'{"choices": [{"message": {"content": 5}}]}'),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_no_completion_is_an_invalid_reply_with_the_raw_text(name: str) -> None:
    got, server = asyncio.run(outcome([SHAPES[name]] * 9))
    assert isinstance(got, InvalidReply), got
    assert got.raw == SHAPES[name].body.decode()  # type: ignore[union-attr]
    assert server.count == 3


CONNECTION = {
    "closed before": Fault(drop="before"),
    "reset before": Fault(drop="before", reset=True),
    "closed in the middle": Fault(drop="middle"),
    "reset in the middle": Fault(drop="middle", reset=True),
}


@pytest.mark.parametrize("name", CONNECTION)
def test_a_broken_connection_is_got_over_or_unreachable(name: str) -> None:
    got, _ = asyncio.run(outcome([CONNECTION[name]]))
    assert isinstance(got, Reply), got
    got, server = asyncio.run(outcome([CONNECTION[name]] * 9))
    assert isinstance(got, EndpointUnreachable), got
    assert server.count == 3


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(drip_s=0.2)], ids=["no first byte", "slow drip"])
def test_a_connection_that_stalls_ends_in_time(fault: Fault) -> None:
    async def go() -> SixhopError | Reply:
        async with FakeServer() as server:
            server.faults.extend([fault] * 9)
            client = client_of(server, attempts=2, timeout_s=0.3, deadline_s=2.0)
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
