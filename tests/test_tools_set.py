"""The set of tools: each once, with who asked for it; the same for the same order; groups."""

import asyncio

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.models.tool import Tool, ToolParameter
from simulator.tools.derive import completed
from simulator.tools.grouping import toolsets
from simulator.tools.naming import identifier, unique_name
from simulator.tools.toolset import ToolDesk, tool_id, tool_text

EMBEDDER = WordLlamaEmbedder()


def tool(name: str, description: str, parameters: str = "place", persona: str = "p-1") -> Tool:
    made = Tool(
        id="f-0",
        personas=(persona,),
        name=name,
        description=description,
        parameters=tuple(
            ToolParameter(name=one, type="string", description=f"The {one}") for one in parameters.split()
        ),
    )
    return completed(made.model_copy(update={"id": tool_id(made)}))


def vectors(tools: list[Tool]):
    return asyncio.run(EMBEDDER.embed([tool_text(one) for one in tools]))


def admitted(tools: list[Tool], desk: ToolDesk | None = None):
    desk = desk or ToolDesk()
    return desk, [desk.admit(one, vector) for one, vector in zip(tools, vectors(tools), strict=True)]


TIDE = tool("get_tide_times", "Gets the times of high and low water at a harbour.", "harbour day", "p-1")


def test_equal_tools_are_one_with_two_askers() -> None:
    desk, verdicts = admitted([TIDE, TIDE.model_copy(update={"personas": ("p-2",)})])
    assert [one.personas for one in desk.tools] == [("p-1", "p-2")]
    assert desk.tools[0].demand == 2
    assert [(one.admitted, one.stage) for one in verdicts] == [(True, None), (False, "exact")]
    assert admitted([TIDE], desk)[0].tools[0].demand == 2, "one who asks twice is one"


def test_the_words_of_a_name_in_another_order_are_the_same_name() -> None:
    other = tool("get_times_tide", "Gets when it is high water and low water at the harbour of a town.", "town", "p-2")
    desk, verdicts = admitted([TIDE, other])
    assert len(desk.tools) == 1
    assert "one with its name does the same" in verdicts[1].reason


def test_one_name_for_two_things_becomes_two_names() -> None:
    other = tool(
        "get_tide_times", "Lists the laundry powders of a brand that a supermarket has on its shelves.", "shop", "p-2"
    )
    desk, verdicts = admitted([TIDE, other])
    assert [one.name for one in desk.tools] == ["get_tide_times", "get_tide_times_by_shop"]
    assert desk.tools[1].id == tool_id(desk.tools[1])
    assert verdicts[1].admitted


def test_same_arguments_and_a_near_description_are_the_same_tool() -> None:
    near = tool(
        "get_harbour_tide_times", "Gets the times of low and of high water at one harbour.", "day harbour", "p-2"
    )
    desk, verdicts = admitted([TIDE, near])
    assert len(desk.tools) == 1
    assert verdicts[1].stage == "embedding"
    assert 0.85 <= verdicts[1].score < 1


def test_opposite_tools_stay_apart_however_near_their_words_are() -> None:
    text = "{} the barrier of the car park at the gate of the hospital."
    pair = [tool("lock_barrier", text.format("Locks")), tool("unlock_barrier", text.format("Unlocks"))]
    effects = [
        tool("add_visit", "Manages the visits of one ward."),
        tool("cancel_visit", "Manages the visits of one ward."),
    ]
    assert len(admitted(pair)[0].tools) == 2
    assert len(admitted(effects)[0].tools) == 2


def test_a_desk_restored_from_what_it_admitted_decides_as_before() -> None:
    tools = [
        TIDE,
        tool("lock_barrier", "Locks the barrier at the gate of the hospital."),
        tool("unlock_barrier", "Unlocks the barrier at the gate of the hospital."),
        tool("open_barrier", "Unlocks the barrier at the gate of the hospital."),
        tool("fetch_tide_times", "Fetches times of the high and low water at one harbour.", "day harbour", "p-2"),
        tool("unlock_barrier", "Unlocks the barrier at the gate of that hospital.", "gate", "p-9"),
    ]
    whole, verdicts = admitted(tools)
    for cut in range(1, len(tools)):
        first, _ = admitted(tools[:cut])
        texts = {one.tool.id: tool_text(made) for one, made in zip(verdicts, tools, strict=True) if one.admitted}
        again = ToolDesk()
        kept = first.tools
        again.restore(
            kept, [texts[one.id] for one in kept], asyncio.run(EMBEDDER.embed([texts[one.id] for one in kept]))
        )
        assert admitted(tools[cut:], again)[0].tools == whole.tools


def test_without_merging_every_tool_stays_and_has_a_name_of_its_own() -> None:
    desk, _ = admitted([TIDE, TIDE, TIDE], ToolDesk(merge=False))
    assert [one.name for one in desk.tools] == ["get_tide_times", "get_tide_times_by_harbour", "get_tide_times_by_day"]


def test_toolsets_hold_every_tool_once_and_the_most_wanted_first() -> None:
    tools = [
        tool("order_hive_frames", "Orders more hive frames from the shop for beekeepers."),
        TIDE.model_copy(update={"personas": ("p-1", "p-2", "p-3")}),
        tool("check_tide_gauge", "Checks the tide gauge for high and low water at the harbour."),
        tool("check_hive_frames_price", "Checks the price of hive frames in the shop for beekeepers."),
    ]
    groups = toolsets(tools, vectors(tools))
    assert [group.name for group in groups] == ["tide", "hive_frames"]
    assert groups[0].demand == 3
    assert sorted(id_ for group in groups for id_ in group.tools) == sorted(one.id for one in tools)
    assert toolsets([], np.zeros((0, 4), np.float32)) == []


HOSTILE = [
    "../../etc/passwd",
    "<script>alert(1)</script>",
    'a"; DROP TABLE tools;--',
    "🦊" * 20,
    "x" * 10_000,
    "",
    "名前",
]


def test_hostile_names_become_names_or_nothing() -> None:
    assert [identifier(one) for one in HOSTILE] == [
        "etc_passwd", "script_alert_1_script", "a_drop_table_tools", "", "x" * 64, "", "",
    ]  # fmt: skip


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_makes_names_that_every_format_takes(text: str, hints: list[str]) -> None:
    name = identifier(text)
    assert name == "" or Tool(id="f", personas=(), name=name, description="x", parameters=())
    taken: set[str] = set()
    for _ in range(4):
        made = unique_name(name or "tool", taken, (identifier(one) or "x" for one in hints))
        assert made not in taken
        assert Tool(id="f", personas=(), name=made, description="x", parameters=()).name == made
        taken.add(made)
