"""Simulated calls: checked, with a memory, the same for the same calls; and behind an MCP server with a real client."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from graphs.talk.company import played_by
from simulator.assembly.tool_server import chosen_tools, make_server
from simulator.cli.main import main
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.errors import InputError
from simulator.exports.functions import mcp_tool
from simulator.llm.scripted import ScriptedModel
from simulator.models.tool import Tool, ToolError, ToolExample, ToolField, ToolParameter, Toolset
from simulator.prompts.template import load_prompt
from simulator.roles.role import RoleContext
from simulator.roles.tool_player import tool_player
from simulator.tools.schema import result_flaw
from simulator.tools.simulated import SimulatedTools

mcp = pytest.importorskip("mcp")


def text(name: str, **said: object) -> dict[str, object]:
    return {"name": name, "type": "string", "description": f"The {name}", **said}


def tool(name: str, parameters: list[dict], result: list[dict], effect: str, **said: object) -> Tool:
    return Tool(
        id=f"f-{name}",
        personas=("p-1",),
        name=name,
        description=f"Does {name}.",
        parameters=tuple(ToolParameter.model_validate(one) for one in parameters),
        result=tuple(ToolField.model_validate(one) for one in result),
        effect=effect,  # type: ignore[arg-type]
        **said,
    )


CODE = ToolExample(
    query="Two frames", arguments={"item": "frame", "count": 2}, result={"order_number": "AB-1234", "day": "2026-05-01"}
)
ORDER = tool(
    "order_frames",
    [text("item"), {"name": "count", "type": "integer", "description": "How many", "minimum": 1, "maximum": 9}],
    [text("order_number"), text("day", format="date")],
    "adds",
)
TRACK = tool("track_order", [text("order_number")], [text("day", format="date"), text("item"), text("status")], "reads")
LIST = tool(
    "list_orders", [text("item")], [text("order_number"), text("item"), text("day", format="date")], "reads", many=True
)
CANCEL = tool("cancel_order", [text("order_number")], [text("status", enum=("cancelled",))], "removes")
SEALED = tool("seal_crate", [text("crate_id")], [text("seal", pattern="^[A-Z]{2}-[0-9]{4}$")], "changes",
    errors=(ToolError(code="crate_not_found", when="There is no such crate."),),
    examples=(ToolExample(query="Seal it", arguments={"crate_id": "1"}, result={"seal": "QX-2201"}),),
)  # fmt: skip
SET = [ORDER, TRACK, LIST, CANCEL, SEALED]


def play(*calls: tuple[str, dict], **said):
    simulated = SimulatedTools(SET, **said)

    async def work():
        return [await simulated.call(name, arguments) for name, arguments in calls]

    return asyncio.run(work())


def test_what_was_ordered_can_be_tracked_listed_and_cancelled() -> None:
    (first,) = play(("order_frames", {"item": "frame", "count": 2}))
    number = first.result["order_number"]
    tracked = ("track_order", {"order_number": number})
    answers = play(
        ("order_frames", {"item": "frame", "count": 2}),
        ("order_frames", {"item": "frame", "count": 2}),
        tracked,
        ("list_orders", {"item": "frame"}),
        ("list_orders", {"item": "lid"}),
        ("cancel_order", {"order_number": number}),
        tracked,
        ("cancel_order", {"order_number": number}),
    )
    ordered, again, status, listed, others, cancelled, gone, twice = answers
    assert ordered == first
    assert again.result["order_number"] != number, "two orders are two"
    assert status.result["day"] == ordered.result["day"]
    assert status.result["item"] == "frame"
    numbers = [row["order_number"] for row in listed.result["rows"]]
    assert numbers[:2] == [number, again.result["order_number"]]
    assert number not in [row["order_number"] for row in others.result["rows"]]
    assert cancelled.result == {"status": "cancelled"}
    assert (gone.error, twice.error) == ("not_found", "not_found")
    assert number in gone.message


def test_what_a_tool_said_once_it_says_again_and_no_reading_changes_what_was_written() -> None:
    asked = ("track_order", {"order_number": "ZZ-1"})
    first, again, other = play(asked, asked, ("track_order", {"order_number": "ZZ-2"}))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("order_frames", {"item": "frame"}, "invalid_arguments", "'count' is a required property"),
        (
            "order_frames",
            {"item": "frame", "count": 99},
            "invalid_arguments",
            "count: 99 is greater than the maximum of 9",
        ),
        ("order_frames", {"item": 3, "count": 2}, "invalid_arguments", "item: 3 is not of type 'string'"),
        ("order_frames", {"item": "a", "count": 1, "x": 1}, "invalid_arguments", "Additional properties"),
        ("drop_tables", {}, "unknown_tool", "there is no tool 'drop_tables'"),
    ],
)
def test_calls_that_do_not_fit_are_errors_that_say_why(name: str, arguments: dict, error: str, message: str) -> None:
    (answer,) = play((name, arguments))
    assert (answer.result, answer.error) == (None, error)
    assert message in answer.message


def test_a_pattern_is_kept_by_a_worked_example_and_errors_are_the_tool_s_own() -> None:
    (sealed,) = play(("seal_crate", {"crate_id": "C-1"}))
    assert sealed.result == {"seal": "QX-2201"}
    failed = play(*[("seal_crate", {"crate_id": f"C-{n}"}) for n in range(8)], error_percent=100)
    assert {one.error for one in failed} == {"crate_not_found"}
    some = play(*[("seal_crate", {"crate_id": f"C-{n}"}) for n in range(60)], error_percent=30)
    assert 5 < sum(one.error != "" for one in some) < 35


CALLS = st.lists(
    st.one_of(
        st.tuples(
            st.just("order_frames"),
            st.fixed_dictionaries({"item": st.sampled_from(["frame", "<b>"]), "count": st.integers(1, 9)}),
        ),
        st.tuples(
            st.sampled_from(["track_order", "cancel_order"]),
            st.fixed_dictionaries({"order_number": st.sampled_from(["OR-1", "OR-2"])}),
        ),
        st.tuples(st.just("list_orders"), st.fixed_dictionaries({"item": st.text(max_size=5)})),
        st.tuples(st.just("seal_crate"), st.fixed_dictionaries({"crate_id": st.text(max_size=5)})),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(CALLS, st.integers(0, 3), st.sampled_from([0, 40]))
def test_every_result_fits_its_schema_and_the_same_calls_get_the_same_answers(calls, seed: int, errors: int) -> None:
    answers = play(*calls, seed=seed, error_percent=errors)
    assert answers == play(*calls, seed=seed, error_percent=errors)
    tools = {one.name: one for one in SET}
    for (name, _), answer in zip(calls, answers, strict=True):
        assert (answer.result is None) == bool(answer.error)
        if answer.result is not None:
            assert result_flaw(tools[name], answer.result) is None


def test_a_model_plays_the_tools_and_rules_step_in_for_what_does_not_fit() -> None:
    asked = []

    def player(request) -> str:
        asked.append(request.messages[-1].content)
        return '{"day": "2026-07-01", "item": "lid", "status": "packed"}' if "track_order" in asked[-1] else "{}"

    context = RoleContext(tool_player(), load_prompt("tool_player"), ScriptedModel(player), WordLlamaEmbedder())
    ordered, tracked = play(
        ("order_frames", {"item": "frame", "count": 2}),
        ("track_order", {"order_number": "OR-9"}),
        play=played_by(context),
    )
    assert (ordered.by, tracked.by) == ("rule", "model")
    assert tracked.result["status"] == "packed"
    assert "order_frames" in asked[-1], "it is told of earlier calls"


def served(client_work, *, tools=SET):
    async def work():
        async with mcp.Client(make_server(SimulatedTools(tools))) as client:
            return await client_work(client)

    return asyncio.run(work())


async def order_and_track(client) -> list:
    listed = await client.list_tools()
    made = [await client.call_tool("order_frames", {"item": "frame", "count": 2})]
    made.append(await client.call_tool("track_order", {"order_number": made[0].structured_content["order_number"]}))
    made.append(await client.call_tool("order_frames", {"count": "two"}))
    return [listed, *made]


def check_talk(talk: list) -> None:
    listed, ordered, tracked, wrong = talk
    by_name = {one.name: one for one in listed.tools}
    assert by_name["order_frames"].annotations.read_only_hint is False
    assert [one.model_dump(by_alias=True, exclude_none=True) for one in listed.tools if one.name == "seal_crate"] == [
        mcp_tool(SEALED)
    ] * ("seal_crate" in by_name)
    Draft202012Validator(by_name["order_frames"].output_schema).validate(ordered.structured_content)
    assert json.loads(ordered.content[0].text) == ordered.structured_content
    assert tracked.structured_content["day"] == ordered.structured_content["day"]
    assert tracked.structured_content["item"] == "frame"
    assert wrong.is_error
    assert json.loads(wrong.content[0].text)["error"] == "invalid_arguments"


def test_a_real_client_lists_and_calls_the_tools() -> None:
    check_talk(served(order_and_track))


def test_long_lists_come_in_pages() -> None:
    tools = [ORDER.model_copy(update={"name": f"order_{n}"}) for n in range(1100)]

    async def pages(client):
        names, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            names += [one.name for one in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                return names

    assert served(pages, tools=tools) == [one.name for one in tools]


def test_toolsets_and_the_most_wanted_can_be_chosen() -> None:
    wanted = ORDER.model_copy(update={"name": "wanted", "id": "f-wanted", "personas": ("p-1", "p-2")})
    groups = [Toolset(name="orders", tools=("f-track_order", "f-list_orders"), demand=1)]
    assert [one.name for one in chosen_tools([*SET, wanted], groups, limit=2)] == ["wanted", "order_frames"]
    assert [one.name for one in chosen_tools(SET, groups, ["orders"])] == ["track_order", "list_orders"]
    with pytest.raises(InputError, match="no toolset 'boats'; the run has 1, the most wanted: orders"):
        chosen_tools(SET, groups, ["boats"])
    with pytest.raises(InputError, match="the run has no tools"):
        chosen_tools([], [])


COMMAND = [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())", "serve-tools"]


@pytest.fixture(scope="module")
def rundir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run directory whose tools came in by an import: the shortest way to a real one."""
    root = tmp_path_factory.mktemp("serve")
    rows = [
        {"function_name": "order_frames", "description": "Orders frames.", "input_args": {"item": "what to order", "count": "an integer"},
         "return": {"order_number": "number of the order", "day": "day of the delivery"}},
        {"function_name": "track_order", "description": "Tracks a parcel.", "input_args": {"order_number": "number of the order"},
         "return": {"day": "day of the delivery", "item": "what was ordered"}},
    ]  # fmt: skip
    lines = [json.dumps({"input persona": "A beekeeper.", "synthesized text": json.dumps(row)}) for row in rows]
    (root / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert main(["import", str(root / "rows.jsonl"), "--kind", "tools", "--out", str(root / "run")]) == 0
    return str(root / "run")


def test_serve_tools_over_standard_input_and_output(rundir: str) -> None:
    async def work():
        server = mcp.StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], rundir], env=dict(os.environ))
        async with mcp.Client(mcp.stdio_client(server, errlog=subprocess.DEVNULL)) as client:
            return await order_and_track(client)

    check_talk(asyncio.run(work()))


def test_serve_tools_over_http_on_loopback(rundir: str) -> None:
    with subprocess.Popen([*COMMAND, rundir, "--http", "--port", "0"], stderr=subprocess.PIPE, text=True) as process:
        try:
            told = process.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/mcp", told)
            assert url, told

            async def work():
                async with mcp.Client(url[0]) as client:
                    return await order_and_track(client)

            check_talk(asyncio.run(work()))
            stranger = urllib.request.Request(
                url[0], b"{}", {"Host": "evil.example", "Content-Type": "application/json"}
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(stranger, timeout=60)
            assert refused.value.code == 421, "a page that points its name at loopback reaches nothing"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def test_a_run_without_tools_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from simulator.runs.ledger import Ledger

    Ledger.open(tmp_path / "ledger.sqlite", create=True).close()
    assert main(["serve-tools", str(tmp_path)]) == 2
    assert "the run has no tools" in " ".join(capsys.readouterr().err.split())
