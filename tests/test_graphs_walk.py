"""A walk takes the steps that LangGraph takes, and says when a graph is more than it can walk."""

from __future__ import annotations

import asyncio
import json
import operator
from typing import Annotated, Any, TypedDict

import conversation_cases as talks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.channels import Topic
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from role_cases import Letters

from graphs import conversation
from graphs.role import build
from graphs.walk import Walk
from simulator.errors import EndpointUnreachable
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest, Reply
from simulator.models.unit import Unit
from simulator.prompts.template import load_prompt
from simulator.roles.poser import poser
from simulator.roles.role import RoleContext

GOOD = json.dumps({"instruction": "How long does rye dough have to rest before the second kneading at 18 degrees?"})
REPLIES = [
    GOOD,
    "no JSON",
    '{"instruction": "You can try this."}',
    Reply(text=GOOD[:40], finish="length", model="m"),
    "",
]


@given(st.lists(st.sampled_from(range(len(REPLIES))), min_size=12, max_size=12), st.integers(1, 4))
@settings(max_examples=60)
def test_a_walk_and_langgraph_do_the_same(order: list[int], k: int) -> None:
    def script(request: ChatRequest) -> Any:
        repairs = request.messages[-1].content.startswith("That answer")
        return REPLIES[order[(request.attempt + 6 * repairs) % 12]]

    async def both() -> tuple[Any, Any, int, int]:
        unit = Unit(stage="test", role="poser", inputs={"persona": "a baker who is going blind"}, seed=3)
        models = ScriptedModel(script), ScriptedModel(script)
        contexts = [RoleContext(poser(), load_prompt("poser"), model, Letters(), k) for model in models]  # type: ignore[arg-type]
        walked = await Walk(build()).run({"unit": unit}, contexts[0])
        ran = await build().ainvoke({"unit": unit}, context=contexts[1])
        return walked, ran, len(models[0].requests), len(models[1].requests)

    walked, ran, first, second = asyncio.run(both())
    assert walked == ran
    assert first == second


def test_what_a_node_raises_comes_out_as_it_is() -> None:
    model = ScriptedModel(lambda request: EndpointUnreachable("nobody there"))
    context = RoleContext(poser(), load_prompt("poser"), model, Letters())  # type: ignore[arg-type]
    unit = Unit(stage="test", role="poser", inputs={"persona": "a baker"}, seed=3)
    with pytest.raises(EndpointUnreachable, match="nobody there"):
        asyncio.run(Walk(build()).run({"unit": unit}, context))


class Count(TypedDict, total=False):
    n: int


class Sum(TypedDict, total=False):
    n: Annotated[int, operator.add]


class Gathered(TypedDict, total=False):
    n: Annotated[int, Topic(int)]


async def up(state: Count) -> Count:
    return {"n": state.get("n", 0) + 1}


def plain(state: Count) -> Count:
    return {"n": 1}


def graph(schema: Any = Count, node: Any = up, *edges: tuple[str, str]) -> Any:
    made = StateGraph(schema)
    made.add_node("one", node)
    made.add_node("two", up)
    for start, end in edges or ((START, "one"), ("one", "two"), ("two", END)):
        made.add_edge(start, end)
    return made.compile()


def test_a_chain_and_a_loop_without_an_end() -> None:
    assert asyncio.run(Walk(graph()).run({}, None)) == {"n": 2}
    loop = graph(Count, up, (START, "one"), ("one", "two"), ("two", "one")).with_config(recursion_limit=7)
    with pytest.raises(GraphRecursionError, match="7 steps"):
        asyncio.run(Walk(loop).run({}, None))


def test_a_reducer_makes_what_langgraph_makes_of_it() -> None:
    assert asyncio.run(Walk(graph(Sum)).run({"n": 5}, None)) == asyncio.run(graph(Sum).ainvoke({"n": 5})) == {"n": 23}
    assert asyncio.run(Walk(graph(Sum)).run({}, None)) == {"n": 3}


def test_a_conversation_is_walked_as_langgraph_runs_it() -> None:
    given = {"persona": talks.PERSONA, "opener": talks.OPENER, "exchanges": 4, "seed": 7}
    walked = asyncio.run(Walk(conversation.build()).run(given, talks.context(talks.ASKED)))
    ran = asyncio.run(conversation.build().ainvoke(given, context=talks.context(talks.ASKED)))
    assert len(walked["messages"]) == 8
    assert walked == ran


@pytest.mark.parametrize(
    "made",
    [
        graph(Gathered),
        graph(Count, plain),
        graph(Count, up, (START, "one"), (START, "two"), ("one", END), ("two", END)),
    ],
    ids=["a topic", "a plain function", "two ways at once"],
)
def test_a_graph_that_is_more_than_a_chain_is_refused(made: Any) -> None:
    with pytest.raises(ValueError, match="walk"):
        Walk(made)
