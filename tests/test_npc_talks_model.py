"""The embedded model plays an NPC who uses a tool of its world, and its visitor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import story
import yaml

from simulator.assembly import simulate_sync
from simulator.scenario.load import parse_scenario
from simulator.tools.schema import argument_flaw, result_flaw

PEOPLE = ["A ferry captain who sails at night and writes poems.", "A baker who feeds the homeless of her street."]


@pytest.mark.model
def test_an_npc_of_the_embedded_model_uses_its_tool(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(json.dumps({"persona": text}) for text in PEOPLE), encoding="utf-8")
    sections = {
        "name": "small",
        "seed": 3,
        "personas": str(file),
        "cast": {"size": 2},
        "npcs": {"world": str(story.ROOT / "scenarios" / "worlds" / "saltmere")},
        "tools": {"of": "npcs", "count": 2},
        "conversations": {"partner": "npc", "tools": "designed", "exchanges": 1, "count": 2},
        "candidates": {"user": 2, "npc": 2, "npc_writer": 2, "npc_tool_designer": 3},
    }
    scenario = parse_scenario(yaml.safe_dump(sections), base=tmp_path)
    with simulate_sync(scenario, tmp_path / "run") as run:
        assert len(run.npcs) + len(run.tools) + len(run.conversations) >= 4, [one.message for one in run.failures]
        tools = {tool.name: tool for tool in run.tools}
        for talk in run.conversations:
            assert {turn.role for turn in talk.turns} == {"user", "assistant"}
            steps = [step for turn in talk.turns for step in turn.steps]
            for call in (call for step in steps for call in step.calls):
                assert argument_flaw(tools[call.name], call.arguments) is None
            for step in (one for one in steps if one.role == "tool"):
                assert result_flaw(tools[step.name], json.loads(step.content)) is None
        report = json.loads((run.directory.report / "report.json").read_text())
        assert report["cast_flaws"] == {}
        assert report["mentions"]["mentions"] > 0
