"""Conversations with NPCs of the run, who use the tools that it designed: from the scenario to the exports."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import story
from npc_talk_cases import TALKS, bodies, calls, scenario

from simulator.assembly import Overrides, Run, simulate_sync
from simulator.assembly.fork import Branch, fork
from simulator.assembly.plan import plan_sync
from simulator.assembly.retrying import retry
from simulator.errors import InputError, RunStopped, ScenarioError
from simulator.exports.formats import FORMATS
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.models.conversation import Conversation
from simulator.settings import Settings


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("whole")
    with simulate_sync(scenario(), path, models=story.models()) as run:
        yield run


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"npcs": None}, "needs the section 'npcs'"),
        ({"npcs": None, "tools": None}, "needs the section 'npcs'"),
        ({"tools": None}, "needs the section 'tools'"),
        ({"npcs": None, "conversations": None}, "'tools.of: npcs' needs the section 'npcs'"),
        ({"conversations": {**TALKS, "partner": "persona"}}, "go with 'partner: npc'"),
        ({"conversations": {**TALKS, "system": "Be kind."}}, "'system' do not go together"),
        ({"conversations": {**TALKS, "assistant": "openai:x"}}, "'assistant' do not go together"),
        ({"conversations": {**TALKS, "tools": "invented"}}, "designed"),
        ({"conversations": {**TALKS, "tools": {"use": "designed", "played": True}}}, "played"),
        ({"conversations": {**TALKS, "opener": "posed"}}, "needs 'instructions'"),
    ],
)
def test_what_the_conversations_need_and_the_scenario_has_not_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(**changes)
    assert told in str(caught.value)


def test_each_persona_meets_an_npc_that_is_not_its_own_and_uses_a_tool(whole: Run) -> None:
    npcs, tools = {npc.id: npc for npc in whole.npcs}, {tool.name: tool for tool in whole.tools}
    assert len(whole.conversations) == 6
    assert len({talk.npc for talk in whole.conversations}) > 1
    for talk in whole.conversations:
        assert talk.npc is not None
        assert npcs[talk.npc].persona != talk.persona
        assert {turn.speaker for turn in talk.turns} == {talk.persona, talk.npc}
        assert talk.offered[0] in {tool.name for tool in tools.values() if npcs[talk.npc].persona in tool.personas}
        made = calls(talk)
        assert made
        assert {call.name for call in made} <= set(talk.offered) <= tools.keys()
        for turn in talk.turns:
            answers = [step for step in turn.steps if step.role == "tool"]
            assert all(json.loads(step.content) for step in answers)
            assert not any(step.problem for step in answers)
            assert (not turn.steps) or turn.steps[-1].content in turn.content


def test_tools_of_npcs_are_of_their_world_and_so_is_what_they_answer(whole: Run) -> None:
    world = whole.ledger.inputs("world")[0][1]
    times = set(world["times"])
    told = [
        json.loads(step.content)
        for talk in whole.conversations
        for turn in talk.turns
        for step in turn.steps
        if step.role == "tool"
    ]
    assert {row["delivery_time"] for row in told} <= times
    assert {example.result["delivery_time"] for tool in whole.tools for example in tool.examples} <= times


def test_the_report_says_who_is_spoken_of_and_what_of_it_does_not_exist(whole: Run, tmp_path: Path) -> None:
    report = json.loads((whole.directory.report / "report.json").read_text())
    rows = [json.loads(line) for line in (whole.directory.report / "mentions.jsonl").read_text().splitlines()]
    assert report["mentions"]["mentions"] == len(rows) > 20
    assert report["mentions"]["unknown"] == {}
    assert report["cast_flaws"] == {}

    def stranger(request: Any) -> str:
        said = story.npc(request)
        asked = sum(message["role"] == "user" for message in request.thread) > 1
        return f"Ask Karlsson at the Iron Bridge about it. {said}" if asked and "tool_calls" not in said else said

    kept = scenario(conversations={**TALKS, "flawed": "keep", "exchanges": 2, "count": 2})
    with simulate_sync(kept, tmp_path / "kept", models=story.models(npc=stranger)) as run:
        labels = [label for talk in run.conversations for turn in talk.turns for label in turn.labels]
        assert {label.evidence for label in labels if label.detector == "unknown_name"} == {"Karlsson, Iron Bridge"}
        said = json.loads((run.directory.report / "report.json").read_text())
        assert said["mentions"]["unknown"] == {"Karlsson": 2, "Iron Bridge": 2}
        assert said["flaws"]["user"]["unknown_name"] > 0
        rows = {(row["role"], row["check"]): row for row in said["mending"]}
        assert all(row["rejected"] >= row["units"] >= row["mended"] for row in rows.values())
        assert "What does not exist: Karlsson 2, Iron Bridge 2." in (run.directory.report / "report.md").read_text()
    ended = scenario(conversations={**TALKS, "exchanges": 2, "least": 1, "count": 2})
    with simulate_sync(ended, tmp_path / "ended", models=story.models(npc=stranger)) as run:
        assert {talk.stop for talk in run.conversations} == {"error"}
        assert all(
            "unknown_name" not in {label.detector for turn in talk.turns for label in turn.labels}
            for talk in run.conversations
        )


def test_the_products_are_the_same_at_any_concurrency(whole: Run, tmp_path: Path) -> None:
    with simulate_sync(scenario(concurrency=1), tmp_path, models=story.models()) as run:
        for kind in ("npc", "tool", "conversation"):
            assert bodies(run, kind) == bodies(whole, kind)


def test_a_run_that_stops_in_the_middle_of_a_talk_goes_on_and_pays_for_nothing_twice(
    whole: Run, tmp_path: Path
) -> None:
    models, stops = story.models(), 0
    while stops < 100:
        try:
            run = simulate_sync(scenario(concurrency=1), tmp_path, models=models, overrides=Overrides(max_calls=7))
            break
        except RunStopped:
            stops += 1
    with run:
        assert stops > 5
        assert [talk.model_dump(exclude={"spent"}) for talk in run.conversations] == [
            talk.model_dump(exclude={"spent"}) for talk in whole.conversations
        ]
        asked = sum(len(model.requests) for model in set(models.values()))
        assert asked == next(run.ledger.rows("SELECT COUNT(*) FROM replies"))[0]


def test_a_talk_that_failed_is_held_after_another_try_and_the_others_stay(whole: Run, tmp_path: Path) -> None:
    first = whole.conversations[0].npc
    name = next(npc.name for npc in whole.npcs if npc.id == first)

    def broken(request: Any) -> str:
        return "[" if f"You are {name}," in request.thread[1]["content"] else story.npc(request)

    with simulate_sync(scenario(), tmp_path, models=story.models(npc=broken)) as run:
        before = {talk.id: talk for talk in run.conversations}
        assert len(before) < 6
    tried = asyncio.run(retry(tmp_path, models=story.models()))
    with tried.run as run:
        assert len(run.conversations) == 6
        assert {talk.id for talk in run.conversations} == {talk.id for talk in whole.conversations}
        assert all(before[talk.id] == talk for talk in run.conversations if talk.id in before)


def test_a_judge_of_the_goal_judges_what_a_visitor_came_for(tmp_path: Path) -> None:
    asked = list[str]()

    def judge(request: Any) -> str:
        asked.append(request.messages[-1].content)
        return json.dumps({"quote": "", "reason": "Nobody said so.", "answer": "no"})

    wanted = scenario(conversations={**TALKS, "judge": ["goal"], "count": 2})
    with simulate_sync(wanted, tmp_path, models=story.models(judge=judge)) as run:
        assert len(run.conversations) == 2
        assert [talk.goal.by for talk in run.conversations if talk.goal is not None] == ["judge", "judge"]
    assert asked
    assert all("did what the user wanted, and told the user what came of it." in one for one in asked)


def test_nobody_comes_to_an_npc_for_what_only_others_can_do(whole: Run, tmp_path: Path) -> None:
    met = next(npc for npc in whole.npcs if npc.id == whole.conversations[0].npc)
    asked = list[str]()

    def designer(request: Any) -> str:
        theirs = any(f"You are {met.name}," in message.content for message in request.messages)
        return "[" if theirs else story.npc_tool_designer(request)

    def user(request: Any) -> str:
        asked.append("\n".join(message.content for message in request.messages))
        return story.user(request)

    scripted = story.models(npc_tool_designer=designer, user=user)
    with simulate_sync(scenario(), tmp_path, models=scripted) as run:
        assert met.persona not in {one for tool in run.tools for one in tool.personas}
    first = met.name.split(" ")[0]
    goals = {line for one in asked for line in one.splitlines() if line.startswith("What you want:") and first in line}
    assert goals == {f"What you want: to learn what {first} is looking for and where it is"}


def test_a_tool_remembers_within_a_talk_and_a_fork_begins_with_what_was_called(whole: Run, tmp_path: Path) -> None:
    with simulate_sync(scenario(conversations={**TALKS, "count": 1}), tmp_path, models=story.models()) as run:
        (talk,) = run.conversations
    result = asyncio.run(fork(tmp_path, talk.id, Branch(at=2, exchanges=4), models=story.models()))
    assert result.value is not None
    forked = Conversation.model_validate(result.value)
    assert (forked.npc, forked.offered) == (talk.npc, talk.offered)
    assert forked.turns[:2] == talk.turns[:2]
    assert len(forked.turns) > 2
    with pytest.raises(InputError, match="card is its system prompt"):
        asyncio.run(fork(tmp_path, talk.id, Branch(at=2, system="Be brief."), models=story.models()))


def test_exports_have_the_card_as_system_prompt_and_the_tools_with_their_calls(whole: Run, tmp_path: Path) -> None:
    FORMATS["messages"].write(whole.ledger, tmp_path)
    FORMATS["sharegpt"].write(whole.ledger, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "conversations.messages.jsonl").read_text().splitlines()]
    assert len(rows) == 6
    for talk, row in zip(whole.conversations, rows, strict=True):
        npc = next(npc for npc in whole.npcs if npc.id == talk.npc)
        system, *rest = row["messages"]
        assert system["role"] == "system"
        assert f"You are {npc.name}, {npc.occupation}, at {npc.place} in Saltmere." in system["content"]
        assert [tool["function"]["name"] for tool in row["tools"]] == list(talk.offered)
        assert {message["role"] for message in rest} == {"user", "assistant", "tool"}
        assert {call["function"]["name"] for message in rest for call in message.get("tool_calls", ())} <= set(
            talk.offered
        )
    shared = [json.loads(line) for line in (tmp_path / "conversations.sharegpt.jsonl").read_text().splitlines()]
    assert all(json.loads(row["tools"]) and row["system"] for row in shared)


def test_over_http_the_calls_are_those_of_the_api_and_a_model_may_play_the_tools(tmp_path: Path) -> None:
    def player(body: dict[str, Any]) -> str:
        told = body["messages"][-1]["content"]
        if "<tool>" in told and "<earlier>" in told:
            return json.dumps({"one_price": 7, "delivery_time": "after the market"})
        return story.responder(body)

    wanted = scenario(conversations={**TALKS, "tools": {"results": "model", "most": 2}, "count": 2})
    with in_thread(FakeServer(player)) as server:
        settings = Settings.from_environ({"SIXHOP_MODEL": f"{server.url}#fake"})
        with simulate_sync(wanted, tmp_path, settings=settings) as run:
            assert len(run.conversations) == 2
            results = [
                step.content
                for talk in run.conversations
                for turn in talk.turns
                for step in turn.steps
                if step.role == "tool"
            ]
    assert set(results) == {'{"delivery_time":"after the market","one_price":7}'}
    played = [body for body in server.requests if "<call>" in str(body["messages"][-1]["content"])]
    assert played
    assert all('"world":"Saltmere: ' in body["messages"][-1]["content"] for body in played)
    calling = [body for body in server.requests if body.get("tools")]
    assert all(len(body["tools"]) <= 2 for body in calling)
    assert any(message.get("role") == "tool" for body in calling for message in body["messages"])
    assert "response_format" not in calling[0]


def test_an_npc_talk_needs_an_npc_that_exists(tmp_path: Path) -> None:
    def nobody(_request: Any) -> str:
        return "no JSON"

    with pytest.raises(InputError, match="all of them failed or were rejected"):
        simulate_sync(scenario(tools={}), tmp_path, models=story.models(npc_writer=nobody))


def test_a_probe_measures_npc_talks_and_what_it_paid_for_counts(tmp_path: Path) -> None:
    models = story.models()
    made = plan_sync(scenario(), tmp_path, probe=3, models=models)
    stages = {row.stage: row for row in made.forecast.stages}
    assert stages["converse"].probed > 0
    assert {row.role for row in stages["converse"].roles} == {"user", "npc"}
    assert list(stages)[-3:-1] == ["tools", "converse"]
    with simulate_sync(scenario(), tmp_path, models=models) as run:
        assert len(run.conversations) == 6


def test_an_edit_of_the_tools_that_are_offered_costs_only_the_talks(tmp_path: Path) -> None:
    with simulate_sync(scenario(), tmp_path, models=story.models()) as run:
        before = bodies(run, "npc"), bodies(run, "tool")
    models = story.models()
    edited = scenario(conversations={**TALKS, "tools": {"most": 1}})
    with simulate_sync(edited, tmp_path, models=models, on_change="reuse") as run:
        assert (bodies(run, "npc"), bodies(run, "tool")) == before
        assert all(len(talk.offered) == 1 for talk in run.conversations)
    asked = {role for role, model in models.items() if model.requests}
    assert asked <= {"user", "npc"}
