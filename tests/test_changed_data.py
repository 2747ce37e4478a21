"""Data of the package that was edited since a run: the roles that use it are named, and what they made is made anew."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import story
from test_assembly_revision import calls, products
from test_chosen_runs import SMALL, WORLD, small

from simulator.assembly import simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import RunDirectoryError
from simulator.llm.scripted import ScriptedModel
from simulator.prompts.data_file import DataFile
from simulator.prompts.template import load_prompt
from simulator.roles import npc_manners, tool_parts
from simulator.roles.data import data_of
from simulator.roles.guards import sides
from simulator.runs.events import Event, Note


@dataclass(frozen=True)
class Edited(DataFile):
    """A file with other words in the place of those that a pattern finds."""

    pattern: str
    other: str

    @property
    def text(self) -> str:
        text, times = re.subn(self.pattern, self.other, super().text)
        assert times
        return text


@dataclass(frozen=True)
class Edit:
    """Where a file is named, what is edited in it, and who uses it."""

    module: ModuleType
    name: str
    pattern: str
    other: str
    role: str
    stage: str


EDITS = {
    "manners": Edit(npc_manners, "BUILT_IN", r"\$first speaks", "$first always speaks", "npc_writer", "npcs"),
    "parts": Edit(tool_parts, "PARTS", r"depends: \[", "depends: [dry weather, ", "tool_designer", "tools"),
    "sides": Edit(sides, "WEIGHTS", r'"bias": [-.\d]+', '"bias": 90', "user", "converse"),
}
CACHES = (npc_manners._built_in, tool_parts._parts, tool_parts._kinds, sides.shipped)


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    for cache in CACHES:
        cache.cache_clear()


def apply(edit: Edit, patch: pytest.MonkeyPatch) -> None:
    file = getattr(edit.module, edit.name)
    patch.setattr(edit.module, edit.name, Edited(file.package, file.name, edit.pattern, edit.other))
    forget()


def scenario(**changes: Any) -> Any:
    people = {"expand": {"hops": 1, "per_persona": 1}, "cast": {"size": 4}, "dedup": {"cosine": None}}
    return story.scenario(**{**people, "prompts": SMALL, **changes})


def models() -> dict[str, ScriptedModel]:
    return story.models(npc_writer=small, tool_designer=small)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named_and_only_what_follows_from_it_is_made_anew(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, root, told = EDITS[name], tmp_path / "run", list[Event]()
    simulate_sync(scenario(), root, models=models()).close()
    before = products(root)
    apply(edit, monkeypatch)
    file = getattr(edit.module, edit.name).name
    with pytest.raises(RunDirectoryError, match=rf'data\.{edit.role}: "{file} [0-9a-f]{{12}}" -> "{file} ') as refused:
        asyncio.run(resume(root, models=models()))
    assert str(refused.value).count(" -> ") == 1, "nothing else is said to have changed"
    asked = models()
    asyncio.run(resume(root, models=asked, on_change="reuse", listener=told.append)).close()
    (said,) = [event.text for event in told if isinstance(event, Note)]
    assert said.startswith(f"what comes with Sixhop changed (data.{edit.role}: ")
    assert said.endswith(f": {edit.stage} and what follows from it is done anew")
    assert set(calls(asked)) <= {edit.role, "assistant"}, "what others said fits as before"
    simulate_sync(scenario(), tmp_path / "fresh", models=models()).close()
    assert products(root) == products(tmp_path / "fresh") != before


def test_a_run_begins_anew_with_the_data_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_sync(scenario(), tmp_path / "run", models=models()).close()
    apply(EDITS["parts"], monkeypatch)
    asyncio.run(resume(tmp_path / "run", models=models(), on_change="fresh")).close()
    simulate_sync(scenario(), tmp_path / "fresh", models=models()).close()
    assert products(tmp_path / "run") == products(tmp_path / "fresh")
    assert (tmp_path / "run" / "ledger-1.sqlite").exists()


def test_a_run_that_uses_none_of_it_goes_on_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capable = scenario(prompts={}, conversations=None)
    simulate_sync(capable, tmp_path, models=story.models()).close()
    for edit in EDITS.values():
        apply(edit, monkeypatch)
    asked, told = story.models(), list[Event]()
    asyncio.run(resume(tmp_path, models=asked, listener=told.append)).close()
    assert calls(asked) == {}
    assert [event for event in told if isinstance(event, Note)] == []


def test_a_run_of_an_older_version_goes_on_and_says_once_what_is_not_known(tmp_path: Path) -> None:
    simulate_sync(scenario(), tmp_path, models=models()).close()
    before = products(tmp_path)
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    (kept,) = connection.execute("SELECT value FROM meta WHERE key = 'fingerprint'").fetchone()
    parts = {name: value for name, value in json.loads(kept).items() if name != "data"}
    with connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (json.dumps(parts),))
        connection.execute("DELETE FROM meta WHERE key = 'data'")
    connection.close()
    notes = []
    for _ in range(2):
        asked, told = models(), list[Event]()
        asyncio.run(resume(tmp_path, models=asked, listener=told.append)).close()
        assert calls(asked) == {}
        notes.append([event.text for event in told if isinstance(event, Note)])
    (said,), again = notes
    assert "did not keep what was in sides.json (user), manners.yaml (npc_writer), tool_parts.yaml (tool_desig" in said
    assert again == []
    assert products(tmp_path) == before


def test_only_who_chooses_from_a_file_or_is_judged_by_it_depends_on_it() -> None:
    def used(role: str, variant: Any, **more: Any) -> str:
        file = data_of(role, load_prompt(role, variant), **{"world": WORLD, **more})
        return file.name if file else ""

    small = {role: used(role, "small") for role in ("npc_writer", "npc", "npc_tool_designer", "tool_designer", "poser")}
    assert small == {
        "npc_writer": "manners.yaml", "npc": "manners.yaml", "poser": "",
        "npc_tool_designer": "tool_parts.yaml", "tool_designer": "tool_parts.yaml",
    }  # fmt: skip
    assert {used(role, "standard") for role in small} == {""}
    elsewhere = WORLD.model_copy(update={"language": "de"})
    assert used("npc_writer", "small", world=elsewhere) == "", "there are no built-in manners in German"
    assert used("user", "standard") == used("user", "small") == "sides.json"
    assert used("user", "small", among_people=True) == ""
