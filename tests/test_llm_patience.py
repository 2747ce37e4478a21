"""How often and how long is tried, and how much at once."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_cases import HandClock, ask, client_of, endpoint_of

from simulator.errors import EndpointBusy, EndpointError, EndpointUnreachable
from simulator.llm.fake_server import FakeServer, Fault
from simulator.transport.clock import Allowance, allowed
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.retry_after import retry_after


@given(st.integers(1, 60), st.integers(0, 2**32))
def test_waits_of_our_own_stay_under_twice_the_last_bound_and_under_the_cap(attempt: int, seed: int) -> None:
    patience = Patience(base_s=0.5, cap_s=20)
    wait = patience.wait(attempt, None, random.Random(seed))
    assert 0 <= wait <= min(20, 0.5 * 2 ** (attempt - 1))


@given(st.floats(0, 1e6), st.integers(0, 2**32))
def test_a_wait_that_the_server_asks_for_is_never_cut_short(asked: float, seed: int) -> None:
    wait = Patience(base_s=0.5).wait(1, asked, random.Random(seed))
    assert asked <= wait <= max(0.5, asked * 1.1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Thu, 01 Jan 1970 00:20:00 GMT"}, 200),
        ({"Retry-After": "Thursday, 01-Jan-70 00:20:00 GMT"}, 200),
        ({"Retry-After": "Thu, 01 Jan 1970 00:20:00"}, 200),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0),
        ({"Retry-After": "Thu, 99 Foo 99999 00:00:01 GMT"}, None),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
        ({"retry-after-ms": "x", "Retry-After": "7"}, 7),
    ],
)
def test_every_form_of_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=1000.0) == seconds


@given(st.text())
def test_no_header_breaks_it(value: str) -> None:
    seconds = retry_after({"Retry-After": value, "retry-after-ms": value}, now=0.0)
    assert seconds is None or seconds >= 0


def failing(faults: list[Fault], **patience: Any) -> tuple[EndpointError | None, HandClock, FakeServer]:
    """Ask once and return the error, the clock and the server."""
    hand = HandClock()

    async def go() -> tuple[EndpointError | None, FakeServer]:
        async with FakeServer() as server, endpoint_of(server, client_of(server, hand, **patience)) as model:
            server.faults.extend(faults)
            try:
                await model.reply(ask())
            except EndpointError as error:
                return error, server
            return None, server

    error, server = asyncio.run(go())
    return error, hand, server


def test_the_wait_that_the_server_asks_for_is_slept() -> None:
    error, hand, _ = failing([Fault.error(429, headers={"Retry-After": "7"})])
    assert error is None
    assert 7 <= hand.time - 1000 <= 7.7


def test_an_hour_is_too_long_for_one_reply_and_nobody_asks_in_the_meantime() -> None:
    async def go() -> None:
        hand = HandClock()
        async with FakeServer() as server, endpoint_of(server, client_of(server, hand, deadline_s=100)) as model:
            server.faults.append(Fault.error(503, headers={"Retry-After": "3600"}))
            with pytest.raises(EndpointBusy, match="asks to wait 3,600 s"):
                await model.reply(ask("a"))
            with pytest.raises(EndpointBusy, match="no requests for another 3600 s"):
                await model.reply(ask("b"))
            assert (server.count, hand.naps) == (1, [])
            hand.time += 3599.0
            assert (await model.reply(ask("c"))).text
            assert hand.naps == [1.0]

    asyncio.run(go())


def test_no_wait_goes_beyond_the_deadline() -> None:
    error, hand, server = failing([Fault.error(429, headers={"Retry-After": "50"})] * 5, deadline_s=20)
    assert isinstance(error, EndpointBusy)
    assert hand.time - 1000 <= 20
    assert server.count == 1


def test_time_in_the_queue_does_not_count_against_the_deadline() -> None:
    async def go() -> None:
        hand = HandClock()
        async with FakeServer() as server:
            client = client_of(server, hand, deadline_s=50.5)
            async with client.limiter.slot() as ticket:
                ticket.pause_s = 50.0
            server.faults.append(Fault.error(500))
            async with endpoint_of(server, client) as model:
                assert (await model.reply(ask())).text
        assert hand.time >= 1050

    asyncio.run(go())


def test_waits_differ_between_callers() -> None:
    naps = []
    for _ in range(2):
        _, hand, _ = failing([Fault.error(500)] * 2)
        naps.append(hand.naps)
    assert naps[0] == naps[1], "the same seed gives the same waits"
    assert len(set(naps[0])) == 2


@pytest.mark.parametrize("status", [500, 429])
def test_retries_stay_within_a_tenth_of_the_calls_and_the_reserve(status: int) -> None:
    async def go(calls: int) -> tuple[int, int]:
        async with FakeServer(fault_for=lambda number, body: Fault.error(status)) as server:
            client = client_of(server, HandClock(), reserve=5, attempts=4)
            async with endpoint_of(server, client) as model:
                for index in range(calls):
                    with pytest.raises(EndpointBusy):
                        await model.reply(ask(str(index)))
            return client.retries, server.count

    assert asyncio.run(go(20)) == (5, 25), "the reserve"
    assert asyncio.run(go(100)) == (10, 110), "a tenth"


def test_a_burst_of_rate_limits_draws_on_the_budget_once() -> None:
    async def go() -> None:
        async with FakeServer(latency=lambda body: 0.02) as server:
            server.fault_for = lambda number, body: Fault.error(429) if number < 8 else None
            client = client_of(server, ceiling=8, reserve=1, attempts=2)
            async with endpoint_of(server, client) as model, asyncio.TaskGroup() as group:
                for index in range(8):
                    group.create_task(model.reply(ask(str(index))))
            assert (client.retries, client.limiter.cuts) == (8, 1)

    asyncio.run(go())


def test_an_empty_retry_budget_is_named_with_what_to_set() -> None:
    async def go(status: int) -> EndpointError:
        hand = HandClock()
        async with FakeServer() as server, endpoint_of(server, client_of(server, hand, reserve=1)) as model:
            server.faults.extend([Fault.error(status)] * 2)
            with pytest.raises(EndpointError) as caught:
                await model.reply(ask())
            return caught.value

    limited, broken = str(asyncio.run(go(429))), str(asyncio.run(go(500)))
    for told in (limited, broken):
        assert "the budget of retries is used up (1 for 1 calls; a share of 10% of the calls" in told
    assert "requests_per_minute" in limited
    assert "--concurrency" in limited
    assert "requests_per_minute" not in broken, "asking less often does not mend a server that breaks"


@given(st.lists(st.booleans(), max_size=300), st.floats(0.01, 1), st.integers(1, 50))
def test_the_retry_budget_never_gives_more_than_its_share(calls: list[bool], share: float, reserve: int) -> None:
    budget = RetryBudget(share, reserve)
    earned = spent = 0
    for is_call in calls:
        if is_call:
            budget.earn()
            earned += 1
        else:
            spent += budget.spend()
        assert spent <= max(reserve, share * earned)


def test_the_attempts_of_a_unit_share_one_deadline() -> None:
    """Each reply has its own 60 seconds; all that a unit asks for has 10, and its backoff counts."""

    async def go() -> list[str]:
        hand = HandClock()
        told = []
        async with FakeServer(fault_for=lambda number, body: Fault.error(503)) as server:
            client = client_of(server, hand, attempts=9, base_s=4.0, cap_s=4.0)
            async with endpoint_of(server, client) as model:
                with allowed(10.0):
                    for index in range(20):
                        try:
                            await model.reply(ask(str(index)))
                        except EndpointError as error:
                            told.append(str(error))
                assert hand.time - 1000 <= 10
                asked = server.count
                hand.time += 1
                with pytest.raises(EndpointBusy):
                    await model.reply(ask("another unit has its own"))
                assert server.count > asked + 1
        return told

    assert len(asyncio.run(go())) == 20


def test_a_unit_whose_time_is_up_asks_no_more() -> None:
    async def go() -> int:
        async with FakeServer() as server, endpoint_of(server, client_of(server, HandClock())) as model:
            with allowed(0.0), pytest.raises(EndpointUnreachable, match="used up"):
                await model.reply(ask())
            return server.count

    assert asyncio.run(go()) == 0


@given(st.lists(st.tuples(st.sampled_from(["begin", "end", "pass"]), st.floats(0.1, 5)), max_size=40))
def test_an_allowance_runs_while_anybody_spends_and_only_once(steps: list[tuple[str, float]]) -> None:
    allowance, now, spenders, spent = Allowance(50.0), 0.0, 0, 0.0
    for what, seconds in steps:
        if what == "begin":
            allowance.begin(now)
            spenders += 1
        elif what == "end" and spenders:
            allowance.end(now)
            spenders -= 1
        elif what == "pass":
            now += seconds
            spent += seconds if spenders else 0.0
        assert allowance.left(now) == pytest.approx(max(0.0, 50.0 - spent))
