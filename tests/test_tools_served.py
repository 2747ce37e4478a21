"""Simulated tools behind an MCP server, as a real client sees them."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tool_cases import ORDER, SEALED, SET

from simulator.assembly.tool_server import chosen_tools, make_server
from simulator.cli.main import main
from simulator.errors import InputError
from simulator.exports.functions import mcp_tool
from simulator.models.tool import Toolset
from simulator.tools.simulated import SimulatedTools

mcp = pytest.importorskip("mcp")


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
            _, rest = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in rest, "interrupted" in rest) == (0, False, False), rest


def test_in_a_terminal_it_says_who_speaks_there(rundir: str) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run([*COMMAND, rundir], stdin=theirs, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert "it is an MCP client that speaks there" in done.stderr
    assert f"sixhop serve-tools {rundir} --http" in done.stderr


def test_a_run_without_tools_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from simulator.runs.ledger import Ledger

    Ledger.open(tmp_path / "ledger.sqlite", create=True).close()
    assert main(["serve-tools", str(tmp_path)]) == 2
    assert "the run has no tools" in " ".join(capsys.readouterr().err.split())
