"""The report of a run's tools: counts that add up, demand, and which instructions have a tool."""

import asyncio
import json
from pathlib import Path

import pytest
import story

from simulator.assembly import open_run, simulate_sync
from simulator.cli.main import main
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.evidence.report import Report
from simulator.evidence.tool_report import NEAR, build_tool_report
from simulator.models.base import content_id
from simulator.models.instruction import Instruction
from simulator.models.tool import Tool, Toolset
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger


def designer(request) -> str:
    """Ask for one of twelve tools: people want the same things."""
    asked = request.messages[-1].content
    verb, topic = story.pick(["track", "order", "measure"], asked, request.seed), story.pick(story.TOPICS[:4], asked, 2)
    words = {"name": f"{verb}_{'_'.join(topic.split()[1:])}", "need": f"know about {topic}"}
    told = f"{verb.capitalize()}s {topic} at the workshop of the district office."
    return json.dumps({**json.loads(story.tool_designer(request)), **words, "description": told})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tools") / "run"
    short = story.scenario(
        expand={"hops": 1, "per_persona": 1}, conversations=None, npcs=None, tools={"per_persona": 4}
    )
    simulate_sync(short, root, models=story.models(tool_designer=designer)).close()
    return root


def test_a_run_s_tools_are_a_set_with_who_asked(run: Path) -> None:
    with open_run(run) as made:
        tools = made.tools
        decided = [one for one in made.decisions if one.subject == "tool"]
        kept = [one.candidate for one in decided if one.admitted]
        cast = set(made.cast)
        groups = [Toolset.model_validate(body) for body in made.ledger.meta("toolsets")]
    assert [tool.id for tool in tools] == kept
    assert len({tool.name for tool in tools}) == len(tools)
    merged = [one for one in decided if not one.admitted]
    assert merged, "the story has fewer tools than askers"
    assert {one.survivor for one in merged} <= set(kept)
    assert all(set(tool.personas) <= cast for tool in tools)
    assert max(tool.demand for tool in tools) > 1
    assert sorted(id_ for group in groups for id_ in group.tools) == sorted(kept)
    lines = (run / "products" / "toolsets.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["name"] for line in lines] == [group.name for group in groups]


def test_the_report_counts_the_set_and_its_coverage(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = Report.model_validate_json((run / "report" / "report.json").read_bytes()).tools
    assert made is not None
    assert made.coverage is not None
    with open_run(run) as opened:
        assert made.tools == len(opened.tools)
        assert made.asked == sum(one.subject == "tool" for one in opened.decisions)
        asks = [one.text for one in opened.instructions]
    rows = [json.loads(line) for line in (run / "report" / "tool_coverage.jsonl").read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == asks
    assert sum(bool(row["tools"]) for row in rows) == made.coverage.served
    assert all(score >= NEAR for row in rows for _, score in row["tools"])
    assert "## Tools" in (run / "report" / "report.md").read_text("utf-8")
    assert main(["report", str(run)]) == 0
    assert f"{made.tools:,} tools in {made.toolsets:,} toolsets" in " ".join(capsys.readouterr().out.split())


def test_the_nearest_tool_of_an_instruction_is_the_one_about_the_same(tmp_path: Path) -> None:
    def tool(name: str, text: str) -> Product:
        body = Tool(id=content_id("f", name), personas=("p-1",), name=name, description=text, parameters=())
        return Product("tool", body.id, "p-1", body)

    def ask(text: str) -> Product:
        body = Instruction(id=content_id("i", text), persona="p-1", text=text)
        return Product("instruction", body.id, "p-1", body)

    products = [
        tool("get_tide_times", "Gets the times of high and low water at a harbour."),
        tool("order_hive_frames", "Orders hive frames from the shop for beekeepers."),
        ask("When is high water at the harbour tomorrow?"),
        ask("Write a limerick about my cousin's moustache."),
    ]
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([Entry(None, None, products=products)]))
        report, served = asyncio.run(build_tool_report(ledger, WordLlamaEmbedder()))
        assert asyncio.run(build_tool_report(ledger, WordLlamaEmbedder())) == (report, served)
    assert [[name for name, _ in one.tools] for one in served] == [["get_tide_times"], []]
    assert report is not None
    assert report.coverage is not None
    assert (report.coverage.served, report.coverage.instructions, report.coverage.tools_used) == (1, 2, 1)


def test_without_tools_there_is_no_such_report(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        assert asyncio.run(build_tool_report(ledger, WordLlamaEmbedder())) == (None, [])
