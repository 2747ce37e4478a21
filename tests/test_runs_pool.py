"""The worker pool gives results in order, drains when it is told to stop, and raises the first error."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import EndpointUnreachable, LedgerUnwritable, RunStopped
from simulator.models.unit import Unit, UnitResult
from simulator.runs.pool import spare, work


def units(count: int) -> list[Unit]:
    return [Unit(stage="extract", role="extractor", inputs={"n": n}, seed=n) for n in range(count)]


def test_a_unit_with_another_seed_keeps_its_id() -> None:
    for known_before in (False, True):
        unit = units(1)[0]
        if known_before:
            assert unit.id
        again = unit.reseeded(7)
        assert again.seed == 7
        assert again.id == units(1)[0].id
        assert again.id != Unit(**{**unit.model_dump(), "seed": 7}).id


async def gather(things, perform, **options):
    seen = []
    async for batch in work(things, perform, **options):
        assert batch
        seen.extend((ended.unit.inputs["n"], ended.result.value["n"]) for ended in batch)
    return seen


@given(st.integers(0, 60), st.integers(1, 12), st.integers(0, 1000))
@settings(max_examples=40)
def test_results_come_in_order_whatever_order_they_end_in(count: int, concurrency: int, seed: int) -> None:
    delays = random.Random(seed)

    async def perform(unit: Unit) -> UnitResult:
        for _ in range(delays.randrange(5)):
            await asyncio.sleep(0)
        return UnitResult(value={"n": unit.inputs["n"]})

    seen = asyncio.run(gather(units(count), perform, concurrency=concurrency))
    assert seen == [(n, n) for n in range(count)]


def test_no_more_than_the_asked_number_run_at_once() -> None:
    running, most = 0, 0

    async def perform(unit: Unit) -> UnitResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return UnitResult(value={"n": unit.inputs["n"]})

    asyncio.run(gather(units(50), perform, concurrency=7))
    assert most == 7


def test_a_stop_lets_what_is_in_flight_end_and_yields_it() -> None:
    ended: list[int] = []

    async def perform(unit: Unit) -> UnitResult:
        await asyncio.sleep(0.001)
        ended.append(unit.inputs["n"])
        return UnitResult(value={"n": unit.inputs["n"]})

    async def main() -> list[int]:
        seen: list[int] = []
        with pytest.raises(RunStopped, match="enough"):
            async for batch in work(
                units(40), perform, concurrency=4, stop=lambda: "enough" if len(ended) >= 10 else None
            ):
                seen.extend(one.unit.inputs["n"] for one in batch)
        return seen

    seen = asyncio.run(main())
    assert seen == list(range(len(seen)))
    assert 10 <= len(seen) <= 14
    assert sorted(ended) == seen


def test_an_error_ends_the_work_after_what_came_before_it() -> None:
    started: list[int] = []

    async def perform(unit: Unit) -> UnitResult:
        started.append(unit.inputs["n"])
        await asyncio.sleep(0.001)
        if unit.inputs["n"] == 5:
            raise EndpointUnreachable("no connection")
        return UnitResult(value={"n": unit.inputs["n"]})

    async def main() -> list[int]:
        seen: list[int] = []
        with pytest.raises(EndpointUnreachable):
            async for batch in work(units(100), perform, concurrency=3):
                seen.extend(one.unit.inputs["n"] for one in batch)
        return seen

    assert asyncio.run(main()) == [0, 1, 2, 3, 4]
    assert max(started) <= 8


@pytest.mark.parametrize(("concurrency", "fewest"), [(1, 1), (7, 1), (8, 2), (40, 10)])
def test_what_follows_from_results_is_asked_for_several_at_once(concurrency: int, fewest: int) -> None:
    async def perform(unit: Unit) -> UnitResult:
        for _ in range(unit.inputs["n"]):  # one after another
            await asyncio.sleep(0)
        return UnitResult(value={"n": unit.inputs["n"]})

    async def main() -> list[int]:
        return [len(batch) async for batch in work(units(45), perform, concurrency=concurrency)]

    *sizes, last = asyncio.run(main())
    assert min(sizes) >= fewest
    assert sum(sizes) + last == 45


@pytest.mark.parametrize("concurrency", [3, 40])
def test_what_came_before_an_error_is_yielded_however_few_it_is(concurrency: int) -> None:
    async def perform(unit: Unit) -> UnitResult:
        await asyncio.sleep(0)
        if unit.inputs["n"] == 2:
            raise EndpointUnreachable("no connection")
        return UnitResult(value={"n": unit.inputs["n"]})

    async def main() -> list[int]:
        seen: list[int] = []
        with pytest.raises(EndpointUnreachable):
            async for batch in work(units(45), perform, concurrency=concurrency):
                seen.extend(ended.unit.inputs["n"] for ended in batch)
        return seen

    assert asyncio.run(main()) == [0, 1]


def test_what_breaks_behind_a_unit_that_stops_half_way_is_not_lost() -> None:
    """A full disk is no budget that is used up: the run did not stop, it failed."""

    async def perform(unit: Unit) -> UnitResult:
        await asyncio.sleep(0.01)
        if unit.inputs["n"] == 0:
            raise RunStopped("the budget of 5 calls is used up")
        if unit.inputs["n"] == 2:
            raise LedgerUnwritable("disk full")
        return UnitResult(value={"n": unit.inputs["n"]})

    with pytest.raises(LedgerUnwritable, match="disk full"):
        asyncio.run(gather(units(4), perform, concurrency=4))


@pytest.mark.parametrize(("slots", "units_"), [(1, 2), (4, 5), (64, 80), (256, 320)])
def test_an_endpoint_is_given_a_few_units_more_than_it_has_slots(slots: int, units_: int) -> None:
    assert spare(slots) == units_
