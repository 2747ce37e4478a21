"""A reply is paid for once, whatever it is and however many ask for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_cases import ask

from simulator.errors import CutReply, EndpointBusy, InvalidReply, ReplyError
from simulator.llm.cached import CachedModel, Flights
from simulator.llm.meter import Meter
from simulator.llm.scripted import ScriptedModel
from simulator.models.base import content_hash
from simulator.models.message import ChatRequest, Message, Reply, ReplySchema, Sampling, Usage


class DictStore:
    """A ``ReplyStore`` in memory that checks that nothing is stored twice."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.where: dict[str, tuple[str, str]] = {}

    async def get_reply(self, key: str) -> Reply | None:
        await asyncio.sleep(0)
        return self.replies.get(key)

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        await asyncio.sleep(0)
        assert key not in self.replies
        self.replies[key] = reply
        self.where[key] = (role, stage)


def cached(model: ScriptedModel, store: DictStore | None = None, **more: Any) -> CachedModel:
    return CachedModel(model, store or DictStore(), role="poser", stage="pose", **more)


def test_a_stored_reply_is_not_asked_for_again() -> None:
    model, store = ScriptedModel(["one"]), DictStore()

    async def go() -> None:
        first = cached(model, store)
        assert (await first.reply(ask("a"))).text == "one"
        second = cached(model, store)
        assert (await second.reply(ask("a"))).text == "one"
        assert (second.meter.total.made, second.meter.total.reused) == (0, 1)

    asyncio.run(go())
    assert store.where == {ask("a").key("scripted"): ("poser", "pose")}


def test_another_model_attempt_or_seed_is_another_call() -> None:
    model = ScriptedModel(lambda request: "x")

    async def go() -> None:
        one = cached(model)
        request = ask("a")
        for changed in (request, request.model_copy(update={"seed": 1}), request.model_copy(update={"attempt": 1})):
            await one.reply(changed)
            await one.reply(changed)

    asyncio.run(go())
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(text="half", finish="length", model="m"), CutReply),
        (Reply(text="", finish="stop", model="m"), InvalidReply),
    ],
)
def test_a_useless_reply_is_stored_and_fails_alike_when_it_is_reused(reply: Reply, error: type[ReplyError]) -> None:
    model, store = ScriptedModel([reply]), DictStore()

    async def go() -> list[str]:
        messages = []
        for _ in range(2):
            with pytest.raises(error) as caught:
                await cached(model, store).reply(ask("a"))
            messages.append(str(caught.value) + caught.value.raw)
        return messages

    first, second = asyncio.run(go())
    assert first == second
    assert list(store.replies.values()) == [reply]


def test_an_error_of_the_endpoint_is_not_stored() -> None:
    model = ScriptedModel([EndpointBusy("later"), "now"])

    async def go() -> None:
        one = cached(model)
        with pytest.raises(EndpointBusy):
            await one.reply(ask("a"))
        assert (await one.reply(ask("a"))).text == "now"
        total = one.meter.total
        assert (total.made, total.failed, total.reused, total.in_flight) == (1, 1, 0, 0)

    asyncio.run(go())


def test_the_same_call_at_the_same_time_is_made_once_even_by_two_roles() -> None:
    model, store, meter = ScriptedModel(lambda request: "x", latency=lambda request: 0.01), DictStore(), Meter()
    flights: Flights = {}

    async def go() -> None:
        one = CachedModel(model, store, role="a", stage="s", meter=meter, flights=flights)
        two = CachedModel(model, store, role="b", stage="s", meter=meter, flights=flights)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.reply(ask("q"))) for each in (one, two) for _ in range(5)]
        assert {task.result().text for task in tasks} == {"x"}

    asyncio.run(go())
    assert len(model.requests) == 1
    assert (meter.total.made, meter.total.reused) == (1, 9)
    assert meter.rows["s", "b", "scripted"].reused == 5
    assert flights == {}


def test_those_who_wait_share_the_error() -> None:
    model = ScriptedModel(lambda request: EndpointBusy("later"), latency=lambda request: 0.01)

    async def go() -> list[Any]:
        one = cached(model)
        tasks = [asyncio.create_task(one.reply(ask("q"))) for _ in range(4)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(result) for result in asyncio.run(go())] == [EndpointBusy] * 4
    assert len(model.requests) == 1


def slow_model() -> tuple[asyncio.Event, ScriptedModel]:
    """Return a model that takes a moment, and the event of its being asked."""
    begun = asyncio.Event()

    def latency(request: ChatRequest) -> float:
        begun.set()
        return 0.02

    return begun, ScriptedModel(lambda request: "x", latency=latency)


def test_when_the_one_who_asks_is_cancelled_another_takes_over() -> None:
    begun, model = slow_model()

    async def go() -> None:
        one = cached(model)
        tasks = [asyncio.create_task(one.reply(ask("q"))) for _ in range(3)]
        await begun.wait()
        tasks[0].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert [result.text for result in results[1:]] == ["x", "x"]  # type: ignore[union-attr]
        assert one.meter.total.in_flight == 0

    asyncio.run(go())
    assert len(model.requests) == 2


def test_who_waits_gets_the_reply_when_the_one_who_asked_is_cancelled_while_it_is_stored() -> None:
    storing, model = asyncio.Event(), ScriptedModel(lambda request: "x")

    class SlowStore(DictStore):
        async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
            storing.set()
            await asyncio.sleep(5)

    async def go() -> None:
        one = cached(model, SlowStore())
        tasks = [asyncio.create_task(one.reply(ask("q"))) for _ in range(3)]
        await storing.wait()
        tasks[0].cancel()
        assert [reply.text for reply in await asyncio.gather(*tasks[1:])] == ["x", "x"]

    asyncio.run(go())
    assert len(model.requests) == 1


def test_cancelling_one_who_waits_disturbs_nobody() -> None:
    begun, model = slow_model()

    async def go() -> None:
        one = cached(model)
        tasks = [asyncio.create_task(one.reply(ask("q"))) for _ in range(3)]
        await begun.wait()
        tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [Reply, asyncio.CancelledError, Reply]

    asyncio.run(go())
    assert len(model.requests) == 1


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 10))
def test_calls_made_are_the_distinct_questions_and_the_meter_adds_up(questions: list[int], width: int) -> None:
    model, store, meter = ScriptedModel(lambda request: "yes, " + request.messages[0].content), DictStore(), Meter()

    async def go() -> None:
        one = cached(model, store, meter=meter)
        todo = iter(questions)

        async def work() -> None:
            for question in todo:
                await one.reply(ask(str(question)))

        async with asyncio.TaskGroup() as group:
            for _ in range(width + 1):
                group.create_task(work())

    asyncio.run(go())
    distinct = len(set(questions))
    assert len(model.requests) == len(store.replies) == distinct
    assert (meter.total.made, meter.total.reused) == (distinct, len(questions) - distinct)
    assert meter.total.usage == sum((reply.usage for reply in store.replies.values()), Usage())


def test_the_scripted_model_plays_its_script_and_says_when_it_ends() -> None:
    model = ScriptedModel(["a", Reply(text="b", finish="length", model="m"), EndpointBusy("c")])

    async def go() -> None:
        assert (await model.reply(ask("1"))).text == "a"
        assert (await model.reply(ask("2"))).finish == "length"
        with pytest.raises(EndpointBusy):
            await model.reply(ask("3"))
        with pytest.raises(InvalidReply, match="3 answers"):
            await model.reply(ask("4"))

    asyncio.run(go())
    assert [request.messages[0].content for request in model.requests] == ["1", "2", "3", "4"]


def test_the_scripted_model_counts_what_is_in_flight() -> None:
    def latency(request: ChatRequest) -> float:
        return 0.01

    model = ScriptedModel(lambda request: "x", latency=latency)

    async def go() -> None:
        async with asyncio.TaskGroup() as group:
            for index in range(6):
                group.create_task(model.reply(ask(str(index))))

    asyncio.run(go())
    assert (model.in_flight, model.most_in_flight) == (0, 6)


_TEXTS = st.text(st.characters(codec=None), max_size=12)


@given(
    st.lists(st.tuples(st.sampled_from(("system", "user", "assistant")), _TEXTS), max_size=4),
    st.none() | st.floats(0, 2),
    st.none() | st.integers(0, 2**31),
    st.integers(0, 3),
    st.booleans(),
    _TEXTS,
)
def test_a_key_is_the_content_hash_of_the_whole_request(
    said: list[tuple[Any, str]], temperature: float | None, seed: int | None, attempt: int, asks: bool, model: str
) -> None:
    """Older ledgers hold replies under it."""
    request = ChatRequest(
        messages=tuple(Message(role=role, content=content) for role, content in said),
        reply_schema=ReplySchema(name="r", body={"type": "object", "a": [1, "é"]}) if asks else None,
        sampling=Sampling(temperature=temperature, stop=("\n",), extra={"dry": 0.8}),
        seed=seed,
        attempt=attempt,
    )
    whole = request.model_dump(mode="json", exclude={"thread", "tools"})
    assert request.key(model) == content_hash(model, whole)
