"""A key, whatever the endpoint and a crash do with it, stands in nothing that is left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import story
from attack_cases import KEY, ROOT, environ, no_key_in

from simulator.llm.fake_server import FakeServer, Fault, in_thread


@pytest.fixture
def echo() -> Iterator[FakeServer]:
    """A server that quotes the key back: in replies, in errors, and in what it refuses."""

    def respond(body: dict[str, Any]) -> str:
        said = story.responder(body)
        if story.number(json.dumps(body["messages"])) % 3:
            return said
        return said.replace("?", f", and why is my key {KEY}?").replace("aged", f"with the key {KEY} aged")

    def fault(number: int, body: dict[str, Any]) -> Fault | None:
        if number % 7 == 3:
            return Fault.error(500, f"internal error at 'Authorization: Bearer {KEY}'")
        if number % 11 == 5:
            return Fault.error(400, f"Incorrect API key provided: {KEY}")
        return Fault.text(f"I was called with Bearer {KEY}") if number % 13 == 6 else None

    with in_thread(FakeServer(respond, key=KEY, fault_for=fault)) as server:
        yield server


CRASH = """
import json, sys
import graphs.production as production
from simulator.cli.main import main
async def crash(context):
    secret = __import__("os").environ["MY_KEY"]
    raise ZeroDivisionError(f"headers were {{'Authorization': 'Bearer {secret}'}}")
if sys.argv[1] == "crash":
    production.STAGES["tools"] = ("tools", crash)
sys.exit([main(arguments) for arguments in json.loads(sys.argv[2])][-1])
"""


@pytest.mark.slow
def test_the_key_is_in_nothing_that_a_run_with_vv_and_a_crash_leaves(tmp_path: Path, echo: FakeServer) -> None:
    scenario = {
        "name": "canary",
        "texts": {"paths": str(ROOT / "scenarios" / "texts"), "limit": 8},
        "expand": {"hops": 1, "per_persona": 1},
        "cast": {"size": 4},
        "instructions": {},
        "conversations": {"exchanges": 2, "count": 2},
        "tools": {},
        "models": {"default": {"spec": f"{echo.url}#fake", "key_env": "MY_KEY"}},
    }
    (tmp_path / "canary.yaml").write_text(json.dumps(scenario))
    root, said = tmp_path / "run", []

    def sixhop(how: str, *commands: list[str]) -> int:
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", CRASH, how, json.dumps(commands)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environ(MY_KEY=KEY, SIXHOP_KEY_UNUSED=KEY),
        )
        said.extend([done.stdout, done.stderr])
        return done.returncode

    assert sixhop("crash", ["run", "canary.yaml", "--out", "run", "-vv", "--debug"]) == 1, said[-1]
    assert "ZeroDivisionError" in said[-1]
    assert "Traceback" in said[-1]
    log = (root / "logs" / "run.jsonl").read_text()
    assert "ZeroDivisionError" in log
    assert "what was said" in log
    sixhop(
        "run",
        ["resume", "run", "-vv", "--debug"],
        ["retry", "run", "-vv"],
        ["report", "run"],
        ["show", "run", "failures", "--json"],
        ["doctor", "--model", f"{echo.url}#fake", "--key-env", "MY_KEY"],
        *(["export", "run", "--to", to] for to in ("jsonl", "messages", "csv", "graph-html", "mcp")),
    )
    assert json.loads((root / "manifest.json").read_text())["state"] == "done"
    assert any("***" in text for text in [log, *said]), "nobody quoted the key: this test tests nothing"
    assert len(echo.requests) > 40
    assert no_key_in(tmp_path, *said)
