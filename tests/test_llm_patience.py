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
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.settings import Settings
from simulator.transport.clock import Allowance, Clock, allowed
from simulator.transport.limiter import Limiter
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.rates import MINUTE, MinuteCap
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


def limiter_run(ceiling: int, outcomes: list[str], pauses: dict[int, float] | None = None) -> tuple[Limiter, HandClock]:
    """Put requests one after the other through a limiter."""
    hand = HandClock()
    limiter = Limiter(ceiling, hand.clock)

    async def go() -> None:
        for index, outcome in enumerate(outcomes):
            hand.time += 1
            async with limiter.slot() as ticket:
                ticket.outcome = outcome  # type: ignore[assignment]
                ticket.pause_s = (pauses or {}).get(index, 0.0)

    asyncio.run(go())
    return limiter, hand


@given(st.integers(1, 500), st.lists(st.sampled_from(["ok", "busy", "fault"]), max_size=60))
def test_the_limit_stays_between_one_and_the_ceiling(ceiling: int, outcomes: list[str]) -> None:
    limiter, _ = limiter_run(ceiling, outcomes)
    assert 1 <= limiter.limit <= ceiling
    assert limiter.in_flight == 0


def test_server_faults_leave_the_limit_alone() -> None:
    limiter, _ = limiter_run(64, ["fault"] * 50)
    assert limiter.limit == 64


def test_a_burst_of_rate_limits_cuts_once_and_the_next_burst_again() -> None:
    async def burst(limiter: Limiter, hand: HandClock) -> None:
        async def one() -> None:
            async with limiter.slot() as ticket:
                await asyncio.sleep(0)
                ticket.outcome = "busy"

        async with asyncio.TaskGroup() as group:
            for _ in range(limiter.limit):
                group.create_task(one())
        hand.time += 1

    async def go() -> None:
        hand = HandClock()
        limiter = Limiter(64, hand.clock)
        await burst(limiter, hand)
        assert (limiter.limit, limiter.cuts) == (32, 1)
        await burst(limiter, hand)
        assert (limiter.limit, limiter.cuts) == (16, 2)

    asyncio.run(go())


def test_it_grows_by_about_one_a_round_and_only_when_it_is_used() -> None:
    async def go() -> None:
        hand = HandClock()
        limiter = Limiter(64, hand.clock)
        async with limiter.slot() as ticket:
            ticket.outcome = "busy"
        assert limiter.limit == 32

        async def one() -> None:
            async with limiter.slot() as ticket:
                await asyncio.sleep(0)
                ticket.outcome = "ok"

        for _ in range(100):  # one after the other: the limit is not what holds them back
            await one()
        assert limiter.limit == 32
        async with asyncio.TaskGroup() as group:
            for _ in range(32 * 4):
                group.create_task(one())
        assert 34 <= limiter.limit <= 36

    asyncio.run(go())


def test_a_pause_holds_everybody_back() -> None:
    _, hand = limiter_run(4, ["busy", "ok", "ok"], pauses={0: 30.0})
    assert hand.naps == [29.0]


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from(["ok", "busy"])), max_size=30),
)
def test_never_more_in_flight_than_the_limit_and_nobody_is_forgotten(
    ceiling: int, jobs: list[tuple[int, bool, str]]
) -> None:
    """Requests of random lengths, some cancelled at random moments: all others are served, in order."""
    done: list[int] = []

    async def one(limiter: Limiter, index: int, length: int, outcome: str) -> None:
        async with limiter.slot() as ticket:
            assert limiter.in_flight <= ceiling
            for _ in range(length):
                await asyncio.sleep(0)
            ticket.outcome = outcome  # type: ignore[assignment]
            done.append(index)

    async def go() -> Limiter:
        limiter = Limiter(ceiling, Clock())
        tasks = [asyncio.create_task(one(limiter, i, n, outcome)) for i, (n, _, outcome) in enumerate(jobs)]
        for turn, (length, cancelled, _) in enumerate(jobs):
            for _ in range(length):
                await asyncio.sleep(0)
            if cancelled:
                tasks[turn].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        return limiter

    limiter = asyncio.run(go())
    assert limiter.in_flight == 0
    assert limiter.waiting == 0
    assert {i for i, job in enumerate(jobs) if not job[1]} <= set(done)


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=60))
def test_no_minute_holds_more_than_its_cap(cap: int, calls: list[tuple[int, int]]) -> None:
    """A cost above the cap is let through alone; otherwise any window of 60 seconds stays within it."""
    hand = HandClock()
    log: list[tuple[float, int]] = []

    async def go() -> None:
        minute = MinuteCap(cap, hand.clock)
        for gap, cost in calls:
            hand.time += gap
            await minute.take(cost)
            log.append((hand.time, cost))

    asyncio.run(go())
    for start, _ in log:
        window = [cost for moment, cost in log if start <= moment < start + MINUTE]
        assert sum(window) <= cap or len(window) == 1


def test_a_true_cost_replaces_the_estimate() -> None:
    async def go() -> None:
        hand = HandClock()
        minute = MinuteCap(100, hand.clock)
        entry = await minute.take(90)
        minute.correct(entry, 10)
        await minute.take(90)
        assert hand.naps == []
        await minute.take(1)
        assert hand.naps == [60.0]
        minute.correct(entry, 80)  # long out of the minute: changes nothing
        await minute.take(9)
        assert hand.naps == [60.0]

    asyncio.run(go())


def test_caps_of_an_endpoint_count_requests_and_tokens() -> None:
    async def go() -> None:
        async with FakeServer() as server:
            spec = parse_spec(f"{server.url}#fake", tokens_per_minute=1000, requests_per_minute=7)
            async with open_model(spec, Settings()) as model:
                await model.reply(ask("one two three", max_tokens=50))
                client = await model.ready()
                assert client.tokens is not None
                assert 0 < client.tokens.used < 50, "the reply's true count has replaced the estimate"

    asyncio.run(go())


def test_a_request_that_a_cap_held_back_still_waits_for_a_pause_that_came_meanwhile() -> None:
    async def go() -> None:
        hand = HandClock()
        async with FakeServer() as server:
            client = client_of(server, hand)
            client.tokens = MinuteCap(100, hand.clock)
            await client.tokens.take(90)

            async def pause(seconds: float) -> None:
                hand.naps.append(seconds)
                hand.time += seconds
                if len(hand.naps) == 1:
                    async with client.limiter.slot() as ticket:
                        ticket.pause_s = 25.0

            client.tokens._clock = Clock(now=lambda: hand.time, sleep=pause)
            async with endpoint_of(server, client) as model:
                assert (await model.reply(ask("x" * 80))).text
            assert hand.naps == [60.0, 25.0]

    asyncio.run(go())


def test_what_was_turned_away_costs_no_tokens() -> None:
    async def go() -> None:
        hand = HandClock()
        async with FakeServer() as server:
            client = client_of(server, hand)
            client.tokens = MinuteCap(30, hand.clock)
            server.faults.append(Fault.error(429))
            async with endpoint_of(server, client) as model:
                assert (await model.reply(ask("x" * 80))).text
            assert hand.time - 1000 < 1, "the second attempt did not wait for the first one's minute to end"

    asyncio.run(go())


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


def test_at_most_the_ceiling_is_in_flight_at_the_server() -> None:
    async def go() -> None:
        async with FakeServer(latency=lambda body: 0.02) as server:
            async with endpoint_of(server, client_of(server, ceiling=5)) as model, asyncio.TaskGroup() as group:
                for index in range(40):
                    group.create_task(model.reply(ask(str(index))))
            assert server.most_in_flight == 5

    asyncio.run(go())


def test_a_server_with_a_rate_limit_serves_everybody_in_the_end() -> None:
    """Eight at a time are too many for this server; all 200 requests are answered and the limit settles below."""

    async def go() -> None:
        async with FakeServer(latency=lambda body: 0.1) as server:
            server.fault_for = lambda number, body: Fault.error(429) if server.in_flight > 8 else None
            client = client_of(server, ceiling=64, attempts=4)
            async with endpoint_of(server, client) as model, asyncio.TaskGroup() as group:
                for index in range(200):
                    group.create_task(model.reply(ask(str(index))))
            assert client.limiter.cuts > 0
            assert client.limiter.limit <= 16

    asyncio.run(go())


class Provider:
    """A provider on simulated time: serves ``capacity`` requests at once for a second each, answers 429 to the rest."""

    def __init__(self, capacity: int, *, faulty: bool = False) -> None:
        self.served = self.refused = self.sent = 0
        self._capacity, self._faulty = capacity, faulty

    def work(self, limiter: Limiter, hand: HandClock, seconds: int) -> None:
        """Be asked for as much as the limiter lets through, for so many seconds."""
        asyncio.run(self._work(limiter, hand, seconds))

    async def _work(self, limiter: Limiter, hand: HandClock, seconds: int) -> None:
        for _ in range(seconds):
            self._busy = 0
            async with asyncio.TaskGroup() as group:
                for _ in range(limiter.limit):
                    group.create_task(self._request(limiter))
            hand.time += 1

    async def _request(self, limiter: Limiter) -> None:
        async with limiter.slot() as ticket:
            self.sent += 1
            self._busy += 1
            if self._busy > self._capacity:
                ticket.outcome = "busy"
                self.refused += 1
            elif not self._faulty or self.sent % 2:
                ticket.outcome = "ok"
                self.served += 1
            await asyncio.sleep(0)


@pytest.mark.parametrize("capacity", [5, 20, 50])
def test_the_limit_finds_what_a_provider_takes_and_stays_near_it(capacity: int) -> None:
    """Additive increase and multiplicative decrease saw between half of the capacity and just above it."""
    hand = HandClock()
    limiter = Limiter(64, hand.clock)
    Provider(capacity).work(limiter, hand, 60)
    provider = Provider(capacity)
    provider.work(limiter, hand, 300)
    assert capacity / 2 - 1 <= limiter.limit <= capacity + 2
    assert provider.served >= 0.7 * 300 * capacity
    assert provider.refused <= 0.1 * provider.sent


def test_faults_do_not_hold_the_limit_down() -> None:
    hand = HandClock()
    limiter = Limiter(64, hand.clock)
    Provider(1000, faulty=True).work(limiter, hand, 50)
    assert (limiter.limit, limiter.cuts) == (64, 0)
