"""The worlds that are shipped, each in a run of its own with scripted replies: a cast that holds together, and exports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import story
from test_npc_consumers import needs_node, node, play

from simulator.assembly import Run, simulate_sync
from simulator.evidence.npc_cast import cast_flaws
from simulator.exports.card_check import check_card
from simulator.exports.formats import FORMATS
from simulator.roles.guards.language import script_of
from simulator.roles.npc_writer import npc_writer
from simulator.scenario.world import load_world

WORLDS = story.ROOT / "scenarios" / "worlds"
SIGHTS = ["旧船谱的霉味", "一身冷雾", "半截断桨", "两枚贝壳", "一捆苇叶", "没写完的信"]
DEEDS = ["替过江的人守夜", "把漏水的船补好", "教孩子认渡口的灯", "给老人念旧信", "数江面上的浮木", "在雨里等最后一班船"]


def chinese_writer(request: Any) -> str:
    """Write an NPC of the Nine Fords, in Chinese, about what is settled; every third first reply is in English."""
    asked = story.about(request)
    said = dict(re.findall(r"^(Name|Place|The quest ends at): (.+)$", asked, re.MULTILINE))
    thing, found = re.findall(r"quest is about: (.+?), which is found at (.+)$", asked, re.MULTILINE)[0]
    sight, deed = story.pick(SIGHTS, asked), story.pick(DEEDS, asked, "deed")
    first = (
        "You look cold, friend. Which ford do you come from?"
        if story.number(asked) % 3 == 0 and not request.attempt
        else "天冷，先进来坐。你从哪一个渡口来？"
    )
    goal = said["The quest ends at"].split(" at ")[-1]
    return json.dumps(
        {
            "appearance": f"袖口总沾着{sight}，走路慢，眼睛却快。",
            "personality": "肯等人，也肯让人，只是受不了说话不算数的客人。",
            "background": f"在{said['Place']}住了大半辈子，夜里常常{deed}，天亮才睡。",
            "quest": f"去{found}取{thing}，送到{goal}，汛期之前要用。",
            "greeting": first,
            "voice": "声音低，一句话里要停两回。",
            "meeting": f"客人多半是在{said['Place']}避雨的时候遇见的。",
            "lines": ["灯不灭，人就不算走散。", "我欠的人情，比这江里的石头还多。"],
            "fields": {"nianji": 20 + story.number(asked) % 60},
        },
        ensure_ascii=False,
    )


def run_of(world: str, folder: Path, writer: Any) -> Run:
    wanted = story.scenario(
        npcs={"world": str(WORLDS / world)},
        dedup={"cosine": None},  # the embedded embedder knows English: to it, texts in Chinese are much alike
        cast={"size": 8},
        instructions=None,
        conversations=None,
        tools=None,
    )
    return simulate_sync(wanted, folder, models=story.models(npc_writer=writer))


def exported(run: Run, folder: Path) -> None:
    """Export the cast in every way and have each file opened by who uses it."""
    for to in ("card-v2", "card-v3", "charx", "ink"):
        FORMATS[to].write(run.ledger, folder / to)
    cards = [file for to in ("card-v2", "card-v3", "charx") for file in sorted((folder / to).rglob("n-*"))]
    assert len(cards) == 3 * len(run.npcs)
    assert [problem for card in cards for problem in check_card(card).problems] == []


@pytest.mark.parametrize(("name", "writer"), [("halden", story.npc_writer), ("ninefords", chinese_writer)])
def test_a_cast_of_each_world_holds_together_and_goes_into_every_export(name: str, writer: Any, tmp_path: Path) -> None:
    world = load_world(WORLDS / name)
    with run_of(name, tmp_path / "run", writer) as run:
        assert len(run.npcs) >= 6
        assert cast_flaws(run.npcs, world) == []
        assert {npc.place for npc in run.npcs} <= {place.name for place in world.places}
        exported(run, tmp_path / "out")


def test_an_english_reply_in_the_chinese_world_is_drawn_again_and_counted(tmp_path: Path) -> None:
    world = load_world(WORLDS / "ninefords")
    with run_of("ninefords", tmp_path, chinese_writer) as run:
        assert all(script_of(npc.greeting + npc.background + npc.voice) == "CJK" for npc in run.npcs)
        refused = [one.flaw for _, result in run.ledger.results("npcs") for one in result.rejected]
        assert set(refused) == {"script"}
        report = (run.directory.report / "report.md").read_text()
        assert f"| npc_writer | script | {len(refused)} |" in report
        role = npc_writer(world)
        for unit, result in run.ledger.results("npcs"):
            brief, draft = role.inputs.model_validate(unit.inputs), role.output.model_validate(result.value)
            assert [told for check in role.checks if (told := check.test(brief, draft))] == []


@needs_node
def test_the_chinese_cast_is_opened_by_other_programs(tmp_path: Path) -> None:
    with run_of("ninefords", tmp_path / "run", chinese_writer) as run:
        exported(run, tmp_path / "out")
        npc = run.npcs[0]
        files = sorted(map(str, (tmp_path / "out" / "card-v2").rglob("*.json")))
        parsed = [json.loads(line) for line in node("cards.js", *files).splitlines()]
        assert {one["name"] for one in parsed} == {one.name for one in run.npcs}
        story_file = next((tmp_path / "out" / "ink").rglob("*.ink"))
        (tmp_path / "story.ink").write_bytes(story_file.read_bytes())
        played = play(tmp_path, npc.place, f"{npc.name}, {npc.occupation}", "What do you need?")
        assert npc.quest in str(played["read"])
