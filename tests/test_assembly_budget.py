"""Budgets: a run stops within what it may spend, says so, and goes on to the same products."""

import asyncio
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.simulate import Overrides, resume
from simulator.cli.main import main
from simulator.errors import RunStopped, UsageError
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.runs.stop import Limits, Stop
from simulator.settings import Settings

PRICE = {"input": 2.0, "output": 10.0, "cached": 0.5}
SMALL = {"expand": {"hops": 1}, "cast": {"size": 4}, "conversations": {"exchanges": 3, "count": 3}, "npcs": None}
PRICED = {**SMALL, "models": {"default": {"spec": "local", "price": PRICE}}}


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def cost(run) -> float:
    tokens = next(run.ledger.rows("SELECT TOTAL(prompt_tokens), TOTAL(completion_tokens) FROM replies"))
    return (tokens[0] * PRICE["input"] + tokens[1] * PRICE["output"]) / 1e6


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("budget") / "run"
    simulate_sync(story.scenario(**PRICED), root, models=story.models()).close()
    return root


def test_usage_is_kept_per_stage_role_and_model_with_its_cost(whole: Path) -> None:
    with open_run(whole) as run:
        rows = run.manifest["usage"]
        assert {(row["stage"], row["role"]) for row in rows} >= {("extract", "extractor"), ("converse", "user")}
        assert sum(row["calls"] for row in rows) == run.manifest["counts"]["replies"]
        assert sum(row["usd"] for row in rows) == pytest.approx(cost(run))
        assert cost(run) > 0
        assert {row["unpriced"] for row in rows} == {0}


def test_the_cost_of_an_unknown_price_is_said_to_be_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = story.scenario(expand={"hops": 0}, instructions=None, conversations=None, npcs=None, tools=None)
    with simulate_sync(scenario, tmp_path / "run", models=story.models()) as run:
        assert [(row["usd"], row["unpriced"]) for row in run.manifest["usage"]] == [(None, 16)]
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "tokens, price unknown\n" in capsys.readouterr().out


@pytest.mark.parametrize(("calls", "concurrency"), [(1, 7), (20, 1), (33, 7), (45, 7)])
def test_a_run_makes_exactly_the_calls_that_it_may(whole: Path, tmp_path: Path, calls: int, concurrency: int) -> None:
    models, changes = story.models(lambda request: story.number(request.key("x")) % 5 / 1000), {**PRICED}
    with pytest.raises(RunStopped, match=f"budget of {calls} calls is used up"):
        scenario = story.scenario(**changes, concurrency=concurrency)
        simulate_sync(scenario, tmp_path, models=models, overrides=Overrides(max_calls=calls))
    assert sum(len(model.requests) for model in models.values()) == calls
    with open_run(tmp_path) as run:
        assert run.manifest["counts"]["replies"] == calls, "what was paid for is kept, whatever stopped"
    again = story.models()
    asyncio.run(resume(tmp_path, models=again)).close()
    assert products(tmp_path) == products(whole)
    with open_run(whole) as run:
        assert sum(len(model.requests) for model in again.values()) == run.manifest["counts"]["replies"] - calls


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_budget_in_money_is_overshot_by_no_more_than_what_is_in_flight(
    whole: Path, tmp_path: Path, share: float
) -> None:
    with open_run(whole) as run:
        limit = share * cost(run)
        dearest = next(run.ledger.rows("SELECT MAX(usd) FROM replies"))[0]
    scenario = story.scenario(**PRICED, concurrency=3)
    with pytest.raises(RunStopped, match="budget of"):
        simulate_sync(scenario, tmp_path, models=story.models(), overrides=Overrides(max_usd=limit))
    with open_run(tmp_path) as run:
        assert limit <= cost(run) < limit + 3 * dearest
        assert "with what was in flight" in run.manifest["reason"]
    asyncio.run(resume(tmp_path, models=story.models())).close()
    assert products(tmp_path) == products(whole)


def test_a_budget_of_the_scenario_holds_and_the_command_line_wins(whole: Path, tmp_path: Path) -> None:
    scenario = story.scenario(**PRICED, budget={"max_tokens": 4000})
    with pytest.raises(RunStopped, match="budget of 4,000 tokens"):
        simulate_sync(scenario, tmp_path, models=story.models())
    simulate_sync(scenario, tmp_path, models=story.models(), overrides=Overrides(max_tokens=10**9)).close()
    assert products(tmp_path) == products(whole)


def test_minutes_are_counted_from_the_start() -> None:
    now = [0.0]
    stop = Stop(Limits(minutes=2), clock=lambda: now[0])

    class Nothing:
        calls = tokens = unpriced = in_flight = 0
        usd = 0.0

    now[0] = 1000.0
    stop.watch(Nothing())
    now[0] = 1119.0
    stop.may_call()
    now[0] = 1120.0
    with pytest.raises(RunStopped, match="2 minutes"):
        stop.may_call()


def test_a_budget_in_money_needs_prices(tmp_path: Path) -> None:
    models = story.models()
    with pytest.raises(UsageError, match="no price is known for 'scripted'") as caught:
        simulate_sync(story.scenario(), tmp_path, models=models, overrides=Overrides(max_usd=1))
    assert "models.default.price" in str(caught.value)
    assert not any(model.requests for model in models.values())


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SIXHOP_PRICES", raising=False)
    scenario, root = tmp_path / "few.yaml", tmp_path / "run"
    (tmp_path / "texts").mkdir()
    for number in range(4):
        (tmp_path / "texts" / f"{number}.txt").write_text(f"A report of {story.someone(number)}.", encoding="utf-8")
    scenario.write_text("name: few\ntexts: {paths: texts}\nconcurrency: 1\ninstructions: {}\n", encoding="utf-8")
    with in_thread(FakeServer(story.responder)) as server:
        arguments = ["run", str(scenario), "--out", str(root), "--model", f"{server.url}#fake", "--quiet"]
        assert main([*arguments, "--max-usd", "0.001"]) == 2
        assert "no price is known" in capsys.readouterr().err
        assert server.count == 0
        monkeypatch.setenv("SIXHOP_PRICES", f"{server.url}#fake=1/1")
        assert main([*arguments, "--max-usd", "0.0005"]) == 3
        told = capsys.readouterr().err
        assert "budget of $0.0005" in told
        assert "sixhop resume" in told
        assert main(["resume", str(root), "--quiet"]) == 0
    with open_run(root) as run:
        assert run.manifest["state"] == "done"
        assert sum(row["usd"] for row in run.manifest["usage"]) > 0.0005


def test_settings_read_prices() -> None:
    assert Settings.from_environ({"SIXHOP_PRICES": "a=1/2"}).prices == "a=1/2"
