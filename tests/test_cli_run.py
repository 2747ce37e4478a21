"""``run`` and ``resume`` in processes of their own, against a fake server: progress, signals, budgets, exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from simulator.llm.fake_server import FakeServer, default_responder, in_thread

pytestmark = pytest.mark.slow  # each test starts several processes, and each of them imports LangGraph

SIXHOP = [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())"]
TRADES = ("tailor", "farrier", "optician", "lock keeper", "librarian", "welder", "cook", "surveyor", "florist", "diver")
HABITS = ("collects old maps", "sings in a choir", "mends radios", "grows leeks", "keeps bees", "swims in winter")
PLACES = ("a mining town", "the north coast", "a market hall", "a mountain pass", "the old harbour", "a river island")
RELATIONS = ("cousin", "apprentice", "neighbour", "landlord", "sister", "old rival", "customer", "teacher")

SCENARIO = """\
name: small
description: texts and their people, one hop out
seed: 3
concurrency: 2
texts: {paths: texts.jsonl, questions: [read, write]}
expand: {hops: 1, per_persona: 1}
cast: {size: 2}
"""


def people(body: dict[str, Any]) -> str:
    """Answer with a person who depends on the request and on nothing else."""
    reply = json.loads(default_responder(body))
    digest = hashlib.sha256(json.dumps(body["messages"]).encode()).digest()
    if "persona" in reply:
        trade, habit, place = (words[digest[i] % len(words)] for i, words in enumerate((TRADES, HABITS, PLACES)))
        reply["persona"] = f"a {trade} from {place} who {habit} and knows {digest[3:5].hex()} by heart"
    if "relation" in reply:
        reply["relation"] = RELATIONS[digest[5] % len(RELATIONS)]
    return json.dumps(reply)


@dataclass
class Stage:
    """A scenario in a folder of its own, and the server that its model is."""

    folder: Path
    server: FakeServer
    pace: dict[str, float]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def scenario(self) -> str:
        return str(self.folder / "small.yaml")

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen([*SIXHOP, *arguments], cwd=self.folder, text=True, env=environ, **streams)
        self.running.append(process)
        return process

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def simulate(self, *arguments: str) -> tuple[int, str, str]:
        return self.run("run", self.scenario, *self.model(), *arguments)

    def model(self) -> list[str]:
        return ["--model", f"{self.server.url}#fake"]

    def wait_for_calls(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while self.server.count < count:
            assert time.monotonic() < deadline, "the run did not call"
            time.sleep(0.01)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    texts = [f"Notice {n}: the {TRADES[n]} has moved to {PLACES[n % len(PLACES)]}." for n in range(6)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    (tmp_path / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    pace = {"latency_s": 0.0}
    with in_thread(FakeServer(people, keep=False, latency=lambda body: pace["latency_s"])) as server:
        stage = Stage(tmp_path, server, pace)
        yield stage
        for process in stage.running:
            if process.poll() is None:
                process.kill()
                process.wait()


def products(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "products").glob("*.jsonl"))}


def resume_command(err: str) -> list[str]:
    """Return the arguments of the command that a stopped run has printed."""
    line = next(line for line in err.splitlines() if line.strip().startswith("sixhop resume"))
    return shlex.split(line)[1:]


def test_a_run_reports_on_stdout_and_its_progress_on_stderr(stage: Stage) -> None:
    code, out, err = stage.simulate()
    assert code == 0, err
    assert out.startswith("small is done: ")
    assert "A chain of people" in out
    assert "sixhop graph runs/small stats" in out
    assert "\x1b" not in out + err
    assert [line for line in out.splitlines() if cell_len(line) > 80] == []
    for title in ("small: run directory runs/small", "extract: 6 units; ", "hop 1: ", "cast: 2 people chosen"):
        assert any(line.startswith(title) for line in err.splitlines()), err
    calls = stage.server.count
    code, again, err = stage.simulate("--json")
    assert code == 0
    assert json.loads(again)["state"] == "done"
    assert json.loads(again)["directory"] == "runs/small"
    assert "(6 reused)" in err
    assert stage.server.count == calls, "what was paid for was paid for again"


def test_quiet_says_nothing_but_the_result(stage: Stage) -> None:
    code, out, err = stage.simulate("--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("small is done: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_drains_and_the_printed_command_goes_on(stage: Stage, number: signal.Signals) -> None:
    code, _, err = stage.simulate("--out", "undisturbed")
    assert code == 0, err
    undisturbed, calls = products(stage.folder / "undisturbed"), stage.server.count
    stage.pace["latency_s"] = 0.2
    process = stage.start("run", stage.scenario, *stage.model(), "--out", "my runs")
    stage.wait_for_calls(calls + 3)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert "sixhop: stopped: " in err
    assert "Traceback" not in err
    assert stage.server.count < 2 * calls, "it went on to the end"
    stage.pace["latency_s"] = 0
    code, out, err = stage.run(*resume_command(err))
    assert code == 0, err
    assert stage.server.count == 2 * calls, "a call was lost, or paid for twice"
    assert products(stage.folder / "my runs") == undisturbed


def test_two_signals_stop_at_once_and_the_run_can_go_on(stage: Stage) -> None:
    stage.pace["latency_s"] = 5.0
    process = stage.start("run", stage.scenario, *stage.model())
    stage.wait_for_calls(2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None, "the first one waits for what is in flight"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "twice" in err
    stage.pace["latency_s"] = 0
    code, out, err = stage.run(*resume_command(err))
    assert code == 0, err
    assert out.startswith("small is done: ")


@pytest.mark.parametrize(("option", "words"), [("--max-calls", "5 calls"), ("--max-tokens", "5 tokens")])
def test_a_budget_stops_it_resumable(stage: Stage, option: str, words: str) -> None:
    code, out, err = stage.simulate(option, "5", "--json")
    assert code == 3
    assert json.loads(out)["state"] == "stopped"
    assert f"the budget of {words} is used up" in err
    code, out, err = stage.run(*resume_command(err))
    assert code == 0, err


def test_a_dead_endpoint_is_one_line_and_the_run_can_go_on(stage: Stage) -> None:
    code, out, err = stage.run("run", stage.scenario, "--model", "http://127.0.0.1:9/v1#fake", "--quiet")
    assert (code, out) == (1, "")
    assert "no connection to http://127.0.0.1:9" in err.splitlines()[0]
    assert "Traceback" not in err


def test_a_directory_of_another_run_is_refused(stage: Stage) -> None:
    assert stage.simulate("--quiet")[0] == 0
    calls = stage.server.count
    code, out, err = stage.simulate("--seed", "4")
    assert (code, out) == (2, "")
    assert "seed" in err
    assert "--out" in err
    assert stage.server.count == calls


def test_on_a_terminal_there_is_a_panel_and_stdout_stays_clean(stage: Stage) -> None:
    stage.pace["latency_s"] = 0.1
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    before = termios.tcgetattr(terminal)
    process = stage.start("run", stage.scenario, *stage.model(), stdin=terminal, stderr=terminal)
    drawn = _read_to_end(master, process)
    assert process.stdout is not None
    out = process.stdout.read()
    assert process.wait() == 0
    assert "\x1b" not in out
    assert out.startswith("small is done: ")
    assert "╭─ small " in drawn
    assert "in flight" in drawn
    assert "hop 1" in drawn
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l"), "the cursor was not given back"
    assert termios.tcgetattr(terminal) == before, "the terminal was not given back as it was"
    os.close(master)
    os.close(terminal)


def _read_to_end(master: int, process: subprocess.Popen[str]) -> str:
    os.set_blocking(master, False)
    drawn = b""
    while True:
        ended = process.poll() is not None
        try:
            drawn += os.read(master, 65536)
        except BlockingIOError:
            if ended:
                return drawn.decode("utf-8")
            time.sleep(0.02)
