"""Functions and graphs as assistants under test: what they may return, and every way in which they fail."""

from __future__ import annotations

import asyncio
import operator
import time
from pathlib import Path
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from simulator.errors import InputError
from simulator.llm.meter import Meter
from simulator.models.message import Usage
from simulator.models.step import spoken
from simulator.runs.ledger import Ledger
from simulator.subjects.function import FunctionSubject
from simulator.subjects.graph import GraphSubject
from simulator.subjects.protocol import Answer, Task
from simulator.subjects.stored import StoredSubject
from simulator.subjects.user_code import is_code, load_code
from simulator.subjects.workshop import Workshop

ASKED = Task(messages=({"role": "user", "content": "Where is my parcel?"},), seed=1)


def ask(function: Any, task: Task = ASKED, timeout_s: float = 60.0) -> Answer:
    workshop = Workshop()
    try:
        return asyncio.run(FunctionSubject(function, "python:f", workshop, timeout_s).answer(task))
    finally:
        workshop.close()


async def eager(messages: list[dict[str, Any]]) -> str:
    return f"You asked: {messages[-1]['content']}"


def with_tools(messages: list[dict[str, Any]]) -> list[Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"parcel": "A-7"}'}}
    return [
        {"role": "assistant", "content": "I look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "name": "track", "content": "in Halden"},
        "It is in Halden.",
    ]


def counting(messages: list[dict[str, Any]], state: dict[str, Any] | None) -> dict[str, Any]:
    turns = (state or {"turns": 0})["turns"] + 1
    return {"messages": ["First.", "Second."], "state": {"turns": turns}, "ended": turns == 2}


def test_plain_and_async_functions_answer() -> None:
    assert spoken(ask(eager).steps) == "You asked: Where is my parcel?"
    assert spoken(ask(lambda messages: "In Halden.").steps) == "In Halden."
    assert ask(lambda messages: AIMessage("In Halden.")).steps[0].content == "In Halden."


def test_several_messages_with_calls_are_one_turn() -> None:
    steps = ask(with_tools).steps
    assert [step.role for step in steps] == ["assistant", "tool", "assistant"]
    assert steps[0].calls[0].arguments == {"parcel": "A-7"}
    assert spoken(steps) == "I look.\n\nIt is in Halden."


def test_a_state_is_carried_from_turn_to_turn() -> None:
    first = ask(counting)
    assert (first.state, first.ended) == ({"turns": 1}, False)
    second = ask(counting, ASKED.model_copy(update={"state": first.state}))
    assert (second.state, second.ended) == ({"turns": 2}, True)


def raises(messages: list[Any]) -> str:
    raise KeyError("order")


def exits(messages: list[Any]) -> str:
    raise SystemExit(1)


async def gives_up(messages: list[Any]) -> str:
    raise asyncio.CancelledError


async def hangs(messages: list[Any]) -> str:
    await asyncio.sleep(60)
    return "late"


async def blocks(messages: list[Any]) -> str:
    time.sleep(3)  # noqa: ASYNC251 - what an assistant under test should not do
    return "late"


class Hostile:
    def __repr__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("function", "cause", "words"),
    [
        (raises, "raised", "KeyError: 'order'"),
        (exits, "raised", "tried to end the process"),
        (gives_up, "raised", "CancelledError"),
        (lambda messages: None, "nonsense", "NoneType"),
        (lambda messages: "  ", "nonsense", "says nothing"),
        (lambda messages: 42, "nonsense", "int"),
        (lambda messages: [], "nonsense", "says nothing"),
        (lambda messages: {"role": "user", "content": "hm"}, "nonsense", "'user'"),
        (lambda messages: {"content": "hm", "state": {"x": object()}}, "nonsense", "JSON"),
        (lambda messages: {"content": "hm", "state": {"x": float("nan")}}, "nonsense", "JSON"),
        (lambda messages: Hostile(), "raised", "no"),
    ],
)
def test_an_assistant_that_fails_is_an_answer(function: Any, cause: str, words: str) -> None:
    answer = ask(function)
    assert answer.cause == cause
    assert words in answer.problem


@pytest.mark.parametrize("function", [hangs, blocks, lambda messages: time.sleep(60)])
def test_an_assistant_that_does_not_answer_in_time_is_an_answer(function: Any) -> None:
    answer = ask(function, timeout_s=0.2)
    assert answer.cause == "timeout"
    assert "0.2 s" in answer.problem


def test_a_blocked_loop_does_not_stop_the_next_conversation() -> None:
    async def both() -> tuple[Answer, Answer]:
        workshop = Workshop()
        bad = await FunctionSubject(blocks, "b", workshop, 0.2).answer(ASKED)
        return bad, await FunctionSubject(eager, "e", workshop, 60).answer(ASKED)

    bad, good = asyncio.run(both())
    assert (bad.cause, good.cause) == ("timeout", None)


def test_lone_surrogates_are_repaired() -> None:
    assert ask(lambda messages: "a\ud800b\0").steps[0].content == "a\ufffdb\ufffd"


def test_what_takes_no_messages_is_refused() -> None:
    with pytest.raises(InputError, match="takes"):
        FunctionSubject(lambda: "hm", "f", Workshop(), 1)
    with pytest.raises(InputError, match="int"):
        FunctionSubject(3, "f", Workshop(), 1)  # type: ignore[arg-type]


class DeskState(MessagesState, total=False):
    tickets: Annotated[list[str], operator.add]
    ended: bool


def desk(checkpointer: Any = None) -> Any:
    def act(state: DeskState) -> dict[str, Any]:
        call = {"name": "open_ticket", "args": {"about": state["messages"][-1].text}, "id": "t1"}
        done = ToolMessage("ticket 1", tool_call_id="t1", name="open_ticket")
        told = AIMessage("It is noted.", usage_metadata={"input_tokens": 5, "output_tokens": 2, "total_tokens": 7})
        asked = AIMessage("", tool_calls=[call])
        return {"messages": [asked, done, told], "tickets": [state["messages"][-1].text]}

    graph = StateGraph(DeskState)
    graph.add_node("act", act)
    graph.add_edge(START, "act")
    graph.add_edge("act", END)
    return graph.compile(checkpointer=checkpointer) if checkpointer is not False else graph


@pytest.mark.parametrize("graph", [desk(), desk(InMemorySaver()), desk(False)], ids=["plain", "checkpointer", "raw"])
def test_a_graph_answers_and_keeps_the_rest_of_its_state(graph: Any) -> None:
    async def two_turns() -> tuple[Answer, Answer]:
        subject = GraphSubject(graph, "graph", Workshop(), 5)
        first = await subject.answer(ASKED)
        told = {"role": "assistant", "content": "It is noted."}
        messages = (*ASKED.messages, told, {"role": "user", "content": "And my refund?"})
        return first, await subject.answer(Task(messages=messages, state=first.state))

    first, second = asyncio.run(two_turns())
    assert [step.role for step in first.steps] == ["assistant", "tool", "assistant"]
    assert first.usage == Usage(prompt=5, completion=2)
    assert first.state == {"tickets": ["Where is my parcel?"]}
    assert second.state == {"tickets": ["Where is my parcel?", "And my refund?"]}
    assert spoken(second.steps) == "It is noted."


def test_a_graph_that_says_nothing_is_nonsense() -> None:
    graph: Any = StateGraph(MessagesState)
    graph.add_node("idle", lambda state: {})
    graph.add_edge(START, "idle")
    answer = asyncio.run(GraphSubject(graph, "graph", Workshop(), 5).answer(ASKED))
    assert answer.cause == "nonsense"


def test_a_stored_answer_is_not_asked_for_again(tmp_path: Path) -> None:
    called: list[int] = []

    def once(messages: list[Any]) -> str:
        called.append(len(called))
        if len(messages) > 1:
            raise ValueError("no")
        return f"Answer {len(called)}."

    second = Task(messages=(*ASKED.messages, *ASKED.messages), seed=1)
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        for _ in range(2):
            meter = Meter()
            stored = StoredSubject(FunctionSubject(once, "f", Workshop(), 5), ledger, meter=meter, stage="converse")
            assert spoken(asyncio.run(stored.answer(ASKED)).steps) == "Answer 1."
            assert asyncio.run(stored.answer(second)).cause == "raised"
        assert (meter.total.made, meter.total.reused) == (0, 2)
        changed = StoredSubject(FunctionSubject(once, "f@2", Workshop(), 5), ledger, meter=meter, stage="converse")
        assert spoken(asyncio.run(changed.answer(ASKED)).steps) == "Answer 3."


def test_code_is_found_by_file_and_by_module(tmp_path: Path) -> None:
    (tmp_path / "helper_of_desk.py").write_text("WORD = 'hello'\n")
    (tmp_path / "my_desk.py").write_text("import helper_of_desk\ndef reply(messages): return helper_of_desk.WORD\n")
    assert load_code("my_desk.py:reply", tmp_path)([]) == "hello"
    assert load_code("my_desk:reply", tmp_path)([]) == "hello"
    assert load_code("json:dumps", tmp_path)([1]) == "[1]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gone.py:f", "there is no file"),
        ("json:gone", "has no 'gone'"),
        ("no_such_module_here:f", "ModuleNotFoundError"),
        ("broken.py:f", "ZeroDivisionError"),
        ("just words", "names no code"),
    ],
)
def test_code_that_is_not_there_is_named(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(InputError, match=words):
        load_code(text, tmp_path)


def test_a_model_is_no_code() -> None:
    assert not any(map(is_code, ("local", "openai:gpt-5-mini", "gguf:/a.gguf", "http://localhost:1/v1#m")))
