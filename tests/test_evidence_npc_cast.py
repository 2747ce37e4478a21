"""A cast of NPCs is a whole, or what is not is named."""

import pytest
from test_npc_consumers import FENN, ODRA, WORLD

from simulator.evidence.npc_cast import cast_flaws
from simulator.models.npc import Npc, NpcTie, QuestStep

ODRA = ODRA.model_copy(update={"faction": "the Tide Court"})
FENN = FENN.model_copy(update={"ties": (NpcTie(npc="n-2", name="Odra Flint", relation="older sister"),)})


def kinds(*npcs: Npc) -> list[str]:
    return [flaw.kind for flaw in cast_flaws(npcs, WORLD)]


def test_a_cast_that_is_a_whole_has_no_flaws() -> None:
    assert cast_flaws([FENN, ODRA], WORLD) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"name": "odra flint"}, "name"),
        ({"race": "elf"}, "enumeration"),
        ({"faction": "the Guild of Elves"}, "enumeration"),
        ({"ties": (NpcTie(npc="n-3", name="Nobody", relation="aunt"),)}, "tie"),
        ({"ties": (NpcTie(npc="n-2", name="Odra Flynt", relation="older sister"),)}, "tie"),
        ({"ties": (NpcTie(npc="n-2", name="Odra Flint", relation="younger sister"),)}, "tie"),
        ({"fields": {"age": 7}}, "field"),
        ({"steps": (QuestStep(action="get", thing="a sword", place="the Ropewalk"),)}, "quest"),
        ({"steps": (QuestStep(action="get", thing="a new bell rope", place="the Moon"),)}, "quest"),
        ({"steps": (QuestStep(action="get", thing="a new bell rope", place="Gull Tower"),)}, "quest"),
        ({"steps": (QuestStep(action="bring", thing="a new bell rope", place="Gull Tower", to="n-2"),)}, "quest"),
        ({"steps": (*ODRA.steps[:1], ODRA.steps[1].model_copy(update={"to": "n-99"}))}, "quest"),
    ],
)
def test_what_does_not_hold_is_named(change: dict[str, object], kind: str) -> None:
    assert kind in kinds(FENN.model_copy(update=change), ODRA)


def test_an_acquaintance_that_is_not_returned_is_a_flaw() -> None:
    assert kinds(FENN, ODRA.model_copy(update={"ties": ()})) == ["tie"]
