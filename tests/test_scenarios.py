"""Every scenario that is shipped runs to its end; six-hops reaches hop 6 and its graph is consistent."""

from pathlib import Path

import pytest
from story import responder

from simulator.assembly import load_scenario, simulate_sync
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.population.consistency import inconsistencies
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


def test_there_are_the_scenarios_that_the_readme_names() -> None:
    assert {"quickstart", "six-hops", "first-steps"} <= {path.stem for path in SCENARIOS}
