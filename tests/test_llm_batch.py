"""Whole runs through a provider's batch endpoints: the fake server's, over real HTTP."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import story
import yaml
from batch_cases import PRICE, ROOT, asked_once, extracting, products, records, scenario

from simulator.assembly import open_run, simulate, simulate_sync
from simulator.assembly.plan import plan_sync
from simulator.assembly.simulate import Overrides, resume
from simulator.errors import EndpointError, EndpointRefused, ModelSpecError, RunStopped, ScenarioError
from simulator.llm.batch_api import line_of
from simulator.llm.fake_server import FakeServer, Fate, in_thread
from simulator.runs.batches import LedgerBatches
from simulator.runs.stop import Stop


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with a call for each request."""
    root = tmp_path_factory.mktemp("batch") / "run"
    with in_thread(FakeServer(story.responder)) as server:
        model = {"spec": f"{server.url}#fake", "price": PRICE}
        few = {"expand": {"hops": 1}, "conversations": None, "npcs": None}
        simulate_sync(story.scenario(**few, models={"default": model}), root).close()
    return root


def test_a_run_in_batches_makes_the_same_for_half_the_price(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        simulate_sync(scenario(server), tmp_path).close()
        assert server.count == 0, "not one call of its own"
        assert asked_once(server)
    assert products(tmp_path) == products(one_by_one)
    with open_run(tmp_path) as run, open_run(one_by_one) as dear:
        cost = [sum(row["usd"] for row in one.manifest["usage"]) for one in (run, dear)]
        tokens = [sum(row["prompt_tokens"] for row in one.manifest["usage"]) for one in (run, dear)]
    assert tokens[0] == tokens[1]
    assert cost[0] == pytest.approx(cost[1] / 2)
    assert {state for _, state, _ in records(tmp_path)} == {"collected"}
    assert [*dict.fromkeys(stage for stage, _, _ in records(tmp_path))] == ["extract", "expand", "pose", "tools"]


def test_conversations_stay_calls_of_their_own(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        talks = {"conversations": {"exchanges": 2, "count": 3}, "tools": None}
        simulate_sync(scenario(server, **talks), tmp_path).close()
        assert server.count == 3 * 3
    assert "converse" not in {stage for stage, _, _ in records(tmp_path)}


def test_what_leads_to_more_requests_goes_into_the_next_batch_and_few_are_asked_at_once(tmp_path: Path) -> None:
    def moody(body: dict[str, Any]) -> str:
        return "no" if body.get("seed", 0) % 4 == 0 else story.responder(body)

    with in_thread(FakeServer(moody)) as server:
        simulate_sync(scenario(server, {"least": 4}, tools=None), tmp_path).close()
        assert 0 < server.count < len(server.batches.asked)
    with open_run(tmp_path) as run:
        assert {failure.cause for failure in run.failures} <= {"invalid"}, "no is the answer three times in a row"
        assert len(run.failures) <= 3
        assert len(run.personas) > 16


def test_large_stages_are_split(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        only = {"expand": {"hops": 0}, "instructions": None, "tools": None}
        simulate_sync(scenario(server, {"most": 5, "linger_s": 2.0}, **only), tmp_path).close()
        assert [told for _, _, told in records(tmp_path)] == ["completed: 5 of 5 requests answered"] * 3 + [
            "completed: 1 of 1 requests answered"
        ]
    with open_run(tmp_path) as run:
        assert LedgerBatches(run.ledger).count() == 4


def test_a_batch_has_no_more_bytes_than_the_provider_takes(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        only = {"expand": {"hops": 0}, "instructions": None, "tools": None}
        simulate_sync(scenario(server, {"most_mb": 0.015}, **only), tmp_path).close()
        assert asked_once(server)
        sizes = [len(data) for data in server.batches.files.values() if b'"custom_id"' in data and b'"method"' in data]
        assert 2 < len(sizes) < 16
        assert max(sizes) <= 15_000
    with open_run(tmp_path) as run:
        assert not run.failures
        assert len(run.personas) == 16


def test_a_lone_surrogate_does_not_hold_up_a_batch() -> None:
    line = line_of("k", {"messages": [{"role": "user", "content": "a\ud800"}]})
    assert json.loads(line)["body"]["messages"][0]["content"] == "a\ufffd"


def test_a_run_that_was_stopped_leaves_its_batch_with_the_provider_and_collects_it(
    one_by_one: Path, tmp_path: Path
) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.append(Fate(polls=10**9))

        async def stopped() -> None:
            stop = Stop()
            run = asyncio.create_task(simulate(extracting(server), tmp_path, stop=stop))
            while not server.batches.batches:  # noqa: ASYNC110 - the server is in another thread
                await asyncio.sleep(0.01)
            stop.ask("you pressed Ctrl-C")
            await run

        with pytest.raises(RunStopped, match=r"Ctrl-C; a batch of 16 requests stays with the provider \(batch_1\)"):
            asyncio.run(stopped())
        assert [state for _, state, _ in records(tmp_path)] == ["submitted"]
        server.batches._fate_of["batch_1"] = Fate()
        asyncio.run(resume(tmp_path)).close()
        assert asked_once(server)
    assert products(tmp_path) == products(one_by_one)


CHILD = """
import sys, asyncio
sys.path.insert(0, "tests")
import story, yaml
from simulator.assembly import simulate
from simulator.scenario.load import parse_scenario
from simulator.llm.batch_api import BatchApi
from pathlib import Path
when = sys.argv[3]
if when == "unconfirmed":  # die between the provider's answer and the ledger's record of it
    import os, signal
    submit = BatchApi.submit
    async def deadly(self, *arguments):
        await submit(self, *arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    BatchApi.submit = deadly
asyncio.run(simulate(parse_scenario(Path(sys.argv[1]).read_text(), base=Path.cwd()), sys.argv[2]))
"""


@pytest.mark.parametrize("when", ["waiting", "unconfirmed"])
def test_a_killed_run_collects_its_batch_and_pays_for_nothing_twice(
    one_by_one: Path, tmp_path: Path, when: str
) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.append(Fate(polls=10**9))
        chosen = extracting(server)
        (tmp_path / "scenario.yaml").write_text(yaml.safe_dump(chosen.model_dump(mode="json")), encoding="utf-8")
        root = tmp_path / "run"
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "scenario.yaml"), str(root), when],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if when == "waiting" and any(looks > 1 for looks in server.batches._looks.values()):
                child.send_signal(signal.SIGKILL)
            time.sleep(0.02)
        assert child.wait() == -signal.SIGKILL
        state = {"waiting": "submitted", "unconfirmed": "intended"}[when]
        assert [kept for _, kept, _ in records(root)] == [state]
        server.batches._fate_of["batch_1"] = Fate()
        asyncio.run(resume(root)).close()
        assert asked_once(server)
    assert products(root) == products(one_by_one)


def test_a_batch_whose_creation_was_not_confirmed_is_found_and_not_submitted_again(
    one_by_one: Path, tmp_path: Path
) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.append(Fate(confirmed=False))
        simulate_sync(scenario(server), tmp_path).close()
        assert asked_once(server)
    assert products(tmp_path) == products(one_by_one)


def test_what_an_expired_batch_left_goes_into_the_next_one(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.append(Fate("expired", done=0.5))
        simulate_sync(scenario(server, {"most": 16, "linger_s": 1.0}), tmp_path).close()
        again = Counter(key for key, _ in server.batches.asked)
        assert Counter(again.values())[2] == 8
    assert products(tmp_path) == products(one_by_one)
    assert records(tmp_path)[0][2] == "expired: 8 of 16 requests answered"


def test_a_batch_that_always_expires_fails_its_units_and_a_resume_does_them(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.extend([Fate("expired", done=0.9)] * 2)
        try:
            simulate_sync(scenario(server, {"tries": 2}), tmp_path).close()
        except EndpointError as error:
            assert "could not be executed" in str(error) or "expired" in str(error)
        server.batches.fates.clear()
        asyncio.run(resume(tmp_path)).close()
        with open_run(tmp_path) as run:
            assert not [failure for failure in run.failures if failure.cause == "endpoint"]


@pytest.mark.parametrize(
    ("fate", "message"),
    [
        (Fate("cancelled", done=0.0), "cancelled"),
        (Fate("failed", message="the model 'fake' has no batches"), "has no batches"),
    ],
)
def test_a_batch_that_the_provider_ends_stops_the_run_with_its_reason(
    fate: Fate, message: str, one_by_one: Path, tmp_path: Path
) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.fates.append(fate)
        with pytest.raises(EndpointRefused, match=message):
            simulate_sync(scenario(server), tmp_path)
        assert fate.status in records(tmp_path)[0][2]
        asyncio.run(resume(tmp_path)).close()
    assert products(tmp_path) == products(one_by_one)


def test_a_request_that_the_provider_refuses_is_a_failure_and_the_rest_is_done(tmp_path: Path) -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, str] | None:
        return (400, "this text breaks our rules") if body["seed"] % 5 == 4 else None

    with in_thread(FakeServer(story.responder)) as server:
        server.batches.refuse = refuse
        simulate_sync(scenario(server, expand={"hops": 0}, instructions=None, tools=None), tmp_path).close()
        refused = sum(refuse(body) is not None for _, body in server.batches.asked)
    with open_run(tmp_path) as run:
        assert 0 < len(run.failures) == refused < 5
        assert {failure.cause for failure in run.failures} == {"endpoint"}
        assert "breaks our rules" in run.failures[0].message


def test_a_parameter_that_the_provider_does_not_know_is_left_out_of_the_next_batch(
    one_by_one: Path, tmp_path: Path
) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        server.batches.refuse = lambda body: (400, "unknown parameter: top_p") if "top_p" in body else None
        top = scenario(server)
        model = top.models.default.model_copy(update={"extra": {"top_p": 0.9}})
        simulate_sync(
            top.model_copy(update={"models": top.models.model_copy(update={"default": model})}), tmp_path
        ).close()
        assert not any("top_p" in body for _, body in server.batches.asked[16:])
    assert products(tmp_path)["personas.jsonl"] == products(one_by_one)["personas.jsonl"]


def test_an_endpoint_without_batches_is_said_to_have_none(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        chosen = scenario(server)
        model = chosen.models.default.model_copy(update={"spec": f"{server.url}/nowhere#fake"})
        lost = chosen.model_copy(update={"models": chosen.models.model_copy(update={"default": model})})
        with pytest.raises(EndpointError, match="404"):
            simulate_sync(lost, tmp_path)


def test_a_budget_of_calls_holds_in_batches_too(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        with pytest.raises(RunStopped, match="budget of 10 calls"):
            simulate_sync(scenario(server), tmp_path, overrides=Overrides(max_calls=10))
        assert len(server.batches.asked) == 10
        asyncio.run(resume(tmp_path)).close()
        assert asked_once(server)
    assert products(tmp_path) == products(one_by_one)


def test_a_forecast_knows_the_price_of_batches(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        cheap = plan_sync(scenario(server), tmp_path, probe=2)
        assert server.count == cheap.probe.calls, "a probe does not wait for batches"
        dear = plan_sync(scenario(server).model_copy(update={"models": _plain(server)}), tmp_path, probe=2)
    assert cheap.forecast.usd.expected == pytest.approx(dear.forecast.usd.expected / 2)


def _plain(server: FakeServer):
    return story.scenario(models={"default": {"spec": f"{server.url}#fake", "price": PRICE}}).models


def test_where_there_can_be_no_batches_they_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="'user' cannot have 'batch'"):
        story.scenario(models={"roles": {"user": {"spec": "openai:gpt-5-mini", "batch": True}}})
    with pytest.raises(ModelSpecError, match="no batch endpoint"):
        simulate_sync(story.scenario(models={"default": {"spec": "local", "batch": True}}), tmp_path)
