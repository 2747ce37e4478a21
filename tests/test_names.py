"""How well names that do not exist are found (benchmarks/names.py prints the same)."""

from __future__ import annotations

import pytest
from name_cases import tally

from simulator.models.npc import Npc
from simulator.population.names.known_names import Known, known_of
from simulator.population.names.mentions import unknown_names
from simulator.roles.guards.names import unknown_name
from simulator.roles.guards.scene import Scene
from simulator.scenario.world import load_world

HOSTILE = ['Ann "The Knife" O\'Neil', "Zoë/../Lång", "🦀 Crab", "<b>Bold</b>", "$first", "{Grace}", "x" * 10_000]


@pytest.mark.parametrize("file", ["names.jsonl", "names_held.jsonl"])
def test_unknown_names_are_found_and_others_left_alone(file: str) -> None:
    found = tally(file)
    assert found.turns >= 40
    assert found.clean >= found.turns / 2
    assert found.precision >= 0.9, found.alarms
    assert found.recall >= 0.9, found.misses


def test_without_a_world_nothing_is_looked_up() -> None:
    assert unknown_name("Ask Karl at Silverport.", Scene(role="assistant")) is None
    label = unknown_name("Ask Karl at Silverport.", Scene(role="assistant", known=Known()))
    assert label is not None
    assert label.evidence == "Karl, Silverport"


@pytest.mark.parametrize("name", HOSTILE)
def test_an_npc_of_any_name_may_be_spoken_of(name: str) -> None:
    npc = Npc(id="n-1", persona="p-1", world="saltmere", name=name, occupation="cook")
    known = Known((name,))
    assert unknown_names(f"Please give it to {name}, and nobody else.", known) == []
    assert unknown_names(name * 3, Known()) is not None
    assert npc.name == name


def test_a_language_without_capitals_has_only_its_tools_looked_up(request: pytest.FixtureRequest) -> None:
    world = load_world(request.config.rootpath / "scenarios" / "worlds" / "ninefords")
    known = known_of(world, tools=["check_tea_price"])
    assert unknown_names("去找老王，他在渡口。我用check_tea_price问一问。", known) == []
    assert unknown_names("我用 find_lost_horse 问一问。", known) == ["find_lost_horse"]
