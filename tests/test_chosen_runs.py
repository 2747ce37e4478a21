"""Whole runs with the prompts of the small model: what is offered is settled for the cast, chosen, and exported."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import story

from simulator.assembly import Run, simulate_sync
from simulator.evidence.npc_cast import cast_flaws
from simulator.exports.formats import FORMATS
from simulator.scenario.world import load_world
from simulator.tools.schema import argument_flaw, result_flaw

SMALL = {role: f"simulator/prompts/{role}.small.md" for role in ("npc_writer", "tool_designer", "npc_tool_designer")}
WORLD = load_world(story.ROOT / "scenarios" / "worlds" / "saltmere")
LOOKS = [
    "salt and lamp oil",
    "a belt with nine keys",
    "a tin of chalk",
    "old rope and tar",
    "a scarf full of fish scales",
]


def small(request: Any) -> str:
    """Choose one of what a grammar allows; go on from what is begun where nothing is to be chosen."""
    grammar = request.sampling.extra.get("grammar", "")
    if grammar:
        options = [json.loads(one) for one in re.findall(r'"(?:[^"\\]|\\.)*"', grammar)]
        return str(options[(request.seed or 0) % len(options)])
    begun = request.messages[-1].content
    if "smells of" in begun or "wears" in begun or "full of" in begun or "carries" in begun:
        return f"{begun} {story.pick(LOOKS, begun)}."
    return f"{begun} nobody tells it better."


def run_of(folder: Path, **changes: Any) -> Run:
    sections = {"prompts": SMALL, "instructions": None, "conversations": None, "dedup": {"cosine": None}, **changes}
    models = story.models(npc_writer=small, tool_designer=small, npc_tool_designer=small)
    return simulate_sync(story.scenario(**sections), folder, models=models)


def test_a_cast_that_is_chosen_is_a_whole_and_nobody_is_like_the_next(tmp_path: Path) -> None:
    bodies = []
    for concurrency in (1, 32):
        with run_of(tmp_path / str(concurrency), concurrency=concurrency, tools={"of": "npcs"}) as run:
            bodies.append([list(run.ledger.products(kind)) for kind in ("npc", "tool")])
            npcs, tools = run.npcs, run.tools
            assert cast_flaws(npcs, WORLD) == []
            offered = [unit.inputs["offers"] for unit, _ in run.ledger.results("npcs")]
    assert bodies[0] == bodies[1]
    assert len(npcs) == 8
    for npc in npcs:
        assert all((npc.personality, npc.background, npc.quest, npc.greeting, npc.voice, npc.meeting)), npc
        assert len(npc.lines) >= 2
        assert npc.place in npc.meeting
        assert npc.steps[-1].place in npc.quest, "the text and the steps of a quest end at the same place"
    for field in ("voice", "meeting", "personality", "background"):
        assert len({getattr(npc, field).split(" ", 1)[1] for npc in npcs}) == len(npcs)
    assert all(set(one) >= {"voice", "meeting", "lines"} for one in offered)
    assert len(tools) >= 6
    times = {value for tool in tools for one in tool.parameters for value in one.enum}
    assert times & set(WORLD.times), "times of the world are the only ones that an argument can have"


def test_tools_that_are_chosen_go_into_every_export(tmp_path: Path) -> None:
    with run_of(tmp_path / "run", npcs=None, tools={"per_persona": 2}) as run:
        needs = [unit.inputs["needs"] for unit, _ in run.ledger.results("tools")]
        assert all(len(some) == 3 for some in needs)
        assert len(run.tools) >= 12
        assert [one for one in run.failures if one.stage == "tools"] == []
        for tool in run.tools:
            assert tool.errors
            assert tool.dependencies
            assert len(tool.examples) == 2
            for one in tool.examples:
                assert argument_flaw(tool, one.arguments) is result_flaw(tool, one.result) is None
        for to in ("openai", "openai-strict", "mcp", "langchain", "xlam"):
            FORMATS[to].write(run.ledger, tmp_path / "out" / to)
    rows = [json.loads(line) for line in next((tmp_path / "out" / "xlam").rglob("*.jsonl")).read_text().splitlines()]
    for row in rows:
        (answer,) = json.loads(row["answers"])
        assert answer["name"] in {tool["name"] for tool in json.loads(row["tools"])}
        assert "$" not in row["query"]
        said = {str(value) for value in answer["arguments"].values() if not isinstance(value, bool)}
        assert all(value in row["query"] for value in said), "a query has all that its call needs"


def test_capable_models_are_offered_nothing(tmp_path: Path) -> None:
    with simulate_sync(story.scenario(instructions=None, conversations=None), tmp_path, models=story.models()) as run:
        assert all(unit.inputs["offers"] == {} for unit, _ in run.ledger.results("npcs"))
        assert all(unit.inputs["needs"] == [] for unit, _ in run.ledger.results("tools"))
