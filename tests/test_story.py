"""Whole runs of the story with scripted models: the contracts of a run, shown on real run directories."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate, simulate_sync
from simulator.assembly.simulate import Overrides, resume
from simulator.errors import EndpointError, EndpointRefused, RunDirectoryError, RunStopped
from simulator.population.graph.consistency import inconsistencies
from simulator.runs.events import StageEnded


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("story") / "run"
    simulate_sync(story.scenario(concurrency=1), root, models=story.models()).close()
    return root


def test_the_story_makes_every_kind_of_product(undisturbed: Path) -> None:
    with open_run(undisturbed) as run:
        assert {persona.hop for persona in run.personas} == {0, 1, 2}
        assert len(run.cast) == 8
        assert len(run.instructions) >= 6
        assert len(run.conversations) >= 4
        assert len(run.npcs) >= 4
        assert len({npc.name for npc in run.npcs}) == len(run.npcs)
        assert len({tool.name for tool in run.tools}) == len(run.tools) >= 4
        assert run.manifest["state"] == "done"


def test_rows_in_are_products_and_recorded_failures(undisturbed: Path) -> None:
    with open_run(undisturbed) as run:
        units = Counter(dict(run.ledger.rows("SELECT stage, COUNT(*) FROM units GROUP BY stage")))
        failed = Counter(failure.stage for failure in run.failures)
        decided = Counter(decision.subject for decision in run.decisions)
        people = sum(count for stage, count in units.items() if stage.startswith(("extract", "expand")))
        lost = sum(count for stage, count in failed.items() if stage.startswith(("extract", "expand")))
        assert people == decided["persona"] + lost
        for stage, subject in (("pose", "instruction"), ("npcs", "npc"), ("tools", "tool")):
            assert units[stage] == decided[subject] + failed[stage]
        assert units["converse"] == len(run.conversations) + failed["converse"]


def test_the_graph_of_a_run_is_consistent(undisturbed: Path) -> None:
    with open_run(undisturbed) as run:
        assert inconsistencies(run.graph()) == []
        known = {persona.id for persona in run.personas}
        rejected = {decision.candidate for decision in run.decisions if not decision.admitted} - known
        for relation in run.relations:
            assert {relation.source, relation.target} <= known
            assert not {relation.source, relation.target} & rejected


def test_products_are_the_same_bytes_at_any_concurrency(undisturbed: Path, tmp_path: Path) -> None:
    simulate_sync(story.scenario(concurrency=32), tmp_path / "run", models=story.models(latency)).close()
    assert products(tmp_path / "run") == products(undisturbed)


def latency(request) -> float:
    return story.number(request.key("x")) % 10 / 1000


def test_a_second_run_asks_the_model_for_nothing(undisturbed: Path, tmp_path: Path) -> None:
    root = shutil.copytree(undisturbed, tmp_path / "run")
    models = story.models()
    simulate_sync(story.scenario(), root, models=models).close()
    assert sum(len(model.requests) for model in models.values()) == 0
    assert products(root) == products(undisturbed)


def test_everything_but_the_ledger_is_made_again(undisturbed: Path, tmp_path: Path) -> None:
    root = shutil.copytree(undisturbed, tmp_path / "run")
    for name in ("index", "products", "report"):
        shutil.rmtree(root / name)
    models = story.models()
    asyncio.run(resume(root, models=models)).close()
    assert sum(len(model.requests) for model in models.values()) == 0
    assert products(root) == products(undisturbed)
    assert (root / "report" / "report.md").exists()


def test_a_budget_stops_the_run_and_it_goes_on(undisturbed: Path, tmp_path: Path) -> None:
    models = story.models()
    with pytest.raises(RunStopped, match="budget of 20 calls"):
        simulate_sync(story.scenario(concurrency=2), tmp_path, models=models, overrides=Overrides(max_calls=20))
    assert sum(len(model.requests) for model in models.values()) <= 24
    with open_run(tmp_path) as run:
        assert run.manifest["state"] == "stopped"
    asyncio.run(resume(tmp_path, models=story.models(), overrides=Overrides(max_calls=100_000))).close()
    assert products(tmp_path) == products(undisturbed)


def test_another_scenario_in_the_directory_is_refused_by_name(undisturbed: Path, tmp_path: Path) -> None:
    root = shutil.copytree(undisturbed, tmp_path / "run")
    with pytest.raises(RunDirectoryError, match=r"expand\.hops: 2 -> 1"):
        simulate_sync(story.scenario(expand={"hops": 1}), root, models=story.models())
    with pytest.raises(RunDirectoryError, match="another scenario"):
        simulate_sync(story.scenario(name="other"), root, models=story.models())
    assert products(root) == products(undisturbed)


def test_a_reply_that_is_never_valid_is_a_failure_row_and_the_run_goes_on(tmp_path: Path) -> None:
    models = story.models(tool_designer=lambda request: "I would rather not.")
    with simulate_sync(story.scenario(conversations=None, npcs=None), tmp_path, models=models) as run:
        assert run.tools == []
        lost = [failure for failure in run.failures if failure.role == "tool_designer"]
        assert len(lost) == len(run.cast)
        assert {failure.cause for failure in lost} == {"invalid"}
        assert all(failure.raw == "I would rather not." and failure.attempts for failure in lost)


def test_an_endpoint_that_dies_stops_the_run_and_the_resumed_one_is_whole(undisturbed: Path, tmp_path: Path) -> None:
    asked = 0

    def dying(request):
        nonlocal asked
        asked += 1
        return EndpointError("the endpoint is gone") if asked > 9 else story.relator(request)

    with pytest.raises(EndpointError, match="gone"):
        simulate_sync(story.scenario(concurrency=2), tmp_path, models=story.models(relator=dying))
    with open_run(tmp_path) as run:
        assert run.manifest["state"] == "failed"
        assert len(run.personas) > 16
    asyncio.run(resume(tmp_path, models=story.models())).close()
    with open_run(tmp_path) as run, open_run(undisturbed) as whole:
        assert {p.id for p in run.personas} == {p.id for p in whole.personas}
        assert not [failure for failure in run.failures if failure.cause == "endpoint"]


def test_a_wrong_key_stops_the_run_at_once(tmp_path: Path) -> None:
    models = story.models(extractor=lambda request: EndpointRefused("401: wrong key", hopeless=True))
    with pytest.raises(EndpointRefused, match="wrong key"):
        simulate_sync(story.scenario(concurrency=1), tmp_path, models=models)
    assert len(models["extractor"].requests) == 1


def test_progress_is_told_stage_by_stage(tmp_path: Path) -> None:
    seen: list[str] = []
    models = story.models()
    scenario = story.scenario(expand={"hops": 0}, conversations=None, npcs=None, tools=None)
    simulate_sync(
        scenario,
        tmp_path,
        models=models,
        listener=lambda e: seen.append(e.stage) if isinstance(e, StageEnded) else None,
    ).close()
    assert seen == ["extract", "cast", "pose", "report"]


def test_simulate_is_a_coroutine_for_notebooks(tmp_path: Path) -> None:
    async def main() -> int:
        scenario = story.scenario(expand={"hops": 0}, instructions=None, conversations=None, npcs=None, tools=None)
        with await simulate(scenario, tmp_path, models=story.models()) as run:
            return len(run.personas)

    assert asyncio.run(main()) == 16
