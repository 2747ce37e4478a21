"""Whole runs at an endpoint that plays the catalogue: every unit ends as a product or as a failure that says why."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import story
from fault_cases import ATTEMPTS, FAULTS, WALL, client_under, key_of
from llm_cases import HandClock, client_of, endpoint_of

from simulator.assembly import open_run, simulate
from simulator.assembly.choices import endpoint_spec
from simulator.assembly.compose import open_crew
from simulator.assembly.run import Run
from simulator.errors import EndpointError, EndpointRefused
from simulator.llm.fake_server import FakeServer, Fault, in_thread
from simulator.llm.fakes.catalogue import CUT_MARK, NamedFault
from simulator.settings import Settings
from simulator.transport.client import HttpClient

QUICK = [one for one in FAULTS.values() if one.kind != "stall" and not one.hopeless and one.name != "10 MB of JSON"]
LONG_PAUSE = "429, Retry-After of a week"
QUICK = [one for one in QUICK if one.name != LONG_PAUSE]  # it holds everybody back; below it has a test of its own


class Chaos:
    """Chooses a fault for one unit (or turn) in ``share``, the next of the catalogue each time.

    Args:
        share: One in how many.
        stays: Whether the fault is played to every request of that unit, or to the first alone.
    """

    def __init__(self, share: int, *, stays: bool) -> None:
        self.met: dict[int, NamedFault | None] = {}
        self.asked: Counter[int] = Counter()
        self._share, self._stays = share, stays

    def __call__(self, number: int, body: dict[str, Any]) -> Fault | None:
        key = key_of(body)
        if key not in self.met:
            place, left = divmod(len(self.met), self._share)
            self.met[key] = QUICK[place % len(QUICK)] if left == 0 else None
        self.asked[key] += 1
        fault = self.met[key]
        return fault.fault if fault is not None and (self._stays or self.asked[key] == 1) else None


def small(**changes: Any) -> Any:
    return story.scenario(
        texts={"paths": "scenarios/texts", "per_text": 4},
        expand={"hops": 1, "per_persona": 3},
        concurrency=4,
        **changes,
    )


async def run_under(chaos: Chaos, path: Path, executions: int = 6) -> tuple[int, int, int]:
    """Run the story at a server that plays ``chaos``; when five failures in a row stop it, go on."""
    hand = HandClock()
    hand.time = WALL
    async with FakeServer(story.responder, fault_for=chaos) as server:
        client = client_under(server, hand, reserve=4)
        client.patience = type(client.patience)(attempts=ATTEMPTS, deadline_s=1e9, timeout_s=60.0)
        async with endpoint_of(server, client) as endpoint:
            for _ in range(executions):
                try:
                    run = await simulate(small(), path, models={"*": endpoint}, settings=Settings())
                    run.close()
                    break
                except EndpointError:
                    continue
        return server.count, client.retries, client._budget.calls


def check_books(run: Run) -> None:
    """Units in = products and failures: nothing lost, nothing twice, nothing that was cut."""
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for stage, state in run.ledger.rows("SELECT stage, state FROM units"):
        states[stage][state] += 1
    assert {state for counts in states.values() for state in counts} <= {"done", "failed"}
    failures = [failure for failure in run.failures if failure.unit]
    failed = Counter(failure.stage for failure in failures)
    assert failed == Counter({stage: counts["failed"] for stage, counts in states.items() if counts["failed"]})
    assert len({failure.unit for failure in failures}) == len(failures)
    decided = Counter(run.ledger.rows("SELECT unit, COUNT(*) FROM decisions GROUP BY unit"))
    for stage in ("extract", "expand-1", "pose", "tools", "npcs"):
        done = [unit.id for unit, result in run.ledger.results(stage) if result.value is not None]
        assert len(done) == states[stage]["done"]
        assert {id_ for (id_, _), _ in decided.items()} >= set(done), "each of them was admitted or rejected"
    made = [*run.ledger.rows("SELECT body FROM products"), *run.ledger.rows("SELECT text FROM personas")]
    assert made
    assert not [row for row in made if CUT_MARK in row[0]]


def test_a_run_whose_every_third_unit_meets_a_fault_that_stays(tmp_path: Path) -> None:
    chaos = Chaos(3, stays=True)
    asyncio.run(run_under(chaos, tmp_path))
    with open_run(tmp_path) as run:
        check_books(run)
        assert run.manifest["state"] == "done"
        rows = [failure for failure in run.failures if failure.unit]
        assert len(rows) > 30
        for row in rows:
            assert row.role in story.SCRIPTS
            assert row.attempts >= 1
            assert row.message
            assert row.raw or row.cause in ("endpoint", "invalid")
    met = {fault.name for fault in chaos.met.values() if fault is not None}
    assert len(met) >= 60, "the run was long enough for most of the catalogue"


def test_a_run_whose_every_third_unit_meets_a_fault_that_passes(tmp_path: Path) -> None:
    chaos = Chaos(3, stays=False)
    count, retries, calls = asyncio.run(run_under(chaos, tmp_path))
    with open_run(tmp_path) as run:
        check_books(run)
        assert run.manifest["state"] == "done"
        failures = [failure for failure in run.failures if failure.unit]
    assert retries <= max(4, calls / 10) + client_bursts(chaos)
    assert count <= calls + retries
    faulted = sum(fault is not None for fault in chaos.met.values())
    final = sum(fault is not None and fault.expected == "failed" for fault in chaos.met.values())
    assert final <= len(failures) < faulted, "what passes is got over, as far as the budget goes"


def client_bursts(chaos: Chaos) -> int:
    """Return how many requests may have been sent again for nothing: those in flight when a 429 cut the limit."""
    return sum(fault is not None and fault.kind == "rate limit" for fault in chaos.met.values())


@pytest.mark.parametrize("name", [one.name for one in FAULTS.values() if one.hopeless] + [LONG_PAUSE])
def test_what_meets_every_call_stops_the_run_at_once_and_it_goes_on_later(name: str, tmp_path: Path) -> None:
    async def go() -> None:
        hand = HandClock()
        hand.time = WALL
        async with FakeServer(story.responder) as server:
            client = client_under(server, hand)
            async with endpoint_of(server, client) as endpoint:
                given: dict[str, Any] = {"models": {"*": endpoint}, "settings": Settings()}
                server.fault_for = lambda number, body: FAULTS[name].fault if number >= 9 else None
                with pytest.raises(EndpointError) as caught:
                    await simulate(small(npcs=None, conversations=None), tmp_path, **given)
                assert isinstance(caught.value, EndpointRefused) == FAULTS[name].hopeless
                assert server.count <= 9 + 4, "what was in flight, and nothing after it"
                server.fault_for, hand.time = None, hand.time + 8 * 24 * 3600.0
                with await simulate(small(npcs=None, conversations=None), tmp_path, **given) as run:
                    check_books(run)
                    assert not [failure for failure in run.failures if failure.cause == "endpoint"]

    asyncio.run(go())


def test_roles_that_share_an_endpoint_share_its_lowest_caps(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/v1#fake"
    scenario = story.scenario(
        concurrency=99,
        models={
            "default": {"spec": url, "requests_per_minute": 600},
            "roles": {"poser": {"spec": url, "requests_per_minute": 60, "tokens_per_minute": 9000, "timeout_s": 40}},
        },
    )
    spec = endpoint_spec(scenario, "extractor", Settings())
    assert (spec.concurrency, spec.requests_per_minute, spec.unit_s) == (99, 600, 900)

    async def go() -> None:
        from contextlib import AsyncExitStack

        from role_cases import Letters

        from simulator.runs.ledger import Ledger

        async with AsyncExitStack() as stack:
            with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
                crew = await open_crew(
                    scenario.model_copy(update={"npcs": None}),
                    Settings(),
                    ledger,
                    Letters(),
                    stack,  # type: ignore[arg-type]
                )
                shared = {role: context.model._model for role, context in crew.roles.items()}  # type: ignore[attr-defined]
                doors = {id(model): model for model in shared.values()}.values()
                assert len(doors) == 2, "another time-out is another door"
                for used in (model.spec for model in doors):
                    assert (used.concurrency, used.requests_per_minute, used.tokens_per_minute) == (99, 60, 9000)
                clients = [await model._connect() for model in doors]
                assert len({id(client.limiter) for client in clients}) == 1, "what holds for the endpoint is shared"
                for client in clients:
                    await client.aclose()
                assert (crew.roles["poser"].deadline_s, crew.roles["extractor"].deadline_s) == (120, 900)

    asyncio.run(go())


@pytest.mark.parametrize("width", [1, 8])
def test_a_run_at_an_endpoint_that_turns_every_fourth_request_away(width: int, tmp_path: Path) -> None:
    """The budget of retries runs out; what is not sent again is a failure that says so, and a resume does it."""

    wanted = story.scenario(
        texts={"paths": "scenarios/texts", "per_text": 4},
        expand={"hops": 1, "per_persona": 3},
        cast={"size": 30},
        concurrency=width,
    )

    async def execute(client: HttpClient) -> None:
        async with endpoint_of(server, client) as endpoint:
            for _ in range(20):
                try:
                    (await simulate(wanted, tmp_path, models={"*": endpoint}, settings=Settings())).close()
                    break
                except EndpointError:  # five failures in a row stop the run
                    continue

    with in_thread(FakeServer(story.responder)) as server:
        server.fault_for = lambda number, body: Fault.error(429) if number % 4 == 3 else None
        client = client_of(server, HandClock(), ceiling=width, reserve=width, attempts=4)
        asyncio.run(execute(client))
        budget, sent = client._budget, server.count
        with open_run(tmp_path) as run:
            check_books(run)
            unanswered = [failure for failure in run.failures if failure.cause == "endpoint"]
        server.fault_for = None
        asyncio.run(execute(client_of(server, HandClock(), ceiling=width)))
    assert 200 < budget.calls <= sent <= budget.calls + client.retries, "each request is a call or a retry"
    assert width < budget.retries <= 0.1 * budget.calls
    # What was in flight when the limit was cut is sent again for nothing: one at a time leaves nothing in flight.
    assert (client.retries == budget.retries) == (width == 1)
    assert unanswered
    for failure in unanswered:
        assert "answered 429" in failure.message
        assert "the budget of retries is used up" in failure.message or failure.attempts >= 4
        assert "set requests_per_minute" in failure.message
    assert any("a share of 10% of the calls may be retries" in failure.message for failure in unanswered)
    with open_run(tmp_path) as run:
        check_books(run)
        assert not [failure for failure in run.failures if failure.cause == "endpoint"]
