"""The support desk of the examples: its planted defect is found by comparing it with the agent as it should be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from story import ROOT, responder

from simulator.assembly import Overrides, load_scenario, simulate_sync
from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.scenario.casting import Cast

_FACT = re.compile(r"only when you are asked for it: (The order number is \d+\.)")


def customer(body: dict[str, Any]) -> str:
    """Say the order number when the desk asks for it, and else anything."""
    said = [str(message["content"]) for message in body["messages"]]
    briefing = next((text for text in reversed(said) if "<situation>" in text), "")
    fact, last = _FACT.search(briefing), said[-1]
    told = f"{fact[1]} " if fact and "Which order is it about" in last else ""
    return told + responder(body)


CARELESS = "agents/support_desk.py:careless_graph"


def test_the_planted_defect_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = load_scenario(ROOT / "scenarios/support-desk.yaml").model_copy(update={"cast": Cast(size=8)})
    good, bad = tmp_path / "good", tmp_path / "bad"
    with in_thread(FakeServer(customer)) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#fake")
        simulate_sync(scenario, good).close()
        held = len(server.requests)
        simulate_sync(scenario, bad, cast_of=good, overrides=Overrides(assistant=CARELESS)).close()
        assert server.requests[held:]
        # The two agents tell the opening hours alike, so what their customers say is there already.
        assert not any("see your stoneware" in str(body["messages"]) for body in server.requests[held:])
    assert main(["compare", str(good), str(bad), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == 24
    assert found["difference"]["high"] < 0
    a, b = found["situations"]["broken-mug"]
    assert a["passed"] == 8
    assert b["passed"] <= 5  # some users say again what they want, and the desk recovers
    assert {flip["passed"] for flip in found["flips"]} == {"a"}
    assert any("one-return" in flip["failed"] for flip in found["flips"])
    assert main(["compare", str(good), str(bad)]) == 0
    assert "B is worse" in capsys.readouterr().out


def test_validate_says_who_is_tested_and_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "scenarios/support-desk.yaml"
    assert main(["validate", str(path)]) == 0
    assert "support_desk.py:graph" in capsys.readouterr().out
    wrong = path.read_text("utf-8").replace("support_desk.py:graph", "gone.py:graph")
    wrong = wrong.replace("people/customers.jsonl", str(ROOT / "scenarios/people/customers.jsonl"))
    (tmp_path / "wrong.yaml").write_text(wrong)
    assert main(["validate", str(tmp_path / "wrong.yaml")]) == 2
    assert "there is no file" in capsys.readouterr().err
