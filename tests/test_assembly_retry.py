"""Another try for what failed: it and what depended on it is done, and nothing else is asked of a model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import story

from simulator.assembly import Overrides, Run, open_run, simulate_sync
from simulator.assembly.retrying import failed_units, retry
from simulator.assembly.simulate import resume
from simulator.errors import EndpointError, RunDirectoryError, RunStopped, SixhopError
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.settings import Settings


def small(**changes: Any) -> Any:
    return story.scenario(
        **{"expand": {"hops": 2, "per_persona": 1}, "cast": {"size": 30}, "concurrency": 1, **changes}
    )


def only(models: dict[str, ScriptedModel], role: str) -> list[str]:
    return ["\n".join(message.content for message in request.messages) for request in models[role].requests]


def failing(script: Any, words: tuple[str, ...], answer: Any) -> Any:
    """Return the script that gives ``answer`` wherever the request is about one of ``words``."""

    def say(request: ChatRequest) -> Any:
        return answer if any(word in request.messages[-1].content for word in words) else script(request)

    return say


def states(run: Run) -> dict[str, str]:
    return dict(run.ledger.rows("SELECT id, state FROM units"))


@pytest.fixture
def words() -> tuple[str, ...]:
    """The beginnings of two texts that an endpoint will not answer."""
    texts = sorted((story.ROOT / "scenarios" / "texts").iterdir())
    return tuple(path.read_text(encoding="utf-8").strip()[:40] for path in (texts[2], texts[7]))


def test_what_got_no_reply_is_done_with_what_depended_on_it_and_nothing_else(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    unanswered = failing(story.extractor, words, EndpointError("the endpoint was away"))
    with simulate_sync(small(), tmp_path, models=story.models(extractor=unanswered)) as run:
        before, people = states(run), {persona.text for persona in run.personas}
        talks = {conversation.id for conversation in run.conversations}
        sql = "SELECT inputs FROM units WHERE state = 'failed' AND role != 'extractor'"
        failed = {json.loads(inputs)["persona"] for (inputs,) in run.ledger.rows(sql)}
    causes = failed_units(tmp_path)
    assert list(causes.values()).count("endpoint") == 2
    models = story.models()
    retried = asyncio.run(retry(tmp_path, models=models))
    with retried.run as run:
        late = {persona.text for persona in run.personas} - people
        assert late
        assert retried.failed == len(causes) == retried.done + retried.failed_again
        assert retried.done >= 2
        assert retried.followed == len(states(run)) - len(before)
        assert retried.followed > 0
        assert {id_: state for id_, state in states(run).items() if id_ in before and before[id_] == "done"} == {
            id_: state for id_, state in before.items() if state == "done"
        }
        assert talks <= {conversation.id for conversation in run.conversations}
    assert all(any(word in asked for word in words) for asked in only(models, "extractor"))
    for role in ("relator", "poser", "npc_writer", "tool_designer"):
        for asked in only(models, role):
            assert any(text in asked for text in late | failed), f"{role} was asked again about somebody known: {asked}"


@pytest.mark.parametrize("transcripts", [False, True])
def test_who_comes_late_changes_nobodys_conversation(tmp_path: Path, words: tuple[str, ...], transcripts: bool) -> None:
    talks: dict[str, Any] = {"exchanges": 1, "least": 1, "flawed": "keep"}
    talks |= {"situations": [{"name": "roof", "goal": "have the roof closed"}, {"name": "leak", "goal": "have it dry"}]}
    talks |= {"profiles": [{"share": 0.5, "behaviours": ["makes-typos"]}], "count": 14}
    if transcripts:
        rows = [
            {"messages": [{"role": "user", "content": f"What of {n}?"}, {"role": "assistant", "content": "Soon."}]}
            for n in range(20)
        ]
        (tmp_path / "talks.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        talks |= {"transcripts": str(tmp_path / "talks.jsonl"), "exchanges": 1, "count": 30}
    scenario = small(expand={"hops": 0}, instructions=None, npcs=None, tools=None, conversations=talks)
    useless = failing(story.extractor, words, EndpointError("the endpoint was away"))
    with simulate_sync(scenario, tmp_path / "run", models=story.models(extractor=useless)) as run:
        first = [conversation.model_dump(exclude={"spent"}) for conversation in run.conversations]
        cast = run.ledger.meta("cast")
    models = story.models()
    with asyncio.run(retry(tmp_path / "run", models=models)).run as run:
        again = [conversation.model_dump(exclude={"spent"}) for conversation in run.conversations]
        late = set(run.ledger.meta("cast")) - set(cast)
    assert late
    assert again[: len(first)] == first
    assert len(again) <= talks["count"]
    assert {talk["persona"] for talk in again[len(first) :]} <= late


def test_what_got_useless_replies_is_asked_anew_and_keeps_its_name(tmp_path: Path) -> None:
    scenario = small(expand={"hops": 0}, conversations=None, npcs=None)
    with simulate_sync(scenario, tmp_path, models=story.models(tool_designer=lambda request: "I'd rather not.")) as run:
        failed = {failure.unit for failure in run.failures}
    stubborn = story.models(tool_designer=lambda request: "I'd rather not.")
    with asyncio.run(retry(tmp_path, models=stubborn)).run as run:
        assert {failure.unit for failure in run.failures} == failed
    first = len(stubborn["tool_designer"].requests)
    assert first, "the model was not asked anew"
    models = story.models()
    retried = asyncio.run(retry(tmp_path, models=models))
    with retried.run as run:
        assert (retried.failed, retried.done, retried.failed_again) == (len(failed), len(failed), 0)
        assert not run.failures
        assert {unit for unit, state in states(run).items() if state == "done"} >= failed
        assert run.tools
    seeds_of = [{request.seed for request in one["tool_designer"].requests} for one in (stubborn, models)]
    assert not seeds_of[0] & seeds_of[1], "the second try asked what the first had asked"
    assert {role for role, model in models.items() if model.requests} == {"tool_designer"}


def test_a_try_that_is_stopped_goes_on_and_pays_once(tmp_path: Path) -> None:
    scenario = small(expand={"hops": 0}, conversations=None, npcs=None)
    simulate_sync(scenario, tmp_path, models=story.models(tool_designer=lambda request: "No.")).close()
    models = story.models()
    with pytest.raises(RunStopped):
        asyncio.run(retry(tmp_path, models=models, overrides=Overrides(max_calls=3)))
    assert len(failed_units(tmp_path)) == 0, "those that are left did not end yet"
    asyncio.run(resume(tmp_path, models=models)).close()
    keys = [request.key("scripted") for request in models["tool_designer"].requests]
    assert len(keys) == len(set(keys))
    with open_run(tmp_path) as run:
        assert not run.failures


@pytest.mark.parametrize("model", ["openai:gpt-x", "nonsense", "gguf:/nowhere.gguf"])
def test_failures_are_remembered_when_the_try_cannot_begin(tmp_path: Path, model: str) -> None:
    scenario = small(expand={"hops": 0}, conversations=None, npcs=None)
    simulate_sync(scenario, tmp_path, models=story.models(tool_designer=lambda request: "No.")).close()
    failed = failed_units(tmp_path)
    assert failed
    with pytest.raises(SixhopError):
        asyncio.run(retry(tmp_path, overrides=Overrides(model=model), settings=Settings()))
    assert failed_units(tmp_path) == failed


def test_where_nothing_failed_there_is_nothing_to_try(tmp_path: Path) -> None:
    scenario = small(expand={"hops": 0}, conversations=None, npcs=None, tools=None)
    simulate_sync(scenario, tmp_path, models=story.models()).close()
    with pytest.raises(RunDirectoryError, match="nothing failed"):
        asyncio.run(retry(tmp_path, models=story.models()))
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        asyncio.run(retry(tmp_path / "nowhere", models=story.models()))
