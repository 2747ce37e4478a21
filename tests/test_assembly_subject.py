"""Whole runs against an assistant under test: code, a graph, a model with each kind of tool; resumed without a call."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import story

from simulator.assembly import simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import InputError, RunDirectoryError, ScenarioError
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest

AGENT = """
CALLS = []

def reply(messages):
    CALLS.append(1)
    if "tax letter" in messages[-1]["content"]:
        raise LookupError("no tax letters")
    return f"Noted for the {len(messages)}th time, and passed on to the back office."
"""
SMALL = {"expand": {"hops": 0}, "cast": {"size": 4}, "npcs": None, "tools": None}
TALKS: dict[str, Any] = {"exchanges": 2, "count": 4}


def run(out: Path, assistant: Any, base: Path | None = None, **others: Any) -> Any:
    scenario = story.scenario(**SMALL, conversations={**TALKS, "assistant": assistant})
    scenario = scenario.model_copy(update={"base": base or story.ROOT})
    if base is not None:
        texts = scenario.texts.model_copy(update={"paths": (str(story.ROOT / "scenarios/texts"),)})
        scenario = scenario.model_copy(update={"texts": texts})
    return simulate_sync(scenario, out, models=story.models(**others))


def test_a_function_of_the_users_is_tested_and_not_called_again(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    with run(tmp_path / "run", {"use": "agent.py:reply", "version": "7"}, tmp_path) as made:
        assert len(made.conversations) == 4
        assert made.manifest["models"]["assistant"] == "python:agent.py:reply@7"
        assert all("Noted for the" in turn.content for one in made.conversations for turn in one.turns[1::2])
        module = next(
            m for name, m in sys.modules.items() if name.startswith("sixhop_user_agent_") and hasattr(m, "CALLS")
        )
        calls = len(module.CALLS)
        before = made.conversations
        made.ledger.close()
    with sqlite3.connect(tmp_path / "run/ledger.sqlite") as raw:  # as after a kill before the conversations ended
        raw.execute("DELETE FROM units WHERE stage = 'converse'")
        raw.execute("DELETE FROM products WHERE kind = 'conversation'")
    with asyncio.run(resume(tmp_path / "run", models=story.models())) as again:
        assert again.conversations == before
    assert len(module.CALLS) == calls
    with pytest.raises(RunDirectoryError, match=r"models\.assistant"):
        run(tmp_path / "run", {"use": "agent.py:reply", "version": "8"}, tmp_path)


def find(order: str) -> dict[str, str]:
    return {"order": order, "state": "on the van"}


def shop(request: ChatRequest) -> str:
    """Call each tool once, then tell what they said."""
    done = [one for one in request.thread if one["role"] == "tool"]
    if len(done) % 3 < 3 and request.thread[-1]["role"] == "user":
        names = ("find", "stock", "weather")
        calls = [{"id": "", "name": name, "arguments": {"order": "A-1"}} for name in names]
        return json.dumps({"content": "", "tool_calls": calls})
    told = " ".join(one["content"] for one in done[-3:])
    return json.dumps({"content": f"After {len(request.thread)} messages I know: {told}.", "tool_calls": []})


def tools(**wrong: Any) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
    returns = {"type": "object", "properties": {"rain": {"type": "boolean"}}, "required": ["rain"]}
    made = [
        {"name": "find", "parameters": schema, "python": "test_assembly_subject:find", **wrong},
        {"name": "stock", "parameters": schema, "canned": [{"when": {"order": "A-1"}, "result": {"left": 3}}]},
        {"name": "weather", "parameters": schema, "returns": returns},
    ]
    return json.loads(json.dumps(made))  # YAML would refer to what stands twice


def test_a_models_tools_are_functions_canned_or_played(tmp_path: Path) -> None:
    answers = iter(["it rains", '{"rain": 3}', *['{"rain": true}'] * 20])
    player = ScriptedModel(lambda request: next(answers))
    scenario = story.scenario(
        **SMALL, conversations={**TALKS, "count": 1, "assistant": {"tools": tools()}, "system": "Help."}
    )
    models = {**story.models(assistant=shop), "tool_player": player}
    with simulate_sync(scenario, tmp_path, models=models) as made:
        (talk,) = made.conversations
        results = [step for step in talk.turns[1].steps if step.role == "tool"]
        assert json.loads(results[0].content)["state"] == "on the van"
        assert json.loads(results[1].content) == {"left": 3}
        assert json.loads(results[2].content) == {"rain": True}  # drawn again after prose and after a number
        assert len(player.requests) == 2 + len(talk.turns) // 2


def test_what_cannot_be_used_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        run(tmp_path / "a", "gone.py:reply")
    with pytest.raises(ScenarioError, match="brings its own tools"):
        run(tmp_path / "b", {"use": "json:dumps", "tools": tools()})
    with pytest.raises(ScenarioError, match="no JSON Schema"):
        run(tmp_path / "c", {"tools": tools(parameters={"type": "objekt"})})
    assert not any((tmp_path / name).exists() for name in "abc"), "a run that cannot begin leaves no directory"
