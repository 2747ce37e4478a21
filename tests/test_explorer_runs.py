"""The explorer over runs of every sort: hostile, empty, imported, begun anew, and one that goes on meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cli_cases import HERMIT, MIDWIFE, PILOT, build_run
from explorer_cases import serving

from simulator.cli.main import main
from simulator.explorer import reader as reading
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.models.conversation import Conversation, Label, Turn
from simulator.models.decision import Decision
from simulator.models.instruction import Instruction
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation
from simulator.models.unit import Failure, Unit, UnitResult
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.settings import Settings

HOSTILE = [
    "<script>alert(1)</script> who is a baker",
    "a \"quoted\" 'smith' & <img src=x onerror=alert(1)> `${7*7}` {{7*7}}",
    "a clerk \u2028 \u202e backwards \x1b[31m red ]]> <!-- who is\nin two lines",
    "a novelist " + "who writes on and on " * 500,
    "木の職人 who paints 🎭 masks ' OR 1=1; DROP TABLE personas; --",
]
IDS = [persona_id(text) for text in HOSTILE]


def person(text: str, hop: int = 0) -> Persona:
    return Persona(
        id=persona_id(text),
        text=text,
        hop=hop,
        origin="import",
        source=f"{text[:40]}.jsonl:1",
        attributes={text[:30]: text[:50]},
    )


def hostile_run(root: Path) -> Path:
    root.mkdir()
    unit = Unit(stage="<b>stage", role="<i>role", inputs={"text": HOSTILE[0]}, seed=1)
    failure = Failure(
        unit=unit.id, stage=unit.stage, role=unit.role, cause="<u>cause", message=HOSTILE[1], raw=HOSTILE[3]
    )
    turns = tuple(
        Turn(role=role, speaker="assistant", content=text, labels=(Label(detector="<x>", evidence=text),))  # type: ignore[arg-type]
        for role, text in zip(("user", "assistant", "user", "assistant"), HOSTILE, strict=False)
    )
    talk = Conversation(id="c-<1>", persona=IDS[0], partner=IDS[1], turns=turns, stop="loop", reason=HOSTILE[2])
    entry = Entry(
        unit,
        UnitResult(failure=failure),
        personas=[person(text) for text in HOSTILE],
        relations=[
            Relation(source=IDS[0], target=IDS[n], name=HOSTILE[n][:60], kind="rival", hop=1) for n in (1, 2, 3, 4)
        ],
        decisions=[
            Decision(
                subject="persona",
                candidate="p-1",
                text=HOSTILE[1],
                admitted=False,
                stage="exact",
                survivor=IDS[1],
                score=1.0,
                reason=HOSTILE[0],
            )
        ],
        products=[
            Product("conversation", talk.id, IDS[0], talk),
            Product("instruction", "i-1", IDS[0], Instruction(id="i-1", persona=IDS[0], text=HOSTILE[3])),
        ],
    )
    with Ledger.open(root / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([entry]))
    return root


def test_hostile_texts_arrive_as_they_are_and_only_as_json(tmp_path: Path) -> None:
    with serving(hostile_run(tmp_path / "run")) as site:
        assert [one["text"] for one in site.told("people")["people"]] == HOSTILE
        for id, text in zip(IDS, HOSTILE, strict=True):
            assert site.told("person", id)["persona"]["text"] == text
            assert site.told("people", q=text[:900].split(" who ")[0])["total"] >= 1
        assert len(site.told("person", IDS[0], "around", hops=1)["people"]) == 5
        assert site.told("path", a=IDS[3], b=IDS[4])["people"][IDS[3]]["text"] == HOSTILE[3]
        assert [turn["content"] for turn in site.told("conversations", "c-<1>")["record"]["turns"]] == HOSTILE[:4]
        assert [site.told("conversations", persona=id)["total"] for id in IDS[:3]] == [1, 1, 0], "on either side"
        assert site.told("failures")["records"][0]["raw"] == HOSTILE[3]
        assert site.told("rejections")["people"] == {IDS[1]: HOSTILE[1]}
        assert site.told("overview")["failures"][0]["why"] == "<u>cause"
        assert site.told("find", q="<script>")["people"]
        for question in (("people",), ("person", IDS[0]), ("conversations",), ("person", HOSTILE[1])):
            assert site.ask(*question).headers["content-type"].startswith("application/json")
        assert site.ask("person", "<script>alert(2)</script>").status == 404


def test_an_empty_run_says_so(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger.sqlite", create=True).close()
    with serving(tmp_path) as site:
        assert site.told("overview")["counts"]["personas"] == 0
        assert site.told("now")["name"] == tmp_path.name
        assert site.told("figures") == {"figures": None, "central": []}
        assert site.told("people")["total"] == 0
        assert site.told("find", q="anybody")["people"] == []
        for kind in ("conversations", "rejections", "failures"):
            assert site.told(kind)["records"] == []
        assert site.ask("person", "p-1").status == 404


def test_an_imported_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"persona": PILOT, "domain": "shipping"}, {"persona": HERMIT}, {"persona": PILOT}, {"persona": ""}]
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["import", str(tmp_path / "people.jsonl"), "--out", str(tmp_path / "run")]) in (0, 1)
    with serving(tmp_path / "run") as site:
        told = site.told("person", persona_id(PILOT))
        assert told["persona"]["attributes"] == {"domain": "shipping"}
        assert told["source"]["kind"] == "import"
        assert told["duplicates"] == 1
        assert site.told("overview")["counts"]["personas"] == 2


def test_a_run_that_goes_on_is_followed_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_KEPT", 0.0)
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger, serving(tmp_path) as site:
        texts = [f"a keeper of lighthouse {n}" for n in range(60)]
        wrong: list[object] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                people = site.told("people", order="relations")
                around = site.ask("person", persona_id(texts[0]), "around", hops=6)
                if around.status == 200 and around.json["rings"][0]["personas"] != 1:
                    wrong.append(around.json)
                if people["total"] != len({one["id"] for one in people["people"]}) and people["total"] <= 50:
                    wrong.append(people)

        watchers = [threading.Thread(target=look) for _ in range(3)]
        for watcher in watchers:
            watcher.start()
        for n, text in enumerate(texts):
            unit = Unit(stage="extract", role="extractor", inputs={"n": n}, seed=n)
            known = (
                [
                    Relation(
                        source=persona_id(texts[0]), target=persona_id(text), name="colleague", kind="colleague", hop=1
                    )
                ]
                if n
                else []
            )
            decision = Decision(subject="persona", candidate=persona_id(text), text=text, admitted=True, unit=unit.id)
            entry = Entry(unit, UnitResult(value={}), personas=[person(text)], relations=known, decisions=[decision])
            asyncio.run(ledger.commit([entry]))
        done.set()
        for watcher in watchers:
            watcher.join()
        assert wrong == []
        assert site.told("people")["total"] == 60
        assert site.told("person", persona_id(texts[59]))["relations"]["total"] == 1
        assert site.told("overview")["counts"]["relations"] == 59
        keeper = sqlite3.connect(tmp_path / "ledger.sqlite")
        busy, left, moved = keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        keeper.close()
        assert (busy, left, moved) == (0, 0, 0), "between questions nobody holds the ledger"


def test_a_run_that_was_begun_anew_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_KEPT", 0.0)
    root = build_run(tmp_path / "run")
    with serving(root) as site:
        assert site.told("people")["total"] == 8
        stamp = site.told("now")["stamp"]
        shutil.rmtree(root)
        assert site.ask("people").status in (400, 503)
        hostile_run(root)
        assert site.told("people")["total"] == 5
        assert site.told("now")["stamp"] != stamp
        assert site.ask("person", persona_id(PILOT)).status == 404


def test_finding_by_meaning_writes_nothing_and_knows_who_came_since(tmp_path: Path) -> None:
    root = build_run(tmp_path / "run")
    with serving(root) as site:
        found = site.told("find", q="somebody who helps mothers to give birth", n=3)["people"]
        assert found[0]["text"] == MIDWIFE
        assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)
        text = "a tamer of tigers in a travelling circus"
        decision = Decision(subject="persona", candidate=persona_id(text), text=text, admitted=True)
        with Ledger.open(root / "ledger.sqlite") as ledger:
            asyncio.run(ledger.commit([Entry(None, None, personas=[person(text)], decisions=[decision])]))
        hits = site.told("find", q="circus animals", n=1)["people"]
        assert [hit["text"] for hit in hits if hit["text"] == text] == [text]
    assert not (root / "index").exists()


def test_a_remote_embedder_is_never_asked_for_the_people(tmp_path: Path) -> None:
    root = build_run(tmp_path / "run")
    with in_thread(FakeServer(lambda body: "{}")) as fake:
        settings = Settings(embedder=f"{fake.url}#vectors")
        with serving(root, settings) as site:
            answer = site.ask("find", q="a pilot")
            assert answer.status in (400, 503)
            assert len(fake.requests) <= 1, "the words that are looked for, and nothing else"


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_command_prints_the_address_changes_nothing_and_ends_with_a_signal(tmp_path: Path) -> None:
    root = build_run(tmp_path / "run")
    before = files(root)
    command = [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())"]
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin", "DISPLAY": ":0"}
    with subprocess.Popen(
        [*command, "explore", str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        killer = threading.Timer(60, process.kill)  # a test must end
        killer.start()
        address = re.search(r"http://127\.0\.0\.1:(\d+)/([\w-]{20,})/", process.stdout.readline())
        assert address is not None
        from explorer_cases import Site

        site = Site(int(address[1]))
        assert site.get(f"/{address[2]}/api/now").json["counts"]["personas"] == 8
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        killer.cancel()
    after = files(root)
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) <= {"ledger.sqlite-wal", "ledger.sqlite-shm"}


def test_what_is_no_run_or_no_port_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", str(tmp_path / "nowhere")]) == 2
    assert "is not a run directory" in capsys.readouterr().err
    root = build_run(tmp_path / "run")
    with serving(root) as site:
        assert main(["explore", str(root), "--port", str(site.port)]) == 2
    assert "cannot be used" in capsys.readouterr().err


def test_a_scenario_that_this_version_does_not_understand_hides_nothing(tmp_path: Path) -> None:
    root = build_run(tmp_path / "run")
    with Ledger.open(root / "ledger.sqlite") as ledger:
        ledger.put_meta(scenario="name: later\nteleport: {}\n")
    with serving(root) as site:
        told = site.told("overview")
        assert told["name"] == "run"
        assert "teleport" in told["problem"]
        assert told["counts"]["personas"] == 8
        assert site.told("person", persona_id(PILOT))["persona"]["text"] == PILOT
