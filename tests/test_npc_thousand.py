"""A cast of a thousand NPCs: one run with scripted replies, consistent as a whole."""

from collections import Counter
from pathlib import Path

import pytest
from npc_cases import cast_of, flaws_of_all, writer
from story import models

from simulator.assembly import simulate_sync


@pytest.mark.slow
def test_a_thousand_npcs_are_one_cast(tmp_path: Path) -> None:
    wanted = cast_of(1200, tmp_path)
    with simulate_sync(wanted, tmp_path / "run", models=models(npc_writer=writer)) as run:
        npcs, flaws = run.npcs, flaws_of_all(run)
    assert len(npcs) >= 1000
    assert flaws == []
    assert sum(len(npc.ties) > 0 for npc in npcs) > 100, "the graph carries over"
    errands = [npc for npc in npcs if npc.steps and npc.steps[-1].to != npc.id]
    assert len(errands) > 20, "quests run along edges"
    place = {npc.id: npc.place for npc in npcs}
    assert all(place[npc.steps[-1].to] not in (npc.place, npc.steps[0].place) for npc in errands), "and lead elsewhere"
    trades = Counter(npc.occupation for npc in npcs)
    assert max(trades.values()) < len(npcs) / 4, "no trade has everybody"
