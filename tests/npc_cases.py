"""A cast of a thousand NPCs with scripted replies: the scenario, the writer, and every check done again."""

from __future__ import annotations

import json
from pathlib import Path

from story import about, npc_writer, pick, scenario, someone

from simulator.assembly.run import Run
from simulator.evidence.npc_cast import cast_flaws
from simulator.models.message import ChatRequest, Message
from simulator.roles.npc_writer import npc_writer as writer_of
from simulator.scenario.schema import Scenario
from simulator.scenario.world import load_world

__all__ = ["WORLD", "cast_of", "flaws_of_all", "writer"]

WORLD = Path(__file__).parents[1] / "scenarios" / "worlds" / "saltmere"
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


def writer(request: ChatRequest) -> str:
    """The story's NPCs, each with something of its own, so that few are too near to another."""
    told = Message(role="user", content=about(request))  # a repair turn tells no seat
    draft = json.loads(npc_writer(request.model_copy(update={"messages": (told,)})))
    text = f"{told.content}{request.attempt}"
    parts = [pick(SIGHTS, text, number) for number in range(4)]
    draft["personality"] += f" Nothing is dearer to them than {parts[0]} and {someone(text, 1).split(' who ')[1]}."
    draft["background"] += f" The {parts[1]} of {someone(text, 2).split(' aged ')[1]} is in every story told there."
    return json.dumps(draft)


def cast_of(count: int, folder: Path) -> Scenario:
    """Return a scenario in which ``count`` people, three of four from texts in ``folder``, become NPCs of Saltmere."""
    texts = folder / "texts.jsonl"
    lines = (
        json.dumps({"text": f"{someone('text', number)} writes page {number} of a diary."})
        for number in range(count * 3 // 4)
    )
    texts.write_text("\n".join(lines), encoding="utf-8")
    return scenario(
        texts={"paths": str(texts)},
        expand={"hops": 1, "per_persona": 1},
        cast={"size": count},
        npcs={"world": str(WORLD), "count": count},
        instructions=None,
        conversations=None,
        tools=None,
        concurrency=32,
    )


def flaws_of_all(run: Run) -> list[str]:
    """Return what does not hold of the NPCs of a run: in the cast as a whole, and in each one's texts by the role's checks."""
    world = load_world(WORLD)
    told = [f"{flaw.npc}: {flaw.message}" for flaw in cast_flaws(run.npcs, world)]
    role = writer_of(world)
    checks = [check for check in role.checks if not check.crutch]  # the scripted writer has a capable model's prompt
    for unit, result in run.ledger.results("npcs"):
        if result.value is not None:
            brief, draft = role.inputs.model_validate(unit.inputs), role.output.model_validate(result.value)
            told += [f"{unit.id}: {found}" for check in checks if (found := check.test(brief, draft)) is not None]
    units = next(run.ledger.rows("SELECT COUNT(*) FROM units WHERE stage = 'npcs'"))[0]
    decided = [one for one in run.decisions if one.subject == "npc"]
    failed = sum(one.stage == "npcs" for one in run.failures)
    if (units, len(run.npcs)) != (len(decided) + failed, sum(one.admitted for one in decided)):
        told.append(f"{units} units are not {len(run.npcs)} NPCs, {len(decided)} decisions and {failed} failures")
    return told
