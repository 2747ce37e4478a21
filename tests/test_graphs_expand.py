"""Expansion knows its yield: where it stops and why, whom it asks for, and that neither depends on the order of calls."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import story

from graphs.stages import expand, relatives
from simulator.assembly import Run, simulate_sync
from simulator.assembly.simulate import Overrides, resume
from simulator.errors import RunStopped
from simulator.evidence.yields import expansion
from simulator.models.message import ChatRequest
from simulator.models.relation import RELATION_KINDS
from simulator.population.graph.consistency import inconsistencies
from simulator.population.quality.presence import GROUPS, presence
from simulator.roles.relation_names import RELATION_NAMES, SELDOM, offer

ONLY_PEOPLE = {"instructions": None, "conversations": None, "npcs": None, "tools": None, "cast": {"size": 2}}


def asked(request: ChatRequest) -> str:
    """Return the question; a turn that asks for a better reply comes after it."""
    return [message.content for message in request.messages if "Kind of relation: " in message.content][-1]


def relator(request: ChatRequest) -> str:
    """Somebody new, by a name of the kind that was asked for and that nobody has to avoid."""
    text = asked(request)
    number = story.number(text, request.seed)
    kind = next(kind for kind in RELATION_KINDS if f"relation: {kind}" in text)
    avoid = text.split("Used enough already: ")[1].split("\n")[0].split(", ")
    names = [name for name in RELATION_NAMES[kind] if name not in avoid]
    return json.dumps({"relation": names[number % len(names)], "persona": story.someone("x", text, request.seed)})


def tired(request: ChatRequest) -> str:
    """For most people the same person again: the yield falls."""
    reply = json.loads(relator(request))
    if story.number(asked(request), "tired") % 10 < 8:
        reply["persona"] = "a retired ferryman who paints the river from memory in a shed full of ropes"
    return json.dumps(reply)


def latency(request: ChatRequest) -> float:
    return story.number(request.key("x")) % 10 / 2000


def people_of(root: Path, script: Any = relator, concurrency: int = 8, **section: Any) -> Run:
    scenario = story.scenario(concurrency=concurrency, expand={"per_persona": 3, **section}, **ONLY_PEOPLE)
    return simulate_sync(scenario, root, models=story.models(latency, relator=script))


def lines(run: Run) -> list[str]:
    return [record.model_dump_json() for record in (*run.personas, *run.relations, *run.decisions)]


def test_a_population_is_full_at_max_personas_and_never_over(tmp_path: Path) -> None:
    with people_of(tmp_path / "full", hops=4, max_personas=90) as run:
        assert len(run.personas) == 90
        assert "expand.max_personas is 90" in expansion(run.ledger).ended
        assert inconsistencies(run.graph()) == []
        full = lines(run)
    with people_of(tmp_path / "wide", concurrency=32, hops=4, max_personas=90) as run:
        assert lines(run) == full


def test_a_population_that_is_full_of_seeds_is_not_expanded(tmp_path: Path) -> None:
    with people_of(tmp_path, hops=2, max_personas=3) as run:
        assert {persona.hop for persona in run.personas} == {0}
        assert "16 people at hop 0" in expansion(run.ledger).ended


def test_a_hop_that_no_longer_pays_is_stopped_within_and_the_reason_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expand, "_ROUND", 12)
    section = {"hops": 3, "min_yield": 0.5}
    with people_of(tmp_path / "one", tired, concurrency=1, **section) as run:
        found = expansion(run.ledger)
        assert found.by_hop[0].asked == 12 < 3 * 16
        assert len(found.by_hop) == 1
        assert "hop 1 no longer pays: its last round found" in found.ended
        report = json.loads((tmp_path / "one" / "report" / "report.json").read_bytes())
        assert report["expansion"]["ended"] == found.ended
        assert found.ended in (tmp_path / "one" / "report" / "report.md").read_text(encoding="utf-8")
        stopped = lines(run)
    with people_of(tmp_path / "many", tired, concurrency=32, **section) as run:
        assert lines(run) == stopped
    with people_of(tmp_path / "paying", relator, max_per_hop=6, **section) as run:
        assert {persona.hop for persona in run.personas} == {0, 1, 2, 3}
        assert expansion(run.ledger).ended == ""


def test_a_run_stopped_in_the_middle_ends_where_an_undisturbed_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expand, "_ROUND", 10)
    section = {"hops": 3, "max_personas": 75, "min_yield": 0.1}
    with people_of(tmp_path / "whole", relator, **section) as run:
        whole, ended = lines(run), expansion(run.ledger).ended
    scenario = story.scenario(concurrency=4, expand={"per_persona": 3, **section}, **ONLY_PEOPLE)
    root, calls = tmp_path / "stopped", 0
    for calls in (30, 20, 10):
        with pytest.raises(RunStopped):
            simulate_sync(scenario, root, models=story.models(relator=relator), overrides=Overrides(max_calls=calls))
    with asyncio.run(resume(root, models=story.models(latency, relator=relator))) as run:
        assert lines(run) == whole
        assert expansion(run.ledger).ended == ended


def test_the_yield_adds_up_to_the_record(tmp_path: Path) -> None:
    with people_of(tmp_path, tired, hops=2) as run:
        found = expansion(run.ledger)
        asked = Counter(stage for (stage,) in run.ledger.rows("SELECT stage FROM units WHERE stage LIKE 'expand-%'"))
        assert {f"expand-{row.hop}": row.asked for row in found.by_hop} == asked
        assert sum(row.new for row in found.by_kind) == sum(persona.hop > 0 for persona in run.personas)
        for row in (*found.rows, *found.by_hop, *found.by_kind):
            assert row.asked == row.new + row.known + row.other + row.failed
        assert found.calls >= sum(row.asked for row in found.by_hop)
        assert found.by_hop[0].known > 0
        assert 0 < found.by_hop[0].share < 1


def test_kinds_are_asked_for_in_equal_numbers_and_the_seldom_seen_first(tmp_path: Path) -> None:
    with people_of(tmp_path, hops=2) as run:
        for stage in ("expand-1", "expand-2"):
            inputs = [
                json.loads(row[0]) for row in run.ledger.rows("SELECT inputs FROM units WHERE stage = ?", (stage,))
            ]
            kinds = Counter(one["kind"] for one in inputs)
            assert set(kinds) == set(RELATION_KINDS)
            assert max(kinds.values()) - min(kinds.values()) <= len(inputs) // 4
            # The scripted population has no children and nobody without work, so their relatives are offered.
            preferred = {name for one in inputs for name in one["prefer"]}
            assert preferred & {"niece", "granddaughter", "youngest pupil"}
            for one in inputs:
                assert not set(one["prefer"]) & set(one["avoid"])


def test_whom_a_hop_looks_for_are_those_of_whom_there_are_fewest() -> None:
    texts = ["a retired nurse", "an elderly porter", "a ten-year-old who minds goats", "a poet"]
    counts = presence(texts)
    assert counts == {"children": 1, "old people": 2, "without work": 0, "unseen work": 1, "at home": 0}
    groups = sorted(counts, key=lambda group: counts[group])
    assert groups[:2] == ["without work", "at home"]
    leading = relatives._leading("family", groups, ["Mother"])
    assert leading == ["brother-in-law between jobs", "mother-in-law", "foster mother"]
    assert relatives._leading("mentor", groups, []) == [*SELDOM["children"]["mentor"], *SELDOM["old people"]["mentor"]]
    assert set(SELDOM) == set(GROUPS)


def test_half_of_an_offer_leads_to_the_seldom_seen() -> None:
    prefer = SELDOM["children"]["family"]
    for number in range(20):
        offered = offer("family", f"person {number}", (), prefer)
        assert len(set(offered)) == 4
        assert set(offered[:2]) <= set(prefer)
        assert offered == offer("family", f"person {number}", (), prefer)
    assert not set(prefer) & set(offer("family", "a piper", prefer, prefer)[:2])
