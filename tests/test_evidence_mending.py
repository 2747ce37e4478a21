"""What checks turned down, and whether it was mended, is counted for NPCs and tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import story

from simulator.assembly import simulate_sync
from simulator.evidence.mending import mending, mending_lines


def test_replies_that_checks_turned_down_are_counted_with_what_became_of_their_units(tmp_path: Path) -> None:
    lost: list[str] = []

    def writer(request: Any) -> str:
        asked, repair = story.about(request), "<persona>" not in request.messages[-1].content
        name = next(line for line in asked.splitlines() if line.startswith("Name: "))
        flawed = json.dumps(
            {**json.loads(story.npc_writer(request)), "greeting": "He greets nobody who passes along here."}
        )
        if story.number(name) % 3 == 0:
            lost.append(name)
            return flawed
        return (
            flawed if story.number(name) % 3 == 1 and not request.attempt and not repair else story.npc_writer(request)
        )

    wanted = story.scenario(cast={"size": 12}, instructions=None, conversations=None, tools=None)
    with simulate_sync(wanted, tmp_path, models=story.models(npc_writer=writer)) as run:
        rows = {row.check: row for row in mending(run.ledger)}
        row = rows["not_speech"]
        gone = len(set(lost))
        assert gone > 0
        assert 0 < row.units - row.mended <= gone == sum(one.stage == "npcs" for one in run.failures)
        assert row.rejected > row.units > row.mended > 0
        report = (run.directory.report / "report.md").read_text()
    assert f"| npc_writer | not_speech | {row.rejected} | {row.units} | {row.mended} |" in report
    assert list(mending_lines([row]))[2].startswith("| npc_writer | not_speech |")
