"""Labelled turns with names, and how well the unknown ones are found. Used by the tests and benchmarks/names.py."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from simulator.models.npc import Npc
from simulator.population.names.known_names import known_of
from simulator.population.names.mentions import unknown_names
from simulator.scenario.world import load_world

ROOT = Path(__file__).parent.parent
PEOPLE = [
    "Pella Larkin",
    "Orrin Saltby",
    "Nettie Farrant",
    "Hobb Brack",
    "Airola of the Grey Skerry",
    "Tamsin Pell",
    "Wick Oake",
    "Odra Flint",
    "Vonna Quayle",
    "Edda Reed",
    "Keld Flint",
    "Lysa Cobb",
    "Fenn Oake",
    "Stelle Poole",
    "Agnes Thorne",
    "Corvin Gale",
    "Davin Merrow",
    "Rowan Harrow",
    "Maude Sandry",
]
TOOLS = ("check_kelp_price", "reserve_ferry_seat")


@dataclass
class Tally:
    """Names found, missed and falsely found."""

    turns: int = 0
    clean: int = 0
    hits: int = 0
    misses: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + len(self.alarms))

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + len(self.misses))


def tally(file: str) -> Tally:
    """Count over the turns of a file of tests/data; ``maybe`` may be found or not."""
    npcs = [
        Npc(id=f"n-{n}", persona="p-1", world="saltmere", name=name, occupation="x") for n, name in enumerate(PEOPLE)
    ]
    known, made = known_of(load_world(ROOT / "scenarios" / "worlds" / "saltmere"), npcs, TOOLS), Tally()
    for line in (ROOT / "tests" / "data" / file).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found, there, maybe = unknown_names(row["turn"], known), set(row["unknown"]), set(row.get("maybe", ()))
        made.turns += 1
        made.clean += not there
        made.hits += len(there & set(found) - (maybe & there))
        made.misses += [
            f"{name}: {row['turn']}" for name in sorted(there - set(found) - maybe) if not maybe & set(found)
        ]
        made.alarms += [f"{name}: {row['turn']}" for name in found if name not in there | maybe]
    return made
