"""Ties between NPCs are true of the cast that there is, whatever failed, and after another try."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import story
from hypothesis import given
from hypothesis import strategies as st

from simulator.assembly import Run, simulate_sync
from simulator.assembly.retrying import retry
from simulator.evidence.npc_cast import cast_flaws
from simulator.models.npc import Npc, NpcTie, QuestStep, reverse_relation
from simulator.models.world import World
from simulator.roles.npc_ties import WrittenNpc, agreed
from simulator.scenario.world import load_world

WORLD = load_world(story.ROOT / "scenarios" / "worlds" / "saltmere")


def scenario() -> Any:
    return story.scenario(
        expand={"hops": 2, "per_persona": 2},
        cast={"size": 40},
        dedup={"jaccard": None, "cosine": None},
        instructions=None,
        conversations=None,
        tools=None,
    )


def ties(npcs: list[Npc]) -> set[tuple[str, str, str]]:
    return {(npc.id, tie.npc, tie.relation) for npc in npcs for tie in npc.ties}


def flaws(run: Run, world: World) -> list[str]:
    return [flaw.message for flaw in cast_flaws(run.npcs, world) if flaw.kind in ("tie", "quest")]


def test_a_relation_is_told_in_the_worlds_words(tmp_path: Path) -> None:
    def relator(request: Any) -> str:
        return json.dumps({**json.loads(story.relator(request)), "relation": "client of the clinic"})

    with simulate_sync(scenario(), tmp_path, models=story.models(relator=relator)) as run:
        told = {how for _, _, how in ties(run.npcs)}
    assert told == {"customer of the House of Quiet", "whose customer of the House of Quiet you are"}


def test_an_npc_that_failed_is_nobodys_acquaintance_and_is_back_after_another_try(tmp_path: Path) -> None:
    with simulate_sync(scenario(), tmp_path / "whole", models=story.models()) as run:
        whole = run.npcs
    known = sorted({tie.name for npc in whole for tie in npc.ties})
    lost = {name for name in known if sum(map(ord, name)) % 3 == 0}
    assert 1 < len(lost) < len(known)

    def broken(request: Any) -> str:
        asked = story.about(request)
        return "no JSON" if any(f"Name: {name}\n" in asked for name in lost) else story.npc_writer(request)

    with simulate_sync(scenario(), tmp_path / "run", models=story.models(npc_writer=broken)) as run:
        assert {npc.name for npc in run.npcs} == {npc.name for npc in whole} - lost
        assert flaws(run, WORLD) == []
        there = {npc.id for npc in run.npcs}
        assert ties(run.npcs) == {tie for tie in ties(whole) if tie[0] in there and tie[1] in there}
        assert not lost & {word for npc in run.npcs for word in lost if any(word in line for line in npc.lines)}
    tried = asyncio.run(retry(tmp_path / "run", models=story.models()))
    with tried.run as run:
        assert ties(run.npcs) == ties(whole)
        assert flaws(run, WORLD) == []


NAMES = [f"n-{number}" for number in range(6)]
TIES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["aunt", "whose pupil you are"])), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(NAMES), TIES), max_size=6, unique_by=lambda one: one[0]))
def test_both_sides_agree_and_nobody_is_missing_whatever_was_told(cast: list[Any]) -> None:
    written = [
        WrittenNpc(
            Npc(
                id=id_,
                persona="p-1",
                world="saltmere",
                name=id_.upper(),
                occupation="kelp cook",
                ties=tuple(NpcTie(npc=to, name=to.upper(), relation=how) for to, how in known if to != id_),
                lines=("I know somebody.", "It rains."),
                quest="Bring it to them.",
                steps=tuple(QuestStep(action="bring", thing="a lens", place="here", to=to) for to, _ in known[:1]),
                reward="thanks",
            ),
            "I know somebody.",
        )
        for id_, known in cast
    ]
    made = agreed(written)
    there = {npc.id for npc in made}
    assert [npc.id for npc in made] == [id_ for id_, _ in cast]
    found = ties(made)
    assert all(to in there and (to, npc, reverse_relation(how)) in found for npc, to, how in found)
    for before, after in zip(written, made, strict=True):
        assert set(before.npc.ties) >= {tie for tie in after.ties if tie in before.npc.ties}
        assert all(tie in after.ties for tie in before.npc.ties if tie.npc in there)
        gone = any(step.to not in there for step in before.npc.steps)
        assert (after.quest, after.reward) == (("", "") if gone else ("Bring it to them.", "thanks"))
    assert agreed([WrittenNpc(npc) for npc in made]) == made
