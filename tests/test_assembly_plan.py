"""Forecasts: what ``plan`` says beforehand, against what the run then takes."""

import json
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.plan import plan_sync
from simulator.assembly.probe import slice_of
from simulator.assembly.simulate import Overrides
from simulator.assembly.stages import stage_plans
from simulator.cli.main import main
from simulator.errors import RunDirectoryError, RunStopped
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.runs.stop import Limits
from simulator.scenario.load import load_scenario, parse_scenario

SCENARIOS = Path(__file__).parent.parent / "scenarios"
PRICE = {"default": {"spec": "local", "price": {"input": 2, "output": 10}}}
Shown = pytest.CaptureFixture[str]


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def taken(root: Path) -> tuple[int, int, float]:
    """Return calls, tokens and dollars of a run."""
    with open_run(root) as run:
        rows = run.manifest["usage"]
    tokens = sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows)
    return sum(row["calls"] for row in rows), tokens, sum(row["usd"] for row in rows)


def asked(models) -> int:
    return sum(len(model.requests) for model in models.values())


def flawed_extractor(request) -> str:
    """Answer nonsense to the first draft of one unit in four, so that units differ in what they take."""
    flawed = request.attempt == 0 and story.number(request.messages[-1].content) % 4 == 0
    return "no" if flawed else story.extractor(request)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plan") / "run"
    simulate_sync(story.scenario(models=PRICE), root, models=story.models(extractor=flawed_extractor)).close()
    return root


def test_a_probe_foretells_the_run_within_a_fifth_and_changes_nothing(undisturbed: Path, tmp_path: Path) -> None:
    scenario, models = story.scenario(models=PRICE), story.models(extractor=flawed_extractor)
    found = plan_sync(scenario, tmp_path, probe=4, models=models)
    calls, tokens, usd = taken(undisturbed)
    assert found.forecast.calls.expected == pytest.approx(calls, rel=0.2)
    assert found.forecast.tokens.expected == pytest.approx(tokens, rel=0.2)
    assert found.forecast.usd.expected == pytest.approx(usd, rel=0.2)
    assert found.forecast.calls.low <= calls <= found.forecast.calls.high
    assert {stage.stage for stage in found.forecast.stages if stage.roles and not stage.probed} == set()
    probed = asked(models)
    assert found.probe.calls == probed < 0.6 * calls

    again = story.models(extractor=flawed_extractor)
    simulate_sync(scenario, tmp_path, models=again).close()
    assert products(tmp_path) == products(undisturbed)
    assert asked(again) < calls, "what the probe paid for is not paid for again"
    assert taken(tmp_path)[0] == probed + asked(again)


def test_the_units_of_extraction_are_those_of_the_run(tmp_path: Path) -> None:
    scenario = story.scenario(expand={"hops": 1, "per_persona": 2}, npcs=None, conversations=None)
    plan_sync(scenario, tmp_path, probe=5, models=story.models())
    models = story.models()
    simulate_sync(scenario, tmp_path, models=models).close()
    assert len(models["extractor"].requests) == 16 - 5
    assert len(models["relator"].requests) < 2 * 16, "without max_per_hop the first hop begins as the probe did"


def test_a_probe_that_was_made_is_free(tmp_path: Path) -> None:
    first = plan_sync(story.scenario(models=PRICE), tmp_path, probe=3, models=story.models(lambda request: 0.002))
    models = story.models()
    second = plan_sync(story.scenario(models=PRICE), tmp_path, probe=3, models=models)
    assert asked(models) == 0
    assert second.probe.reused == first.probe.calls
    assert second.forecast.calls == first.forecast.calls
    assert second.forecast.seconds == first.forecast.seconds, "the times are kept beside the replies"
    assert second.forecast.seconds.expected > 0


def test_the_scenario_alone_gives_a_range_that_holds_the_run(undisturbed: Path, tmp_path: Path) -> None:
    found = plan_sync(story.scenario(models=PRICE), tmp_path / "run", models=story.models())
    calls, _, _ = taken(undisturbed)
    assert found.forecast.calls.low <= calls <= found.forecast.calls.high
    for stage in found.forecast.stages:
        for of in (stage.units, stage.calls, stage.tokens, stage.usd, stage.seconds):
            assert 0 <= of.low <= of.expected <= of.high
    assert not (tmp_path / "run").exists(), "without a probe nothing is written"


def test_longer_conversations_and_dearer_models_cost_more(tmp_path: Path) -> None:
    def usd(exchanges: int, price: float) -> float:
        models = {"default": {"spec": "local", "price": {"input": price, "output": price}}}
        scenario = story.scenario(models=models, conversations={"exchanges": exchanges})
        return plan_sync(scenario, tmp_path, models=story.models()).forecast.usd.expected

    assert usd(2, 1) < usd(4, 1) < usd(8, 1)
    assert usd(4, 3) == pytest.approx(3 * usd(4, 1))


def test_a_stage_that_the_probe_does_not_reach_is_estimated_and_named(tmp_path: Path) -> None:
    scenario = story.scenario(cast={"size": 8, "where": {"words": ["no such word"]}})
    found = plan_sync(scenario, tmp_path, probe=3, models=story.models())
    probed = {stage.stage: stage.probed for stage in found.forecast.stages if stage.roles}
    assert probed["extract"] == 3
    assert probed["npcs"] == 0


def test_a_probe_has_a_budget_and_keeps_what_it_paid_for(tmp_path: Path) -> None:
    models = story.models()
    with pytest.raises(RunStopped, match="budget of 9 calls"):
        plan_sync(story.scenario(), tmp_path, probe=4, models=models, limits=Limits(calls=9))
    assert asked(models) == 9
    more = story.models()
    plan_sync(story.scenario(), tmp_path, probe=4, models=more)
    assert asked(more) + 9 == plan_sync(story.scenario(), tmp_path / "b", probe=4, models=story.models()).probe.calls


def test_a_probe_keeps_out_of_another_scenarios_directory(tmp_path: Path) -> None:
    few = {"expand": {"hops": 0}, "instructions": None, "conversations": None, "npcs": None, "tools": None}
    simulate_sync(story.scenario(**few), tmp_path, models=story.models()).close()
    with pytest.raises(RunDirectoryError, match="another scenario"):
        plan_sync(story.scenario(**few, name="other"), tmp_path, probe=2, models=story.models())


def test_a_run_that_was_only_probed_is_not_resumed(tmp_path: Path, capsys: Shown) -> None:
    plan_sync(story.scenario(), tmp_path, probe=2, models=story.models())
    assert main(["resume", str(tmp_path)]) == 2
    assert "never started" in capsys.readouterr().err


def test_the_slice_is_small_whatever_the_scenario_asks_for() -> None:
    big = parse_scenario(
        "{name: big, texts: {paths: x, per_text: 4}, expand: {hops: 6, per_persona: 3, max_personas: 100000},"
        " cast: {size: 9000}, instructions: {per_persona: 20}, conversations: {exchanges: 8}, npcs: {world: w},"
        " tools: {per_persona: 8}}",
        Path(),
    )
    few = slice_of(big, 5)
    units = {plan.stage: plan.units for plan in stage_plans(few, 2)}
    assert max(units.values()) <= 8
    assert min(units[stage] for stage in ("extract", "expand-6", "pose", "converse", "npcs", "tools")) >= 5
    assert few.conversations.exchanges == 8, "a unit is a real one"


def test_personas_made_elsewhere_are_probed_too(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"persona": story.someone("elsewhere", number)}) + "\n" for number in range(30))
    (tmp_path / "people.jsonl").write_text(rows, encoding="utf-8")
    few = {"conversations": None, "npcs": None, "tools": None}
    scenario = story.scenario(texts=None, personas={"paths": str(tmp_path / "people.jsonl")}, **few)
    found = plan_sync(scenario, tmp_path / "run", probe=3, models=story.models())
    assert found.probe.fruitful["import"] == (3, 3)
    assert found.forecast.stages[0].units.expected == 30
    assert found.probe.calls > 3


def test_situations_multiply_conversations() -> None:
    situations = [{"name": name, "about": "a late parcel"} for name in ("one", "two", "three")]
    scenario = story.scenario(conversations={"situations": situations, "per_persona": 2})
    assert {plan.stage: plan.units for plan in stage_plans(scenario, 16)}["converse"] == 8 * 2


@pytest.mark.parametrize("name", ["quickstart", "six-hops", "first-steps"])
def test_the_scenarios_can_be_planned(name: str, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["plan", str(SCENARIOS / f"{name}.yaml"), "--model", "http://127.0.0.1:9/v1#x"]) == 0
    shown = capsys.readouterr().out
    assert "the scenario alone" in shown
    assert "is known for extractor" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_on_the_command_line(tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = load_scenario(SCENARIOS / "first-steps.yaml")
    with in_thread(FakeServer(story.responder)) as server:
        monkeypatch.setenv("SIXHOP_PRICES", f"{server.url}#fake=1/2")
        shared = [str(SCENARIOS / "first-steps.yaml"), "--model", f"{server.url}#fake", "--out", str(tmp_path / "run")]
        assert main(["plan", *shared, "--probe", "2", "--json", "--quiet"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["probe"]["calls"] == server.count > 0
        assert told["total"]["usd"]["expected"] > 0
        assert told["scenario"] == scenario.name
        assert main(["plan", *shared, "--probe", "2", "--quiet"]) == 0
        shown = capsys.readouterr().out
        assert f"{told['probe']['calls']} found in the ledger" in " ".join(shown.split())
        assert main(["plan", *shared, "--probe", "9", "--max-calls", "1"]) == 3
        assert "the same command goes on" in capsys.readouterr().err
        monkeypatch.delenv("SIXHOP_PRICES")
        assert main(["plan", *shared, "--probe", "9", "--max-usd", "1"]) == 2
        assert "no price is known" in capsys.readouterr().err


def test_overrides_reach_the_plan(tmp_path: Path) -> None:
    scenario = Overrides(max_usd=3).limits(story.scenario())
    assert scenario.usd == 3
