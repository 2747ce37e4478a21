"""A model as the assistant under test, and its tools: functions, canned results, simulated ones."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from simulator.llm.scripted import Answer, ScriptedModel
from simulator.models.message import ChatRequest
from simulator.models.step import ToolCall, spoken
from simulator.subjects.model import ModelSubject
from simulator.subjects.protocol import Task
from simulator.subjects.toolbox import Called, Tool, Toolbox, canned, schema_flaw, schema_problem, user_function
from simulator.subjects.workshop import Workshop

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
    assert schema_problem({"type": "objekt"}) is not None
    assert schema_problem(PARAMETERS) is None
    assert schema_flaw({"order": 3}, PARAMETERS) is not None
    assert ToolCall(id="1", name="x").arguments == {}
