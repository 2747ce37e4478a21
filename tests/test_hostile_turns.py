"""Turns that are huge, or made of what a pattern could try for ever, are read in their length."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from guard_cases import ASSISTANT_SCENE, USER_SCENE

from simulator.models.situation import Asked
from simulator.population.names.known_names import Known
from simulator.population.names.mentions import unknown_names
from simulator.roles.guards.panel import ASSISTANT, USER
from simulator.roles.guards.scene import Detector, inspect
from simulator.roles.script import asked_for


@pytest.mark.parametrize("piece", ["to a, ", "to aaaa, ", "to do so, please ", "please "])
def test_a_turn_of_many_clauses_ends_to_be_read(piece: str) -> None:
    """There are more ways to cut such a turn into clauses than a pattern could ever try."""
    fact = Asked(fact="the order number is 4471", when=("order number",))
    assert not asked_for(fact, [piece * 1000 + "order"])


@pytest.mark.parametrize("piece", ["\n", "\n  *** ", "\n=", "=:", ", ", "_", "so long see you ", "your web site "])
@pytest.mark.parametrize("panel", [USER, ASSISTANT])
def test_a_huge_turn_ends_to_be_looked_at(piece: str, panel: Sequence[Detector]) -> None:
    scene = USER_SCENE if panel is USER else ASSISTANT_SCENE
    assert isinstance(inspect(piece * (100_000 // len(piece)) + "and the end of it or", scene, panel), list | tuple)


def test_a_name_after_many_empty_lines_ends_to_be_found() -> None:
    assert list(unknown_names("He said" + "\n" * 100_000 + " that Marlo Quint knows.", Known()))
