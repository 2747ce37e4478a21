"""Whether personas matter, as a run's report tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import story

from simulator.assembly import open_run, simulate_sync
from simulator.embeddings.protocol import Vectors
from simulator.evidence.adherence import Adherence, build_talk_report, talk_lines
from simulator.evidence.report import Report
from simulator.models.message import ChatRequest

SITUATIONS = [
    {"name": "leak", "goal": "have the roof mended", "success": {"said": "minutes"}},
    {"name": "bill", "goal": "pay less", "success": {"said": "we never say this"}},
]


def answers(request: ChatRequest) -> str:
    """Say what is not like the answer before, as the story's assistant sometimes does by chance."""
    first = not any(message.role == "assistant" for message in request.messages)
    return "Begin at the edge, which takes 20 minutes." if first else "The rest is paper: 40 minutes with a clerk."


def run_of(root: Path, **talks: object) -> Path:
    section = {"exchanges": 2, "situations": SITUATIONS, "per_persona": 1, **talks}
    scenario = story.scenario(
        conversations=section, instructions=None, npcs=None, tools=None, expand={"hops": 0}, cast={"size": 4}
    )
    simulate_sync(scenario, root, models=story.models(assistant=answers)).close()
    return root


def test_a_run_in_situations_tells_of_goals_manners_and_personas(tmp_path: Path) -> None:
    root = run_of(tmp_path, profiles=[{"share": 0.5, "behaviours": "terse"}, {"share": 0.5, "behaviours": "impatient"}])
    with open_run(root) as run:
        assert sorted(talk.situation for talk in run.conversations) == ["bill", "bill", "leak", "leak"]
        assert sorted(talk.behaviours for talk in run.conversations) == [("impatient",)] * 2 + [("terse",)] * 2
        assert {talk.stop for talk in run.conversations if talk.situation == "leak"} == {"goal"}
        assert {talk.stop for talk in run.conversations if talk.situation == "bill"} == {"max_turns"}
    made = Report.model_validate_json((root / "report/report.json").read_bytes()).talks
    assert made.stops == {"goal": 2, "max_turns": 2}
    assert made.goals == {"reached": 2, "not reached": 2}
    assert [(row.name, row.given) for row in made.behaviours] == [("impatient", 2), ("terse", 2)]
    assert made.adherence.compared == 4
    page = (root / "report/report.md").read_text()
    assert "Why they ended: goal 2, max_turns 2." in page
    assert "| terse | rule | 2 | 2 |" in page


def test_the_shuffled_baseline_tells_own_from_other(tmp_path: Path) -> None:
    root = run_of(tmp_path)
    with open_run(root) as run:
        real = asyncio.run(build_talk_report(run.ledger, Same()))
        assert real.adherence == Adherence(compared=4, own=1.0, other=1.0, nearer=0.0)
        lines = "\n".join(talk_lines(real))
    assert "difference +0.000" in lines
    assert "0% of 4" in lines


class Same:
    """An embedder to which all texts are the same."""

    name = "same"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)


def test_users_who_speak_of_themselves_are_nearer_to_their_own_persona(tmp_path: Path) -> None:
    """The users of this run say their persona's own words."""

    def speaks(request) -> str:
        persona = [m.content for m in request.messages if "<persona>" in m.content][-1]
        words = persona.split("<persona>")[1].split("</persona>")[0].split()
        said = sum(message.role == "assistant" for message in request.messages)
        return f"About {' '.join(words[said % 2 :: 2])}: what comes next on day {said}?"

    section = {"exchanges": 2, "situations": SITUATIONS[1:]}
    scenario = story.scenario(
        conversations=section, instructions=None, npcs=None, tools=None, expand={"hops": 0}, cast={"size": 8}
    )
    with simulate_sync(scenario, tmp_path, models=story.models(user=speaks)):
        made = Report.model_validate_json((tmp_path / "report/report.json").read_bytes()).talks
    assert made.adherence.nearer == 1.0
    assert made.adherence.own > made.adherence.other + 0.3
