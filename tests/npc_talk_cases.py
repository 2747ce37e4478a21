"""A scenario whose people talk with NPCs, and what is read of its run."""

from __future__ import annotations

from typing import Any

import story

from simulator.assembly import Run
from simulator.models.conversation import Conversation

SALTMERE = story.ROOT / "scenarios" / "worlds" / "saltmere"
TALKS = {"partner": "npc", "tools": "designed", "exchanges": 3}


def scenario(**changes: Any) -> Any:
    sections = {"conversations": TALKS, "instructions": None, "tools": {"of": "npcs"}, "cast": {"size": 6}, **changes}
    sections = {"candidates": {"npc": 2}, **sections}
    return story.scenario(**{"expand": {"hops": 1, "per_persona": 1, "max_per_hop": 4}, **sections})


def bodies(run: Run, kind: str) -> list[Any]:
    return list(run.ledger.products(kind))


def calls(talk: Conversation) -> list[Any]:
    return [call for turn in talk.turns for step in turn.steps for call in step.calls]
