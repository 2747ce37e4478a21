"""Every path of a scenario may begin with ``~``; whose home is not known is told with the place in the scenario."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import story
import yaml

from simulator.assembly.inputs import read_inputs
from simulator.assembly.preview import preview
from simulator.errors import UsageError
from simulator.scenario.load import load_scenario
from simulator.settings import Settings

AGENT = "def reply(messages):\n    return 'yes'\n\ndef fine(conversation, state):\n    return True\n"
TALK = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes?"}]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home directory with all that a scenario can name, and a scenario's folder beside it."""
    folder = tmp_path / "home"
    shutil.copytree(story.ROOT / "scenarios/worlds/saltmere", folder / "world")
    (folder / "a.txt").write_text("A text about nets and tides. " * 5)
    (folder / "people.jsonl").write_text('{"persona": "a lock keeper who keeps pigeons"}\n')
    shutil.copy(story.ROOT / "simulator/prompts/poser.md", folder / "poser.md")
    (folder / "situations.yaml").write_text("- {name: leak, goal: have the roof mended}\n")
    (folder / "talks.jsonl").write_text(json.dumps(TALK) + "\n")
    (folder / "agent.py").write_text(AGENT)
    (folder / "model.gguf").write_bytes(b"GGUF" + b"\0" * 64)
    monkeypatch.setenv("HOME", str(folder))
    (tmp_path / "scenarios").mkdir()
    return folder


def sections(place: str) -> dict[str, Any]:
    text = json.dumps(
        {
            "texts": {"paths": "PLACE/a.txt"},
            "personas": {"paths": "PLACE/people.jsonl"},
            "prompts": {"poser": "PLACE/poser.md"},
            "instructions": {},
            "npcs": {"world": "PLACE/world"},
            "models": {"default": "gguf:PLACE/model.gguf"},
            "conversations": {
                "situations": "PLACE/situations.yaml",
                "transcripts": "PLACE/talks.jsonl",
                "assistant": {"use": "PLACE/agent.py:reply"},
                "checks": [{"python": "PLACE/agent.py:fine"}],
            },
        }
    )
    named: dict[str, Any] = json.loads(text.replace("PLACE", place))
    return {"name": "at-home", **named}


def written(home: Path, content: dict[str, Any]) -> Path:
    path = home.parent / "scenarios" / "story.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_every_path_may_begin_with_the_home_directory(home: Path) -> None:
    loaded = load_scenario(written(home, sections("~")))
    assert preview(loaded, Settings.from_environ({})).problems == ()
    inputs = read_inputs(loaded)
    assert (len(inputs.texts), len(inputs.personas), len(inputs.transcripts)) == (1, 1, 1)
    assert inputs.world is not None
    assert inputs.world.name == "saltmere"
    assert "poser" in inputs.prompts


def test_a_tool_may_stand_in_the_home_directory(home: Path) -> None:
    tool = {"name": "look", "python": "~/agent.py:reply"}
    content = sections("~")
    content["conversations"]["assistant"] = {"use": "openai:gpt-5-mini", "tools": [tool]}
    loaded = load_scenario(written(home, content))
    assert preview(loaded, Settings.from_environ({"OPENAI_API_KEY": "k"})).problems == ()


@pytest.mark.parametrize(
    "place", ["texts", "personas", "prompts", "npcs", "models", "situations", "transcripts", "assistant", "checks"]
)
def test_a_home_that_is_not_known_is_told_with_its_place(home: Path, place: str) -> None:
    content, strange = sections("~"), sections("~nobody-of-that-name")
    if place in content:
        content[place] = strange[place]
    else:
        content["conversations"][place] = strange["conversations"][place]
    path = written(home, content)
    if place == "situations":
        with pytest.raises(UsageError) as caught:
            load_scenario(path)
        problems = [str(caught.value)]
    else:
        problems = [str(problem) for problem in preview(load_scenario(path), Settings.from_environ({})).problems]
    (problem,) = problems
    assert "whose home that is is not known; write the whole path" in problem
    assert "~nobody-of-that-name" in problem
