"""Labelled turns, and how well the detectors find what is labelled. Used by the tests and by benchmarks/detectors.py."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.embeddings.protocol import Embedder
from simulator.models.message import Message
from simulator.models.situation import Situation
from simulator.roles.assistant import AssistantInput
from simulator.roles.guards.nearness import said_before
from simulator.roles.guards.panel import ASSISTANT, USER
from simulator.roles.guards.scene import Scene, inspect
from simulator.roles.user import UserInput
from simulator.scenario.behaviours import BEHAVIOURS

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class LabelledTurn:
    """A turn in its scene; ``faults`` are there, ``maybe`` may be found or not, anything else is a false alarm."""

    id: str
    turn: str
    scene: Scene
    faults: frozenset[str]
    maybe: frozenset[str]


@dataclass
class Tally:
    """Of one detector: what it found of what is there, and what it found that is not."""

    hits: int = 0
    misses: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        there = self.hits + len(self.misses)
        return self.hits / there if there else 1.0

    @property
    def precision(self) -> float:
        found = self.hits + len(self.alarms)
        return self.hits / found if found else 1.0


def labelled(file: str) -> list[LabelledTurn]:
    """Return the turns of a file of tests/data in order."""
    scenes = talks()
    return [
        LabelledTurn(
            row["id"],
            row["turn"],
            scene_at(scenes[row["scene"]] if isinstance(row["scene"], str) else row["scene"], row["at"]),
            frozenset(row["faults"]),
            frozenset(row.get("maybe", ())),
        )
        for row in rows(file)
    ]


def rows(file: str) -> list[dict[str, Any]]:
    """Return the rows of a file of tests/data."""
    return [json.loads(line) for line in (DATA / file).read_text(encoding="utf-8").splitlines()]


def talks() -> dict[str, dict[str, Any]]:
    """Return the conversations that labelled turns stand in, by name."""
    read: dict[str, dict[str, Any]] = json.loads((DATA / "talk_scenes.json").read_text(encoding="utf-8"))
    return read


def scene_at(given: dict[str, Any], at: int) -> Scene:
    """Return what a detector sees of a conversation before its turn ``at``, counted from 0."""
    history = tuple(
        Message(role=("user", "assistant")[place % 2], content=text) for place, text in enumerate(given["history"][:at])
    )
    if at % 2:
        return AssistantInput(history=history).scene
    return UserInput(
        persona=given["persona"],
        situation=Situation.model_validate(given.get("situation", {})),
        behaviours=tuple(BEHAVIOURS[name] for name in given.get("behaviours", ())),
        history=history,
        turn=1 + at // 2,
        companion="person" if given.get("partner") else "assistant",
    ).scene


async def found_in(case: LabelledTurn, embedder: Embedder) -> set[str]:
    """Return the names of the detectors that find something; a mere note is nothing."""
    panel = USER if case.scene.role == "user" else ASSISTANT
    near = await said_before(case.turn, case.scene, embedder)
    labels = [*inspect(case.turn, case.scene, panel), *([near] if near else [])]
    return {label.detector for label in labels if label.severity != "note"}


def tallies(cases: Iterable[LabelledTurn], embedder: Embedder) -> dict[str, Tally]:
    """Return the tally of each detector over ``cases``."""
    return asyncio.run(_tallies(cases, embedder))


async def _tallies(cases: Iterable[LabelledTurn], embedder: Embedder) -> dict[str, Tally]:
    counted: dict[str, Tally] = {}
    for case in cases:
        found = await found_in(case, embedder)
        for name in sorted(case.faults | (found - case.maybe)):
            tally = counted.setdefault(name, Tally())
            if name in case.faults and name in found:
                tally.hits += 1
            elif name in case.faults:
                tally.misses.append(case.id)
            else:
                tally.alarms.append(case.id)
    return dict(sorted(counted.items()))


def overall(counted: dict[str, Tally]) -> Tally:
    """Return all tallies as one."""
    return Tally(
        sum(one.hits for one in counted.values()),
        [id_ for one in counted.values() for id_ in one.misses],
        [id_ for one in counted.values() for id_ in one.alarms],
    )
