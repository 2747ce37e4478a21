"""How much is asked at once: limits that adapt, pauses, and caps of a minute."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_cases import HandClock, ask, client_of, endpoint_of

from simulator.llm.fake_server import FakeServer, Fault
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.settings import Settings
from simulator.transport.clock import Clock
from simulator.transport.limiter import Limiter
from simulator.transport.rates import MINUTE, MinuteCap


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
