"""The embedded model finds people who fit their text: grounding@1 over twenty texts of twenty trades."""

import json
from pathlib import Path

import pytest

from simulator.assembly import simulate_sync
from simulator.scenario.load import parse_scenario

DATA = Path(__file__).parent / "data"
SCENARIO = """
name: trades
texts: {paths: trades.jsonl, questions: [write]}
candidates: {extractor: 14}
seed: 3
"""


@pytest.mark.model
@pytest.mark.slow
def test_nine_of_ten_personas_are_nearest_to_their_own_text(tmp_path: Path) -> None:
    scenario = parse_scenario(SCENARIO, base=DATA)
    with simulate_sync(scenario, tmp_path) as run:
        report = json.loads((run.directory.report / "report.json").read_text(encoding="utf-8"))
        described = "\n".join(f"{persona.source} {persona.text}" for persona in run.personas)
        assert len(run.personas) >= 18, described
        assert report["grounding"] >= 0.9, described
