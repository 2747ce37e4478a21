"""A cast of a thousand NPCs: one run with scripted replies, consistent as a whole."""

import json
from collections import Counter
from pathlib import Path

import pytest
from story import models, npc_writer, pick, scenario, someone

from simulator.assembly import simulate_sync
from simulator.evidence.npc_cast import cast_flaws
from simulator.models.npc import Npc
from simulator.scenario.world import load_world

WORLDS = Path(__file__).parents[1] / "scenarios" / "worlds"
SIGHTS = [
    "gulls",
    "kelp smoke",
    "wet rope",
    "lamp oil",
    "old paper",
    "fresh bread",
    "tar",
    "rain",
    "copper",
    "salt eels",
    "ink",
    "cold stone",
]


def writer(request) -> str:
    """The story's NPCs, each with something of its own, so that few are too near to another."""
    asked = request.model_copy(update={"messages": request.messages[:2]})  # a repair turn tells no seat
    draft = json.loads(npc_writer(asked))
    text = f"{asked.messages[1].content}{request.attempt}"
    parts = [pick(SIGHTS, text, number) for number in range(4)]
    draft["personality"] += f" Nothing is dearer to them than {parts[0]} and {someone(text, 1).split(' who ')[1]}."
    draft["background"] += f" The {parts[1]} of {someone(text, 2).split(' aged ')[1]} is in every story told there."
    return json.dumps(draft)


@pytest.mark.slow
def test_a_thousand_npcs_are_one_cast(tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    lines = (
        json.dumps({"text": f"{someone('text', number)} writes page {number} of a diary."}) for number in range(900)
    )
    texts.write_text("\n".join(lines), encoding="utf-8")
    wanted = scenario(
        texts={"paths": str(texts)},
        expand={"hops": 1, "per_persona": 1},
        cast={"size": 1200},
        npcs={"world": str(WORLDS / "saltmere"), "count": 1200},
        instructions=None,
        conversations=None,
        tools=None,
        concurrency=32,
    )
    with simulate_sync(wanted, tmp_path / "run", models=models(npc_writer=writer)) as run:
        npcs = [Npc.model_validate(body) for body in run.ledger.products("npc")]
    assert len(npcs) >= 1000
    known = {npc.id for npc in npcs}
    whole = [npc.model_copy(update={"ties": tuple(tie for tie in npc.ties if tie.npc in known)}) for npc in npcs]
    flaws = [flaw for flaw in cast_flaws(whole, load_world(WORLDS / "saltmere")) if "who is not at" not in flaw.message]
    assert flaws == []
    assert sum(len(npc.ties) > 0 for npc in whole) > 100, "the graph carries over"
    errands = [npc for npc in whole if npc.steps and npc.steps[-1].to != npc.id]
    assert len(errands) > 20, "quests run along edges"
    trades = Counter(npc.occupation for npc in npcs)
    assert max(trades.values()) < len(npcs) / 4, "no trade has everybody"
