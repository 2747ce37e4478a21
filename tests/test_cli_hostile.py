"""Text as an attacker would write it, in every field of a run, through every command that reads one."""

import asyncio
import json
import unicodedata
from typing import Any

import pytest
from cli_cases import Shown, build_run, output
from rich.cells import cell_len

from simulator.cli.screen.kinds import KINDS
from simulator.models.conversation import Conversation, Label, Turn
from simulator.models.decision import Decision
from simulator.models.instruction import Instruction
from simulator.models.npc import Npc, NpcTie, QuestStep
from simulator.models.outcome import CheckResult, Outcome
from simulator.models.persona import Persona, persona_id
from simulator.models.problem import Problem, Solution, WrittenText
from simulator.models.relation import Relation
from simulator.models.tool import Tool, ToolParameter
from simulator.models.unit import Attempt, Failure, Unit, UnitResult
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger

EVIL = "[bold red]x[/] \x1b[2J\x1b]0;owned\x07 \x9b31m \u202egpj.exe\r {x.__class__} " + "一" * 70 + "x" * 90
A, B = persona_id(EVIL), persona_id(EVIL + "2")


def evil_products() -> list[tuple[str, Any]]:
    turns = tuple(
        Turn(role=role, speaker=EVIL, content=EVIL, labels=(Label(detector=EVIL, evidence=EVIL),))
        for role in ("user", "assistant")
    )
    made = {
        "steps": (QuestStep(action="get", thing=EVIL, place=EVIL),),
        "lines": (EVIL,),
        "fields": {"secret": EVIL},
        "passages": (0,),
    }
    npc: dict[str, Any] = {name: EVIL for name in Npc.model_fields if name not in ("id", "persona", "ties", *made)}
    check = CheckResult(name=EVIL, kind="regex", passed=False, evidence=EVIL)
    parameter = ToolParameter(name="y", type="string", description=EVIL)
    judged = {"conversation": "c-1", "persona": A, "situation": EVIL, "pair": "0", "passed": False, "checks": (check,)}
    tool = {"name": "x", "description": EVIL, "parameters": (parameter,), "returns": EVIL}
    return [
        ("outcome", Outcome(id="o-2", **judged)),
        ("instruction", Instruction(id="i-1", persona=A, text=EVIL)),
        ("conversation", Conversation(id="c-1", persona=A, partner=B, turns=turns, stop="loop", reason=EVIL)),
        ("npc", Npc(id="n-1", persona=A, ties=(NpcTie(npc="n-2", name=EVIL, relation=EVIL),), **npc, **made)),
        ("tool", Tool(id="o-1", personas=(A, EVIL), **tool)),
        ("problem", Problem(id="q-1", persona=A, subject=EVIL, text=EVIL)),
        ("solution", Solution(id="s-1", problem="q-1", persona=A, steps=EVIL, answer=EVIL)),
        ("text", WrittenText(id="w-1", persona=A, title=EVIL, text=EVIL)),
    ]


def evil_entries() -> list[Entry]:
    made_by = Unit(stage=EVIL, role=EVIL, inputs={"text": EVIL}, seed=1)
    failing = Unit(stage=EVIL, role=EVIL, inputs={"text": EVIL + "2"}, seed=1)
    failure = Failure(unit=failing.id, stage=EVIL, role=EVIL, cause=EVIL, message=EVIL, raw=EVIL, attempts=1)
    rejected: dict[str, Any] = {"subject": "persona", "candidate": A, "text": EVIL, "admitted": False}
    return [
        Entry(
            unit=made_by,
            result=UnitResult(value={EVIL: EVIL}, rejected=(Attempt(flaw=EVIL, message=EVIL, raw=EVIL),)),
            personas=[
                Persona(id=A, text=EVIL, hop=0, origin="import", source=EVIL, attributes={EVIL: EVIL}),
                Persona(id=B, text=EVIL + "2", hop=1, origin="persona", source=A),
            ],
            relations=[Relation(source=A, target=B, name=EVIL[:80], kind="rival", hop=1)],
            decisions=[
                Decision(**rejected, stage="check", reason=EVIL, unit=made_by.id),
                Decision(**rejected, stage="exact", survivor=B, unit=made_by.id),
            ],
            products=[Product(kind, body.id, A, body) for kind, body in evil_products()],  # type: ignore[arg-type]
        ),
        Entry(unit=failing, result=UnitResult(failure=failure)),
    ]


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = build_run(tmp_path_factory.mktemp("runs") / "[red]evil")
    with Ledger.open(root / "ledger.sqlite") as ledger:
        asyncio.run(ledger.commit(evil_entries()))
        ledger.put_meta(cast=[persona_id(EVIL)], toolsets=[{"name": EVIL, "tools": ["o-1"], "demand": 1}])
    (root / "manifest.json").write_text(json.dumps({"state": "failed", "reason": EVIL}), encoding="utf-8")
    return str(root)


COMMANDS = [
    *(["show", kind] for kind in KINDS),
    *(["show", kind, "--last"] for kind in KINDS),
    ["report"],
    ["graph", "stats"],
    ["graph", "central"],
    ["graph", "neighbours", persona_id(EVIL)],
    ["graph", "within", persona_id(EVIL)],
    ["graph", "path", persona_id(EVIL), persona_id(EVIL + "2")],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True])
def test_text_from_outside_is_only_text(evil: str, command: list[str], as_json: bool, capsys: Shown) -> None:
    arguments = [command[0], evil, *command[1:]]
    if arguments[-1] == "--last":
        arguments[-1] = str(json.loads(output(capsys, "show", evil, "--json"))[arguments[2]])
    shown = output(capsys, *arguments, *(["--json"] if as_json else []))
    unsafe = [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    assert unsafe == []
    assert "\u202e" not in shown
    if not as_json and command != ["graph", "stats"]:
        assert "[bold red]x[/]" in shown, "markup was read instead of shown"


def test_the_summary_of_a_run_is_only_text_too(evil: str, capsys: Shown) -> None:
    from simulator.assembly import open_run
    from simulator.cli.screen.console import stdout
    from simulator.cli.screen.summary import print_summary

    with open_run(evil) as run:
        print_summary(stdout(), run, now="0 calls in 1 s")
    shown = capsys.readouterr().out
    assert [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"] == []
    assert [line for line in shown.splitlines() if cell_len(line) > 80 and "sixhop" not in line] == []
