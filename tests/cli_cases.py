"""A small run, written through the ledger, for the tests of the command line. All of its people are made up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rich.cells import cell_len

from simulator.cli.main import main
from simulator.models.base import content_id
from simulator.models.conversation import Conversation, Label, Turn
from simulator.models.decision import Decision
from simulator.models.instruction import Instruction
from simulator.models.message import Reply, Usage
from simulator.models.npc import Npc, NpcTie
from simulator.models.outcome import CheckResult, Outcome
from simulator.models.persona import Persona, persona_id
from simulator.models.problem import Problem, Solution, WrittenText
from simulator.models.relation import Relation, RelationKind
from simulator.models.tool import Tool, ToolParameter
from simulator.models.unit import Attempt, Failure, Unit, UnitResult
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.scenario.load import dump_scenario, parse_scenario

Shown = pytest.CaptureFixture[str]

PILOT = "a harbour pilot who guides freighters past a sandbar that moves every winter"
MIDWIFE = "a midwife who cycles between three mountain villages and keeps a diary of births"
TUNER = "a piano tuner who is losing the hearing in one ear and tells nobody"
HERMIT = "a radio amateur who lives alone on an island and counts birds"
SISTER = "the pilot's younger sister, who repairs outboard motors in a shed behind the chapel"
NURSE = "a night nurse in a small hospital who knits during the quiet hours"
CHILD = "a ten-year-old who collects the serial numbers of locomotives"
TEACHER = "a village teacher who runs the school choir and the fire brigade"

SCENARIO = """\
name: harbour
description: a harbour town in winter
seed: 7
texts: {paths: texts}
expand: {hops: 2, per_persona: 2}
cast: {size: 2}
instructions: {}
conversations: {exchanges: 3}
npcs: {world: world}
tools: {}
"""

EDGES: tuple[tuple[str, str, str, RelationKind, int], ...] = (
    (PILOT, SISTER, "younger sister", "family", 1),
    (MIDWIFE, NURSE, "former colleague", "colleague", 1),
    (PILOT, NURSE, "night nurse", "service", 1),
    (SISTER, CHILD, "nephew", "family", 2),
    (NURSE, TEACHER, "neighbour", "neighbour", 2),
    (CHILD, TEACHER, "teacher", "mentor", 2),
)

CONVERSATION = Conversation(
    id=content_id("c", "first"),
    persona=persona_id(PILOT),
    instruction=content_id("i", "tide"),
    turns=(
        Turn(role="user", speaker=persona_id(PILOT), content="When does the tide turn at the bar on Thursday?"),
        Turn(
            role="assistant", speaker="assistant", content="At 14:20. Slack water lasts for about a quarter of an hour."
        ),
        Turn(
            role="user", speaker=persona_id(PILOT), content="And with this wind? It has been north-west for two days."
        ),
        Turn(
            role="assistant",
            speaker="assistant",
            content="Then count on ten minutes less.\n\nA north-westerly holds the water in the basin.",
            labels=(Label(detector="near_repetition", evidence="it says much the same as turn 2"),),
        ),
        Turn(role="user", speaker=persona_id(PILOT), content="Good. I will bring the freighter in at two."),
        Turn(role="assistant", speaker="assistant", content="Two o'clock leaves you a margin of twenty minutes."),
    ),
    stop="max_turns",
)
ORIN = Npc(
    id=content_id("n", "orin"),
    persona=persona_id(PILOT),
    world="saltmere",
    name="Orin Vell",
    race="selkin",
    occupation="ferry rower",
    faction="the Free Oars",
    place="Lantern Quay",
    appearance="grey coat, one white glove, eyes that never leave the water",
    personality="patient with boats, short with people",
    background="He was born on a raft and has never slept on land.",
    quest="Find the bell buoy that drifted into the fog, before the grain ship comes.",
    greeting="Mind the third plank. It remembers the last man who did not.",
    ties=(NpcTie(npc=content_id("n", "mira"), name="Mira Sedge", relation="younger sister"),),
)
TOOL = Tool(
    id=content_id("o", "tide"),
    personas=(persona_id(PILOT), persona_id(SISTER)),
    name="get_tide_window",
    description="Returns when a ship of a given draught can pass a bar.",
    parameters=(
        ToolParameter(name="harbour", type="string", description="Name of the harbour"),
        ToolParameter(name="draught_m", type="number", description="Draught of the ship in metres"),
    ),
    returns="begin and end of the window, local time",
)


def build_run(root: Path) -> Path:
    """Write the run into ``root`` and return that."""
    root.mkdir(parents=True, exist_ok=True)
    scenario = parse_scenario(SCENARIO, base=root.parent)
    with Ledger.open(root / "ledger.sqlite", create=True) as ledger:
        ledger.put_meta(
            scenario=dump_scenario(scenario),
            base=str(root.parent),
            cast=[persona_id(PILOT), persona_id(NURSE)],
            toolsets=[{"name": "tide", "tools": [TOOL.id], "demand": 2}],
        )
        asyncio.run(_fill(ledger))
    (root / "scenario.yaml").write_text(dump_scenario(scenario), encoding="utf-8")
    (root / "manifest.json").write_text('{"state": "done", "reason": ""}', encoding="utf-8")
    (root / "products").mkdir(exist_ok=True)
    (root / "products" / "personas.jsonl").write_text("", encoding="utf-8")
    return root


def persona(text: str, hop: int, source: str = "t-1") -> Persona:
    """Return a persona of the run."""
    if hop == 0:
        return Persona(id=persona_id(text), text=text, hop=0, origin="text", source=source, question="read")
    return Persona(id=persona_id(text), text=text, hop=hop, origin="persona", source=persona_id(source))


def unit(stage: str, role: str, number: object) -> Unit:
    """Return a unit of the run."""
    return Unit(stage=stage, role=role, inputs={"number": str(number)}, seed=1)


async def _fill(ledger: Ledger) -> None:
    for number, text in enumerate((PILOT, MIDWIFE, TUNER, HERMIT)):
        await ledger.commit([_admitted(unit("extract", "extractor", number), persona(text, 0))])
    await ledger.commit([_rejected(unit("extract", "extractor", "copy"), TUNER, "exact", 1.0)])
    seen = {PILOT, MIDWIFE, TUNER, HERMIT}
    for number, (source, target, name, kind, hop) in enumerate(EDGES):
        relation = Relation(source=persona_id(source), target=persona_id(target), name=name, kind=kind, hop=hop)
        person = None if target in seen else persona(target, hop, source)
        seen.add(target)
        await ledger.commit([_admitted(unit(f"expand-{hop}", "relator", number), person, relation)])
    near = "a village teacher who runs the school choir and the local fire brigade"
    await ledger.commit([_rejected(unit("expand-2", "relator", "near"), near, "minhash", 0.92, TEACHER)])
    await ledger.commit([_failed(unit("expand-2", "relator", "bad"))])
    await ledger.commit(list(_entries()))
    for number in range(9):
        role, stage = ("extractor", "extract") if number < 4 else ("relator", "expand-1")
        reply = Reply(text="{}", finish="stop", model="scripted", usage=Usage(prompt=200, completion=30, cached=100))
        await ledger.put_reply(f"key-{number}", reply, role=role, stage=stage)


def _admitted(made_by: Unit, person: Persona | None, relation: Relation | None = None) -> Entry:
    decisions = []
    if person is not None:
        decisions = [Decision(subject="persona", candidate=person.id, text=person.text, admitted=True, unit=made_by.id)]
    return Entry(
        unit=made_by,
        result=UnitResult(value={"persona": person.text if person else "known"}, score=0.5),
        personas=[person] if person else [],
        relations=[relation] if relation else [],
        decisions=decisions,
    )


def _rejected(made_by: Unit, text: str, stage: str, score: float, survivor: str | None = None) -> Entry:
    decision = Decision.model_validate(
        {
            "subject": "persona",
            "candidate": persona_id(text),
            "text": text,
            "admitted": False,
            "stage": stage,
            "survivor": persona_id(survivor or text),
            "score": score,
            "reason": "too near to an earlier one",
            "unit": made_by.id,
        }
    )
    return Entry(unit=made_by, result=UnitResult(value={"persona": text}), decisions=[decision])


def _failed(made_by: Unit) -> Entry:
    failure = Failure(
        unit=made_by.id,
        stage=made_by.stage,
        role=made_by.role,
        cause="not_a_person",
        message="it describes a lighthouse, not a person",
        raw='{"persona": "a lighthouse"}',
        attempts=2,
    )
    attempts = (
        Attempt(flaw="copy_of_source", message="it repeats the source", raw="a harbour pilot"),
        Attempt(flaw="not_a_person", message="it describes a lighthouse, not a person", raw="a lighthouse"),
    )
    return Entry(unit=made_by, result=UnitResult(failure=failure, rejected=attempts))


def _products() -> list[Product]:
    pilot, nurse = persona_id(PILOT), persona_id(NURSE)
    asks = Instruction(
        id=content_id("i", "tide"), persona=pilot, text="When does the tide turn at the bar on Thursday?"
    )
    knits = Instruction(id=content_id("i", "knit"), persona=nurse, text="How do I mend a dropped stitch in the dark?")
    problem = Problem(
        id=content_id("q", "1"),
        persona=nurse,
        subject="mathematics",
        text="Three of 48 beds are empty. What share is that?",
    )
    text = WrittenText(
        id=content_id("w", "1"), persona=nurse, title="Night rounds", text="Walk slowly. Listen at each door."
    )
    solution = Solution(
        id=content_id("s", "1"),
        problem=problem.id,
        persona=nurse,
        steps="3 of 48 is 3 / 48.",
        answer="1/16",
        agreement=0.8,
    )
    outcome = Outcome(
        id=content_id("o", "1"),
        conversation=CONVERSATION.id,
        persona=pilot,
        pair="0" * 16,
        passed=False,
        checks=(CheckResult(name="settled", kind="regex", passed=False, evidence="not found in 2 messages"),),
    )
    return [
        Product("instruction", asks.id, pilot, asks),
        Product("instruction", knits.id, nurse, knits),
        Product("conversation", CONVERSATION.id, pilot, CONVERSATION),
        Product("npc", ORIN.id, pilot, ORIN),
        Product("tool", TOOL.id, pilot, TOOL),
        Product("problem", problem.id, nurse, problem),
        Product("solution", solution.id, nurse, solution),
        Product("text", text.id, nurse, text),
        Product("outcome", outcome.id, pilot, outcome),
    ]


def _entries() -> list[Entry]:
    stages = {
        "instruction": "pose",
        "conversation": "converse",
        "npc": "npcs",
        "tool": "tools",
        "problem": "problems",
        "solution": "solve",
        "text": "texts",
        "outcome": "check",
    }
    return [
        Entry(unit=unit(stages[row.kind], row.kind, row.id), result=UnitResult(value={"id": row.id}), products=[row])
        for row in _products()
    ]


def output(capsys: Shown, *arguments: str, code: int = 0) -> str:
    """Return what a command prints on stdout, after checking that it fits 80 columns."""
    assert main(list(arguments)) == code
    shown = capsys.readouterr().out
    too_wide = [line for line in shown.splitlines() if cell_len(line) > 80]
    assert "--json" in arguments or too_wide == []
    return shown
