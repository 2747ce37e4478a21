"""``validate`` finds everything that would keep a scenario from running, and asks nobody."""

import json
import shutil
from pathlib import Path

import pytest

from simulator.assembly.stages import stage_plans
from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.scenario.load import load_scenario, parse_scenario

SCENARIOS = Path(__file__).parent.parent / "scenarios"
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("SIXHOP_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["quickstart", "six-hops"])
def test_the_scenarios_would_run_and_nobody_is_asked(name: str, here: Path, capsys: Shown) -> None:
    with in_thread(FakeServer()) as server:
        model = f"{server.url}#fake"
        arguments = ["validate", str(SCENARIOS / f"{name}.yaml"), "--model", model]
        assert main(arguments) == 0
        shown = capsys.readouterr().out
        assert main([*arguments, "--json"]) == 0
        assert server.count == 0
    assert shown.startswith(f"{name} would run.")
    assert max(map(len, shown.splitlines())) <= 80
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []
    assert {role["model"] for role in told["roles"]} == {model}
    assert list(here.iterdir()) == [], "validate must write nothing"


def test_all_problems_come_at_once(here: Path, capsys: Shown) -> None:
    scenario = here / "broken.yaml"
    scenario.write_text(
        "name: broken\n"
        "models: {default: 'gguf:weights.gguf', roles: {poser: 'openai:gpt-4o-mini'}}\n"
        "prompts: {relator: my-relator.md}\n"
        "texts: {paths: nowhere}\n"
        "expand: {hops: 1}\n"
        "instructions: {}\n"
        "npcs: {world: no-world}\n",
        encoding="utf-8",
    )
    assert main(["validate", str(scenario)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    for part in ("nowhere", "no-world", "weights.gguf", "OPENAI_API_KEY"):
        assert part in shown.err
    assert main(["validate", str(scenario), "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 4
    assert main(["validate", str(scenario), "--model", "http://127.0.0.1:9/v1#x"]) == 2
    shown = capsys.readouterr()
    assert "my-relator.md" in shown.err
    assert "OPENAI_API_KEY" not in shown.err


def test_a_budget_in_money_that_could_not_be_kept_is_a_problem(
    here: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SCENARIOS / "texts" / "ferry-notice.txt", here)
    scenario = here / "dear.yaml"
    scenario.write_text("name: dear\ntexts: {paths: ferry-notice.txt}\nbudget: {max_usd: 2}\n", encoding="utf-8")
    arguments = ["validate", str(scenario), "--model", "http://127.0.0.1:9/v1#x"]
    monkeypatch.delenv("SIXHOP_PRICES", raising=False)
    assert main(arguments) == 2
    assert "no price is known for 'http://127.0.0.1:9/v1#x'" in capsys.readouterr().err
    monkeypatch.setenv("SIXHOP_PRICES", "x=1/2")
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("expand: {hops: 7}", "expand.hops"),
        ("dedup: {jaccard: 1.5}", "dedup.jaccard"),
        ("models: {roles: {poet: local}}", "models.roles.poet"),
        ("colour: red", "colour"),
    ],
)
def test_a_bad_value_is_named_by_its_place(line: str, place: str, here: Path, capsys: Shown) -> None:
    scenario = here / "bad.yaml"
    scenario.write_text(f"name: bad\ntexts: {{paths: texts}}\n{line}\n", encoding="utf-8")
    assert main(["validate", str(scenario)]) == 2
    assert f"\n  {place}" in capsys.readouterr().err


def test_bad_rows_are_shown_and_do_not_keep_it_from_running(here: Path, capsys: Shown) -> None:
    shutil.copy(SCENARIOS / "texts" / "ferry-notice.txt", here)
    (here / "rows.jsonl").write_text('{"text": "A cook looks for a boat."}\n{"text": 7}\nnot json\n', encoding="utf-8")
    scenario = here / "some.yaml"
    scenario.write_text("name: some\ntexts: {paths: [ferry-notice.txt, rows.jsonl]}\n", encoding="utf-8")
    assert main(["validate", str(scenario), "--model", "http://127.0.0.1:9/v1#x"]) == 0
    shown = capsys.readouterr().out
    assert "2, 2 bad rows" in shown
    assert "rows.jsonl:2" in shown
    assert "rows.jsonl:3" in shown


def test_the_most_units_of_each_stage() -> None:
    quickstart = load_scenario(SCENARIOS / "quickstart.yaml")
    assert {plan.stage: plan.units for plan in stage_plans(quickstart, texts=16)} == {
        "extract": 16, "expand-1": 5, "expand-2": 5, "cast": 0, "pose": 5, "converse": 3, "npcs": 3, "tools": 4,
        "report": 0,
    }  # fmt: skip
    wide = parse_scenario("{name: wide, texts: {paths: x, per_text: 4}, expand: {hops: 3, per_persona: 2}}", Path())
    assert [plan.units for plan in stage_plans(wide, texts=5)] == [20, 40, 80, 160, 0, 0]
