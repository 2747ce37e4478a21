"""A scenario that is edited between two executions: what changed is named, and what still fits is not paid for again."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import story
import yaml

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.kept import kept_scenario
from simulator.assembly.simulate import resume
from simulator.errors import RunDirectoryError, ScenarioError
from simulator.llm.scripted import ScriptedModel
from simulator.runs.events import Event, Note

PROMPT = (story.ROOT / "simulator" / "prompts" / "poser.md").read_text(encoding="utf-8")


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def calls(models: dict[str, ScriptedModel]) -> dict[str, int]:
    return {role: len(model.requests) for role, model in models.items() if model.requests}


def small(**changes: Any) -> Any:
    return story.scenario(**{"expand": {"hops": 1, "per_persona": 1}, "cast": {"size": 4}, **changes})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("before") / "run"
    simulate_sync(small(), root, models=story.models()).close()
    return root


@pytest.fixture
def run(before: Path, tmp_path: Path) -> Path:
    return shutil.copytree(before, tmp_path / "run")


CHANGES: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "the pace": ({"concurrency": 2, "budget": {"max_calls": 9999}, "description": "other words"}, "", set()),
    "tools": ({"tools": {"per_persona": 2}}, "tools.per_persona: 1 -> 2", {"tool_designer"}),
    "the cast": (
        {"cast": {"size": 5}},
        "cast.size: 4 -> 5",
        {"poser", "user", "assistant", "npc_writer", "tool_designer"},
    ),
    "a section less": ({"npcs": None}, "npcs: ", set()),
    "another hop": (
        {"expand": {"hops": 2, "per_persona": 1}},
        "expand.hops: 1 -> 2",
        {"relator", "poser", "user", "assistant", "npc_writer", "tool_designer"},
    ),
    "fewer talks": ({"conversations": {"exchanges": 3, "count": 3}}, "conversations.count: 5 -> 3", set()),
    "the thresholds": ({"dedup": {"jaccard": 0.4}}, "dedup.jaccard: 0.9 -> 0.4", set(story.SCRIPTS) - {"extractor"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_reused_run_is_the_run_of_the_edited_scenario_for_less(run: Path, tmp_path: Path, name: str) -> None:
    """Whatever was edited: the products are those of a new run, and only what is new is asked for."""
    edited, message, asked = CHANGES[name]
    scenario, models, told = small(**edited), story.models(), list[Event]()
    if message:
        with pytest.raises(RunDirectoryError, match="reuse") as refused:
            simulate_sync(scenario, run, models=models)
        assert message in str(refused.value)
        assert calls(models) == {}
    simulate_sync(scenario, run, models=models, on_change="reuse", listener=told.append).close()
    assert any(isinstance(event, Note) and message in event.text for event in told) == bool(message)
    assert set(calls(models)) <= asked
    fresh, everything = tmp_path / "fresh", story.models()
    simulate_sync(scenario, fresh, models=everything).close()
    assert products(run) == products(fresh)
    assert sum(calls(models).values()) < sum(calls(everything).values()) * 0.8


def test_a_changed_seed_does_everything_anew(run: Path, tmp_path: Path) -> None:
    models = story.models()
    simulate_sync(small(seed=6), run, models=models, on_change="reuse").close()
    simulate_sync(small(seed=6), tmp_path / "fresh", models=story.models()).close()
    assert products(run) == products(tmp_path / "fresh")


def test_fresh_begins_anew_and_sets_the_old_record_aside(run: Path, before: Path) -> None:
    models = story.models()
    simulate_sync(small(tools={"per_persona": 2}), run, models=models, on_change="fresh").close()
    assert set(calls(models)) == set(story.SCRIPTS) & set(calls(models))
    assert calls(models)["extractor"]
    (run / "aside").mkdir()
    (run / "ledger-1.sqlite").rename(run / "aside" / "ledger.sqlite")
    with open_run(run / "aside") as old, open_run(before) as whole:
        assert old.personas == whole.personas
        assert old.tools == whole.tools


def test_texts_that_changed_are_named(run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(story.ROOT / "scenarios" / "texts", tmp_path / "texts")
    gone = sorted(path for path in folder.iterdir() if path.suffix == ".txt")[-1]
    gone.unlink()
    (folder / "zz-new.txt").write_text("The lamp lighter's notes on wicks, oil and the wind at the third bridge.")
    changed = small(texts={"paths": str(folder)})
    with pytest.raises(RunDirectoryError) as refused:
        simulate_sync(changed, run, models=story.models())
    assert gone.name in str(refused.value)
    assert "zz-new.txt" in str(refused.value)
    models = story.models()
    simulate_sync(changed, run, models=models, on_change="reuse").close()
    assert calls(models)["extractor"] <= 4, "texts that stayed were paid for again"


def test_a_prompt_of_the_users_own_that_changed_is_named_and_taken(before: Path, tmp_path: Path) -> None:
    own = tmp_path / "poser.md"
    own.write_text(PROMPT, encoding="utf-8")
    scenario, root = small(prompts={"poser": str(own)}), tmp_path / "run"
    simulate_sync(scenario, root, models=story.models()).close()
    own.write_text(PROMPT.replace("# user", "Be brief.\n\n# user", 1), encoding="utf-8")
    with pytest.raises(RunDirectoryError, match=r"prompts\.poser: "):
        simulate_sync(scenario, root, models=story.models())
    asyncio.run(resume(root, models=story.models())).close()  # the directory has what it began with
    models = story.models()
    simulate_sync(scenario, root, models=models, on_change="reuse").close()
    assert set(calls(models)) == {"poser"}
    assert products(root)["personas.jsonl"] == products(before)["personas.jsonl"]


def test_resume_takes_an_edit_of_the_directorys_scenario(run: Path, tmp_path: Path) -> None:
    path = run / "scenario.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "tools": {"per_persona": 2}}))
    with pytest.raises(RunDirectoryError, match=r"tools\.per_persona: 1 -> 2"):
        asyncio.run(resume(run, models=story.models()))
    asyncio.run(resume(run, models=story.models(), on_change="reuse")).close()
    simulate_sync(small(tools={"per_persona": 2}), tmp_path / "fresh", models=story.models()).close()
    assert products(run) == products(tmp_path / "fresh")


def test_an_edit_that_is_no_scenario_names_the_place_and_changes_nothing(run: Path) -> None:
    path = run / "scenario.yaml"
    path.write_text(path.read_text().replace("hops: 1", "hops: 9"))
    with pytest.raises(ScenarioError, match=r"expand\.hops"):
        kept_scenario(run)
    path.unlink()
    assert kept_scenario(run).expand.hops == 1


def test_another_scenario_is_refused_whatever_is_asked(run: Path, before: Path) -> None:
    with pytest.raises(RunDirectoryError, match="another scenario"):
        simulate_sync(small(name="other"), run, models=story.models(), on_change="fresh")
    assert products(run) == products(before)


def test_what_to_do_is_one_of_three(run: Path) -> None:
    with pytest.raises(RunDirectoryError, match="allowed: refuse, reuse, fresh"):
        simulate_sync(small(), run, models=story.models(), on_change="maybe")  # type: ignore[arg-type]


def test_resume_takes_edited_transcripts(tmp_path: Path) -> None:
    for name, words in (("one", "How do I keep the deck dry?"), ("two", "Which rope should I buy?")):
        said = [{"role": "user", "content": words}, {"role": "assistant", "content": "Use linseed oil."}]
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"messages": said}) + "\n")
    talks = {"exchanges": 1, "least": 1, "flawed": "keep", "situations": [{"name": "x"}]}
    sections: dict[str, Any] = {"expand": {"hops": 0}, "cast": {"size": 1}, "instructions": None}
    sections |= {"npcs": None, "tools": None, "conversations": talks}
    root = tmp_path / "run"
    simulate_sync(story.scenario(**sections), root, models=story.models()).close()
    scenario = yaml.safe_load((root / "scenario.yaml").read_text())
    for name, words in (("one", "How do I keep the deck dry?"), ("two", "Which rope should I buy?")):
        scenario["conversations"]["transcripts"] = str(tmp_path / f"{name}.jsonl")
        (root / "scenario.yaml").write_text(json.dumps(scenario))
        with pytest.raises(RunDirectoryError, match=r"conversations\.transcripts: .* -> .*1 transcripts"):
            asyncio.run(resume(root, models=story.models()))
        with asyncio.run(resume(root, models=story.models(), on_change="reuse")) as run:
            assert [conversation.turns[0].content for conversation in run.conversations] == [words]
            assert not run.failures
