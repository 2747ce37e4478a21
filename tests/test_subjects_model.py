"""A model as the assistant under test, and its tools: functions, canned results, simulated ones."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from simulator.llm.scripted import Answer, ScriptedModel
from simulator.models.conversation import Conversation
from simulator.models.message import ChatRequest
from simulator.models.step import ToolCall, spoken
from simulator.scenario.subject import CheckSpec
from simulator.subjects.checks import examine
from simulator.subjects.model import ModelSubject
from simulator.subjects.protocol import Task
from simulator.subjects.toolbox import Called, Tool, Toolbox, canned, user_function
from simulator.subjects.workshop import Workshop
from simulator.tools.schema import schema_flaw, value_flaw

PARAMETERS = {
    "type": "object",
    "properties": {"order": {"type": "string", "pattern": "^A-"}},
    "required": ["order"],
    "additionalProperties": False,
}
TASK = Task(messages=({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is A-1?"}), seed=4)


def calls(*given: tuple[str, Any]) -> str:
    made = [{"id": "", "name": name, "arguments": arguments} for name, arguments in given]
    return json.dumps({"content": "", "tool_calls": made})


def says(text: str) -> str:
    return json.dumps({"content": text, "tool_calls": []})


def tool(perform: Any) -> Tool:
    return Tool("find_order", "Finds an order.", PARAMETERS, perform)


def answer(script: list[Answer], perform: Any = None, rounds: int = 3) -> tuple[Any, list[ChatRequest]]:
    model = ScriptedModel(script)
    box = Toolbox([tool(perform or canned([({"order": "A-1"}, {"state": "sent"})]))])
    return asyncio.run(ModelSubject(model, box, rounds=rounds).answer(TASK)), model.requests


def test_a_plain_model_gets_the_talk_and_its_reply_is_taken_as_it_is() -> None:
    model = ScriptedModel(["As an AI language model I cannot. I cannot. I cannot."])
    got = asyncio.run(ModelSubject(model).answer(TASK))
    assert [message.role for message in model.requests[0].messages] == ["system", "user"]
    assert spoken(got.steps) == "As an AI language model I cannot. I cannot. I cannot."


def test_a_call_is_executed_and_its_result_given_back() -> None:
    got, requests = answer([calls(("find_order", {"order": "A-1"})), says("It was sent.")])
    assert [step.role for step in got.steps] == ["assistant", "tool", "assistant"]
    assert got.steps[1].content == '{"state":"sent"}'
    assert requests[1].thread[-1]["content"] == '{"state":"sent"}'
    assert requests[1].thread[-1]["tool_call_id"] == requests[1].thread[-2]["tool_calls"][0]["id"]
    assert requests[0].tools[0]["function"]["name"] == "find_order"


def test_a_call_that_cannot_be_executed_gets_an_error_as_its_answer() -> None:
    wrong = [
        calls(("find_order", {"order": "B-1"}), ("lose_order", {}), ("find_order", "not json")),
        calls(("find_order", {"order": "A-9"})),
        says("I cannot find it."),
    ]
    got, _ = answer(wrong)
    problems = [step.problem for step in got.steps if step.role == "tool"]
    assert ["does not match" in problems[0], "no tool 'lose_order'" in problems[1]] == [True, True]
    assert "no JSON object" in problems[2]
    assert "no canned result" in problems[3]
    assert got.cause is None


def test_the_ids_of_calls_differ() -> None:
    got, _ = answer([calls(("find_order", {"order": "A-1"}), ("find_order", {"order": "A-1"})), says("Sent.")])
    ids = [call.id for step in got.steps for call in step.calls]
    assert len(set(ids)) == 2
    assert [step.call for step in got.steps if step.role == "tool"] == ids


def test_tools_are_functions_of_the_users() -> None:
    def find(order: str) -> dict[str, str]:
        return {"order": order, "state": "packed"}

    def fails(order: str) -> None:
        raise RuntimeError("the shop is closed")

    script: list[Answer] = [calls(("find_order", {"order": "A-1"})), says("Done.")]
    assert "packed" in answer(script, user_function(find, Workshop(), 5))[0].steps[1].content
    assert "the shop is closed" in answer(script, user_function(fails, Workshop(), 5))[0].steps[1].problem


def test_a_model_that_only_calls_is_nonsense() -> None:
    got, _ = answer([calls(("find_order", {"order": "A-1"}))] * 4)
    assert (got.cause, "4 times" in got.problem) == ("nonsense", True)


def test_earlier_calls_reach_who_simulates() -> None:
    seen: list[int] = []

    async def perform(called: Called) -> str:
        seen.append(len(called.earlier))
        return "ok"

    answer([calls(("find_order", {"order": "A-1"})), calls(("find_order", {"order": "A-1"})), says("Done.")], perform)
    assert seen == [0, 1]


def test_the_name_tells_tools_apart() -> None:
    model = ScriptedModel([], name="m")
    names = {
        ModelSubject(model).name,
        ModelSubject(model, Toolbox([tool(canned([]))])).name,
        ModelSubject(model, Toolbox([tool(canned([]))]), identity="2").name,
    }
    assert len(names) == 3


def test_a_schema_that_is_none_is_told() -> None:
    assert schema_flaw({"type": "objekt"}) is not None
    assert schema_flaw(PARAMETERS) is None
    assert value_flaw(PARAMETERS, {"order": 3}) is not None


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("https://example.org/a.json", "'https://example.org/a.json', which is another document"),
        ("other.json#/a", "another document"),
        ("#/$defs/gone", "nothing in it"),
    ],
)
def test_a_schema_that_needs_another_document_is_told(ref: str, said: str) -> None:
    flaw = schema_flaw({"type": "object", "properties": {"a": {"$ref": ref}}, "$defs": {"b": {"type": "string"}}})
    assert said in (flaw or "")


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/$defs/b"}}}
    assert schema_flaw({**tree, "$defs": {"b": {"type": "string"}}}) is None
    assert schema_flaw({"type": "object", "properties": {"$ref": {"type": "string"}}}) is None
    assert schema_flaw({"const": {"$ref": "https://example.org"}}) is None


def test_a_result_belongs_to_its_own_call_though_a_server_uses_ids_again() -> None:
    def call(order: str) -> str:
        return json.dumps(
            {"content": "", "tool_calls": [{"id": "call_0", "name": "find_order", "arguments": {"order": order}}]}
        )

    seen: list[list[tuple[Any, str]]] = []

    async def perform(called: Called) -> Any:
        seen.append([(one.arguments["order"], result) for one, result in called.earlier])  # type: ignore[index]
        return f"result {len(seen)}"

    answer([call("A-1"), call("A-2"), call("A-3"), says("Done.")], perform)
    first, second = ("A-1", "result 1"), ("A-2", "result 2")
    assert seen == [[], [first], [first, second]]
    assert ToolCall(id="1", name="x").arguments == {}


@pytest.mark.parametrize("path", ["--1", "\u00b2", "-", "1.5", "\u0663", "9" * 5000])
def test_a_path_that_leads_nowhere_is_a_check_that_fails(path: str) -> None:
    check = CheckSpec(json_path=f"a.{path}", equals=1)
    talk = Conversation(id="c-1", persona="p-1", turns=(), stop="max_turns", state={"a": [1, 2]})
    found = examine(check, "path", talk)
    assert not found.passed
    assert "has no" in found.evidence
