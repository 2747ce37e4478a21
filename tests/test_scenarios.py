"""Every scenario that is shipped runs to its end; six-hops reaches hop 6 and its graph is consistent."""

import json
from pathlib import Path

import pytest
from story import responder

from simulator.assembly import load_scenario, simulate_sync
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.population.graph.consistency import inconsistencies
from simulator.settings import Settings

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=[path.stem for path in SCENARIOS])
def test_it_runs_to_its_end(path: Path, tmp_path: Path) -> None:
    scenario = load_scenario(path)
    with in_thread(FakeServer(responder)) as server:
        settings = Settings.from_environ({"SIXHOP_MODEL": f"{server.url}#fake"})
        with simulate_sync(scenario, tmp_path, settings=settings) as run:
            assert run.manifest["state"] == "done"
            assert inconsistencies(run.graph()) == []
            assert max(persona.hop for persona in run.personas) == scenario.expand.hops
            assert len(run.conversations) > 0 or scenario.conversations is None
            assert all(relation.hop <= 6 for relation in run.relations)


def test_saltmere_is_one_story(tmp_path: Path) -> None:
    """Texts, people, their NPCs, these ones' tools, and talks in which they use them: whatever is named exists."""
    with in_thread(FakeServer(responder)) as server:
        settings = Settings.from_environ({"SIXHOP_MODEL": f"{server.url}#fake"})
        with simulate_sync(load_scenario(SCENARIOS[0].parent / "saltmere.yaml"), tmp_path, settings=settings) as run:
            report = json.loads((run.directory.report / "report.json").read_text())
            tools = {tool.name for tool in run.tools}
            calls = [
                call for talk in run.conversations for turn in talk.turns for one in turn.steps for call in one.calls
            ]
            assert report["cast_flaws"] == {}
            assert report["mentions"]["mentions"] > 20
            assert report["mentions"]["unknown"] == {}
            assert {call.name for call in calls} <= tools
            assert calls
            assert {talk.npc for talk in run.conversations} <= {npc.id for npc in run.npcs}
            assert {persona for tool in run.tools for persona in tool.personas} <= {npc.persona for npc in run.npcs}


def test_there_are_the_scenarios_that_the_readme_names() -> None:
    assert {"quickstart", "six-hops", "first-steps"} <= {path.stem for path in SCENARIOS}
