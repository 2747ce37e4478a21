"""What an attacker may write into files: YAML, paths, links, sizes; and what comes of it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import story
from attack_cases import ROOT, written

from simulator.assembly import simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import InputError, PromptError, RunDirectoryError, ScenarioError, UsageError
from simulator.prompts.template import parse_prompt
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.scenario.load import parse_scenario
from simulator.scenario.sources import Texts
from simulator.scenario.texts import read_texts
from simulator.scenario.world import load_world

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)
TAGS = (
    "name: !!python/object/apply:os.system ['touch pwned']",
    "name: !!python/name:os.system",
    "name: !!python/object/new:type {}",
    "name: !custom x",
)


@pytest.mark.parametrize("text", [BOMB, *TAGS, "a: " + "[" * 5000, "? " * 3000, "a: &a {b: *a}"])
def test_yaml_is_data_and_cannot_explode(text: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(text, base=tmp_path)
    (tmp_path / "world.yaml").write_text(text)
    with pytest.raises(InputError):
        load_world(tmp_path)
    with pytest.raises(PromptError):
        parse_prompt(f"---\n{text}\n---\n# system\nx\n# user\n$text\n", "poser", "standard")
    assert not Path("pwned").exists()


PATHS = (
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "a\0b",
    "\0",
    "/dev/zero",
    "/dev/stdin",
    "~root",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_to_something_else_is_refused_in_every_field(path: str, tmp_path: Path) -> None:
    text = written(tmp_path, [{"text": "A letter."}])
    (tmp_path / "world").mkdir()
    base: dict[str, Any] = {"texts": {"paths": str(text)}, "expand": None, "npcs": None, "cast": None}
    changes: list[dict[str, Any]] = [
        {"texts": {"paths": path}},
        {"prompts": {"poser": path}, "instructions": {}},
        {"npcs": {"world": path}},
        {"models": {"default": f"gguf:{path}"}},
    ]
    for change in changes:
        scenario = story.scenario(**{**base, "instructions": None, "conversations": None, "tools": None, **change})
        models = None if "models" in change else story.models()
        with pytest.raises(UsageError) as refused:
            simulate_sync(scenario, tmp_path / "run", models=models)
        assert "root:x:" not in str(refused.value), "the error tells what is in the file"


def test_lore_that_is_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    world = shutil.copytree(ROOT / "scenarios" / "worlds" / "saltmere", tmp_path / "world")
    secret = tmp_path / "secret.md"
    secret.write_text("the secret")
    (world / "lore.md").unlink(missing_ok=True)
    (world / "lore.md").symlink_to(secret)
    text = (world / "world.yaml").read_text(encoding="utf-8")
    (world / "world.yaml").write_text(re.sub(r"^lore:.*$(\n[ \n].*$)*", "lore: lore.md", text, flags=re.MULTILINE))
    with pytest.raises(InputError, match="outside the world's folder"):
        load_world(world)


@pytest.mark.parametrize(
    "part", ["ledger.sqlite", "scenario.yaml", "manifest.json", "products", "index", "logs", ".lock"]
)
def test_a_run_directory_with_links_out_of_it_is_refused(part: str, tmp_path: Path) -> None:
    root, precious = tmp_path / "run", tmp_path / "precious"
    scenario = story.scenario(expand={"hops": 0}, conversations=None, npcs=None, tools=None, instructions=None)
    simulate_sync(scenario, root, models=story.models()).close()
    (root / part).rename(precious)
    (root / part).symlink_to(precious)
    before = {path: path.read_bytes() for path in [precious, *precious.rglob("*")] if path.is_file()}
    with pytest.raises(RunDirectoryError, match=r"symbolic link|not writable"):
        asyncio.run(resume(root, models=story.models()))
    with pytest.raises(RunDirectoryError, match=r"symbolic link|not writable"):
        simulate_sync(scenario, root, models=story.models())
    assert {path: path.read_bytes() for path in [precious, *precious.rglob("*")] if path.is_file()} == before


def test_a_file_is_not_written_through_a_link_that_waits_for_it(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / ".manifest.json.part").symlink_to(precious)
    write_atomically(tmp_path / "manifest.json", b"{}")
    assert precious.read_text() == "mine"
    assert (tmp_path / "manifest.json").read_bytes() == b"{}"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(precious)
    with pytest.raises(RunDirectoryError), RunDirectory(tmp_path / "run").held():
        pass
    assert precious.read_text() == "mine"


def test_rows_of_ten_megabytes_are_recorded_and_the_others_are_read(tmp_path: Path) -> None:
    big = "x" * 10_000_000
    rows = [{"text": big}, {"text": "A letter."}, {"other": big}, {"text": [big]}, {"text": {"a": big}}, big]
    texts, failures = read_texts(Texts(paths=(str(written(tmp_path, rows)),)), tmp_path)
    assert [text.text for text in texts] == ["A letter."]
    assert len(failures) == 5
    assert all(len(failure.message) < 300 and len(failure.raw) < 10_000 for failure in failures)


def test_a_reply_of_ten_megabytes_is_a_failure_and_not_a_product(tmp_path: Path) -> None:
    models = story.models(poser=lambda request: json.dumps({"instruction": "why " * 2_500_000}))
    scenario = story.scenario(expand={"hops": 0}, cast={"size": 2}, conversations=None, npcs=None, tools=None)
    with simulate_sync(scenario, tmp_path, models=models) as run:
        assert run.instructions == []
        assert {failure.role for failure in run.failures} == {"poser"}
