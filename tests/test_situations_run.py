"""Whole runs in situations, with profiles and a judge: the same bytes at any concurrency, and again for free."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.simulate import Overrides, resume
from simulator.cli.main import main
from simulator.errors import RunStopped
from simulator.models.message import ChatRequest

TALKS = {
    "exchanges": 3,
    "situations": [
        {
            "name": "leak",
            "about": "Rain comes through the roof.",
            "goal": "have the roof mended this week",
            "asked": [{"fact": "the house number is 4471", "when": "house number"}],
            "success": "somebody names a day",
        },
        {"name": "bill", "goal": "pay less", "success": {"said": "minutes"}, "script": ["Why is the bill so high?"]},
    ],
    "per_persona": 2,
    "profiles": [{"share": 0.5, "behaviours": ["terse"]}, {"share": 0.25, "behaviours": ["impatient"]}],
    "judge": ["goal", "behaviours", "turns"],
}


def scenario(**changes: object):
    rest = {"instructions": None, "npcs": None, "tools": None, "expand": {"hops": 0}, "cast": {"size": 4}}
    return story.scenario(**rest, conversations=TALKS, **changes)


def models(latency=None):
    return story.models(latency)


def latency(request: ChatRequest) -> float:
    return story.number(request.key("x")) % 10 / 1000


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("situations") / "run"
    simulate_sync(scenario(concurrency=1), root, models=models()).close()
    return root


def test_every_persona_meets_every_situation_in_its_manner(undisturbed: Path) -> None:
    with open_run(undisturbed) as run:
        talks = run.conversations
        assert sorted((talk.persona, talk.situation) for talk in talks) == sorted(
            (persona, name) for persona in run.cast for name in ("leak", "bill")
        )
        assert sorted(talk.behaviours for talk in talks) == [(), (), ("impatient",), ("impatient",)] + [("terse",)] * 4
        assert {talk.goal.by for talk in talks if talk.situation == "leak"} == {"judge"}
        assert {talk.stop for talk in talks if talk.situation == "bill"} == {"goal"}
        assert all(talk.turns[0].content == "Why is the bill so high?" for talk in talks if talk.situation == "bill")
        assert all(one.by == "judge" for talk in talks for one in talk.verdicts if one.statement)
        roles = dict(run.ledger.rows("SELECT role, COUNT(*) FROM replies GROUP BY role"))
    assert roles["judge"] > 8


def test_the_products_are_the_same_bytes_at_any_concurrency(undisturbed: Path, tmp_path: Path) -> None:
    simulate_sync(scenario(concurrency=16), tmp_path, models=models(latency)).close()
    assert products(tmp_path) == products(undisturbed)


def test_a_run_that_was_stopped_goes_on_and_pays_for_nothing_twice(undisturbed: Path, tmp_path: Path) -> None:
    with pytest.raises(RunStopped):
        simulate_sync(scenario(concurrency=2), tmp_path, models=models(), overrides=Overrides(max_calls=30))
    again = models()
    asyncio.run(resume(tmp_path, models=again, overrides=Overrides(max_calls=10_000))).close()
    assert products(tmp_path) == products(undisturbed)
    with open_run(tmp_path) as run, open_run(undisturbed) as whole:
        count = "SELECT COUNT(*) FROM replies"
        assert next(run.ledger.rows(count)) == next(whole.ledger.rows(count))


def test_every_prompt_of_a_user_has_its_persona(tmp_path: Path) -> None:
    cast = models()
    with simulate_sync(scenario(), tmp_path, models=cast) as run:
        texts = [run.persona(id_).text for id_ in run.cast]
    assert len(cast["user"].requests) >= 8
    for request in cast["user"].requests:
        last = [message.content for message in request.messages if "<persona>" in message.content][-1]
        assert sum(text in last for text in texts) == 1


def test_a_conversation_shows_what_became_of_goal_and_manner(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run(undisturbed) as run:
        talk = next(one for one in run.conversations if one.stop != "goal" and one.verdicts)
    assert main(["show", str(undisturbed), "conversations", talk.id]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "goal not reached (by judge): It was not." in shown
    assert f"manner {talk.behaviours[0]}" in shown
    assert "(by rule)" in shown


def test_somebody_whom_nobody_is_related_to_is_a_recorded_failure(tmp_path: Path) -> None:
    talks = {"exchanges": 2, "partner": "persona", "least": 1}
    sections = {"npcs": None, "tools": None, "expand": {"hops": 1, "per_persona": 1}, "cast": {"size": 30}}
    run_of = story.scenario(conversations=talks, **sections)
    with simulate_sync(run_of, tmp_path / "run", models=story.models()) as run:
        alone = [failure for failure in run.failures if failure.cause == "alone"]
        paired = {persona.id for persona in run.personas if any(one.source == persona.id for one in run.relations)}
        posed = {instruction.persona for instruction in run.instructions}
        assert len(alone) == len(posed - paired) > 0
        assert {failure.role for failure in alone} == {"partner"}
        units = {one.id: one for one, _ in run.ledger.results("converse")}
        assert len({units[failure.unit].inputs["persona"] for failure in alone}) == len(alone)
