"""A run of many tools with scripted replies: time, memory, and whether everything that was made is sound.

Usage: python benchmarks/tools.py [TOOLS] [RUNDIR]

TOOLS personas (by default 7,600, whose set has more than 5,000 tools) stand in one text each; every one asks for one
tool, one in five for a tool that many ask for. A tenth
of the first replies break a check and are repaired. Nothing is asked of a language model.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.run import Run
from simulator.exports.formats import FORMATS
from simulator.llm.scripted import ScriptedModel
from simulator.models.base import derive_seed
from simulator.models.message import ChatRequest
from simulator.models.tool import Tool
from simulator.scenario.load import parse_scenario
from simulator.tools.schema import argument_flaw, result_flaw

VERBS = "track order reserve measure record compare schedule cancel update find".split()  # noqa: SIM905 - easier to read
THINGS = """barometer beehive blanket boiler bridge canal candle chimney clock crane dam drill engine fence ferry filter
furnace gauge glacier greenhouse harbour helmet hinge hydrant incubator kiln ladder lantern lathe lock loom mast meadow
mill mirror mortar net oar orchard oven paddock pump quarry radar raft reel roof saddle sail scale sensor shed silo
sluice spindle stove telescope tide trailer turbine valve vine wharf winch window""".split()  # noqa: SIM905
PLACES = """archive bakery barracks brewery cemetery chapel clinic college depot dockyard dormitory embassy farm foundry
garage hospice hostel inn laboratory laundry library lighthouse market minster monastery museum nursery observatory
orphanage pharmacy prison refinery school shipyard stable station studio tannery theatre warehouse winery
workshop""".split()  # noqa: SIM905


def main(count: int, root: Path) -> None:
    """Run, check, export and print a table."""
    write_texts(root / "texts.jsonl", count)
    began, cpu = time.perf_counter(), time.process_time()
    simulate_sync(scenario(root, count), root / "run", models=models()).close()
    told = [("run", time.perf_counter() - began, time.process_time() - cpu)]
    with open_run(root / "run") as run:
        began, cpu = time.perf_counter(), time.process_time()
        checked = check(run)
        told.append(("check all", time.perf_counter() - began, time.process_time() - cpu))
        began, cpu = time.perf_counter(), time.process_time()
        for name in ("openai-strict", "mcp", "langchain", "xlam"):
            FORMATS[name].write(run.ledger, root / "exports")
        told.append(("four exports", time.perf_counter() - began, time.process_time() - cpu))
    for name, seconds, busy in told:
        print(f"{name:14} {seconds:8.1f} s {busy:8.1f} s CPU")
    print(f"memory         {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most")
    for name, value in checked.items():
        print(f"{name:26} {value:8,}")


def write_texts(path: Path, count: int) -> None:
    """Write one text for each persona."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for number in range(count):
            file.write(orjson.dumps({"id": f"t{number}", "text": f"Text number {number} of the archive."}) + b"\n")


def scenario(root: Path, count: int):  # type: ignore[no-untyped-def]
    """Return the scenario."""
    body = {
        "name": "tools-at-scale",
        "texts": {"paths": "texts.jsonl"},
        "dedup": {"jaccard": None, "cosine": None},  # the personas are all kept: it is the tools that are measured
        "cast": {"size": count},
        "instructions": {},
        "tools": {},
        "concurrency": 64,
    }
    return parse_scenario(json.dumps(body), base=root)


def models() -> dict[str, ScriptedModel]:
    """Return the scripted roles."""
    return {
        "extractor": ScriptedModel(extractor),
        "poser": ScriptedModel(poser),
        "tool_designer": ScriptedModel(designer),
    }


def extractor(request: ChatRequest) -> str:
    """Answer with a persona who works with one thing at one place; no two are the same."""
    number = derive_seed(request.messages[-1].content)
    thing, place = THINGS[number % 61], PLACES[number // 3721 % 42]
    other = THINGS[(number + 1 + number // 61 % 60) % 61]
    text = f"a keeper of the {thing} and the {other} at the {place}, shift {number % 9973}"
    return json.dumps({"who": "a keeper", "persona": text})


def poser(request: ChatRequest) -> str:
    """Answer with a question about the persona's thing."""
    thing, other, place, number = said(request)
    return json.dumps(
        {"instruction": f"What do I do when the {thing} of the {place} fails before round {number} of the {other}?"}
    )


def designer(request: ChatRequest) -> str:
    """Answer with a whole tool, flawed in one of ten first replies."""
    thing, other, place, number = said(request)
    if number % 5 == 0:  # what many ask for
        number = number % 40 * 5
        thing, other, place = THINGS[number % 61], THINGS[(number + 7) % 61], PLACES[number % 42]
    draw = random.Random(number)
    verb = VERBS[number % len(VERBS)]
    first = not any("is not what" in one.content or "must" in one.content for one in request.messages[-1:])
    flawed = first and request.attempt == 0 and number % 10 == 3
    wide = draw.randint(2, 40)
    code, counted = draw.randint(1000, 9998), f"{other}_count"
    arguments = [{"unit_code": f"{place[:2].upper()}-{code + one}", counted: draw.randint(1, wide)} for one in (0, 1)]
    unit = {"name": "unit_code", "type": "string", "description": f"Code on the {thing}", "pattern": PATTERN}
    count = {"name": counted, "type": "integer", "description": f"How many of the {other}", "minimum": 1}
    return json.dumps(
        {
            "need": f"keep the {thing} of the {place} going",
            "name": "get_data" if flawed else f"{verb}_{thing}_{other}",
            "description": f"{verb.capitalize()}s the {thing} with its {other} in the register of the {place}.",
            "parameters": [unit, {**count, "maximum": wide}],
            "returns": "The state of the unit and the day of the entry.",
            "result": [
                {"name": "state", "type": "string", "description": "State", "enum": ["open", "done"]},
                {"name": "day", "type": "string", "description": "Day of the entry", "format": "date"},
            ],
            "many": number % 2 == 0,
            "errors": [{"code": "unit_not_found", "when": "No unit has this code."}],
            "effect": EFFECTS.get(verb, "reads"),
            "changes": "The register has a new entry." if verb in EFFECTS else "",
            "dependencies": [f"the register of the {place}"],
            "examples": [
                {
                    "query": f"How is the {thing} on line {place} {one[counted]}?",
                    "arguments": json.dumps(one),
                    "result": json.dumps({"rows": [RESULT]} if number % 2 == 0 else RESULT),
                }
                for one in arguments
            ],
        }
    )


EFFECTS = {
    "order": "adds",
    "reserve": "adds",
    "record": "adds",
    "schedule": "adds",
    "cancel": "removes",
    "update": "changes",
}
PATTERN = "^[A-Z]{2}-[0-9]{4}$"
RESULT = {"state": "open", "day": "2026-05-04"}


def said(request: ChatRequest) -> tuple[str, str, str, int]:
    """Return what the persona in a request works with, where, and its number."""
    text = next(one.content for one in reversed(request.messages) if "a keeper of the " in one.content)
    words = text.split("a keeper of the ", 1)[1].split()
    return words[0], words[3], words[6].rstrip(","), int("".join(letter for letter in words[8] if letter.isdigit()))


def check(run: Run) -> dict[str, int]:
    """Look at every tool: schemas, examples, names, the personas who asked, the decisions, the toolsets."""
    tools = run.tools
    flaws = [flaw for tool in tools for flaw in flaws_of(tool)]
    known = {persona.id for persona in run.personas}
    names = {tool.name for tool in tools}
    decided = [one for one in run.decisions if one.subject == "tool"]
    merged = [one for one in decided if not one.admitted]
    ids = {tool.id for tool in tools}
    grouped = [id_ for group in run.ledger.meta("toolsets") for id_ in group["tools"]]
    units = next(run.ledger.rows("SELECT COUNT(*) FROM units WHERE stage = 'tools'"))[0]
    failed = sum(one.stage == "tools" for one in run.failures)
    unsound = [
        len(flaws),
        len(tools) - len(names),
        sum(not set(tool.personas) <= known for tool in tools),
        sum(one.survivor not in ids for one in merged),
        abs(len(grouped) - len(ids)) + len(set(grouped) ^ ids),
        abs(units - len(decided) - failed),
        abs(len(tools) + len(merged) - len(decided)),
    ]
    repaired = sum(bool(result.rejected) for _, result in run.ledger.results("tools"))
    return {
        "units": units,
        "replies a check refused": repaired,
        "failed": failed,
        "tools in the set": len(tools),
        "merged": len(merged),
        "asked for most": max(tool.demand for tool in tools),
        "toolsets": len(run.ledger.meta("toolsets")),
        "worked examples": sum(len(tool.examples) for tool in tools),
        "unsound": sum(unsound),
    }


def flaws_of(tool: Tool) -> Iterator[str]:
    """Yield what is wrong with a tool."""
    for schema in (tool.input_schema(), tool.input_schema(strict=True), tool.output_schema() or {}):
        Draft202012Validator.check_schema(schema)
    if len(tool.examples) != 2:
        yield f"{tool.name} has {len(tool.examples)} examples"
    for example in tool.examples:
        for flaw in (argument_flaw(tool, example.arguments), result_flaw(tool, example.result)):
            if flaw:
                yield f"{tool.name}: {flaw}"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 7600
    if len(sys.argv) > 2:
        main(wanted, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(wanted, Path(folder))
