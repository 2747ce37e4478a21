"""``run`` and ``resume`` in processes of their own, against a fake server: progress, signals, budgets, exit codes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from simulator.assembly import open_run
from simulator.assembly.digest import digest
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


def wait_for(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


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
        wait_for(lambda: self.server.count >= count, "the run did not call")


@contextmanager
def on_stage(folder: Path) -> Iterator[Stage]:
    texts = [f"Notice {n}: the {TRADES[n]} has moved to {PLACES[n % len(PLACES)]}." for n in range(6)]
    (folder / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    pace = {"latency_s": 0.0}
    with in_thread(FakeServer(people, keep=False, latency=lambda body: pace["latency_s"])) as server:
        stage = Stage(folder, server, pace)
        yield stage
        for process in stage.running:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with on_stage(tmp_path) as stage:
        yield stage


@dataclass(frozen=True)
class Done:
    """A run that nobody disturbed."""

    stage: Stage
    out: str
    err: str
    calls: int
    products: dict[str, bytes]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    with on_stage(tmp_path_factory.mktemp("done")) as stage:
        code, out, err = stage.simulate()
        assert code == 0, err
        yield Done(stage, out, err, stage.server.count, products(stage.folder / "runs" / "small"))


def products(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "products").glob("*.jsonl"))}


def resume_command(err: str) -> list[str]:
    """Return the arguments of the command that a stopped run has printed."""
    line = next(line for line in err.splitlines() if line.strip().startswith("sixhop resume"))
    return shlex.split(line)[1:]


def test_a_run_reports_on_stdout_and_its_progress_on_stderr(done: Done) -> None:
    assert done.out.startswith("small is done: ")
    assert "A chain of people" in done.out
    assert "sixhop graph runs/small stats" in done.out
    assert "\x1b" not in done.out + done.err
    assert [line for line in done.out.splitlines() if cell_len(line) > 80] == []
    for title in ("small: run directory runs/small", "extract: 6 units; ", "hop 1: ", "cast: 2 people chosen"):
        assert any(line.startswith(title) for line in done.err.splitlines()), done.err


def test_the_stages_have_no_more_units_than_validate_says(done: Done) -> None:
    code, out, err = done.stage.run("validate", done.stage.scenario, *done.stage.model(), "--json")
    assert code == 0, err
    most = {stage["stage"]: stage["most_units"] for stage in json.loads(out)["stages"]}
    with open_run(done.stage.folder / "runs" / "small") as run:
        stages = digest(run).stages
    assert [stage.stage for stage in stages] == ["extract", "expand-1"]
    assert all(stage.units <= most[stage.stage] for stage in stages)


def test_again_nothing_is_asked_and_quiet_says_only_the_result(done: Done) -> None:
    code, out, err = done.stage.simulate("--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(out)["state"] == "done"
    assert json.loads(out)["directory"] == "runs/small"
    assert done.stage.server.count == done.calls, "what was paid for was paid for again"


def test_a_directory_of_another_run_is_refused(done: Done) -> None:
    code, out, err = done.stage.simulate("--seed", "4")
    assert (code, out) == (2, "")
    assert "seed" in err
    assert "--out" in err
    assert done.stage.server.count == done.calls


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_drains_and_the_printed_command_goes_on(stage: Stage, done: Done, number: signal.Signals) -> None:
    stage.pace["latency_s"] = 0.3
    process = stage.start("run", stage.scenario, *stage.model(), "--out", "my runs")
    stage.wait_for_calls(3)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert "sixhop: stopped: " in err
    assert "Traceback" not in err
    assert stage.server.count < done.calls, "it went on to the end"
    stage.pace["latency_s"] = 0
    code, out, err = stage.run(*resume_command(err))
    assert code == 0, err
    assert stage.server.count == done.calls, "a call was lost, or paid for twice"
    assert products(stage.folder / "my runs") == done.products


def test_two_signals_stop_at_once_and_the_run_can_go_on(stage: Stage, done: Done) -> None:
    stage.pace["latency_s"] = 5.0
    said = stage.folder / "said"
    with said.open("w") as file:
        process = stage.start("run", stage.scenario, *stage.model(), stderr=file)
    stage.wait_for_calls(2)
    process.send_signal(signal.SIGINT)
    wait_for(lambda: "stopping (" in said.read_text("utf-8"), "the first one was not heard")
    assert process.poll() is None, "the first one waits for what is in flight"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 3
    err = said.read_text("utf-8")
    assert "twice" in err
    stage.pace["latency_s"] = 0
    code, _, err = stage.run(*resume_command(err))
    assert code == 0, err
    assert stage.server.count <= done.calls + 2, "more than the calls in flight was paid for twice"
    assert products(stage.folder / "runs" / "small") == done.products


def test_a_budget_stops_it_and_is_not_kept_for_the_next_execution(stage: Stage) -> None:
    code, out, err = stage.simulate("--max-calls", "5", "--json")
    assert code == 3
    assert json.loads(out)["state"] == "stopped"
    assert "the budget of 5 calls is used up" in err
    code, out, err = stage.run(*resume_command(err), "--max-tokens", "1")
    assert code == 3
    assert "the budget of 1 tokens is used up" in err
    code, out, err = stage.run(*resume_command(err))
    assert code == 0, err


def test_a_dead_endpoint_is_one_line_and_the_run_can_go_on(stage: Stage) -> None:
    code, out, err = stage.run("run", stage.scenario, "--model", "http://127.0.0.1:9/v1#fake", "--quiet", "--json")
    assert code == 1
    assert json.loads(out)["state"] == "failed"
    assert "no connection to http://127.0.0.1:9" in err.splitlines()[0]
    assert "Traceback" not in err


@dataclass
class Terminal:
    """A pseudo-terminal of 80 x 24 that a run is started on, as its controlling one."""

    master: int
    device: int

    @classmethod
    def open(cls) -> Terminal:
        master, device = pty.openpty()
        termios.tcsetwinsize(device, (24, 80))
        return cls(master, device)

    def streams(self) -> dict[str, Any]:
        def control() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        return {"stdin": self.device, "stderr": self.device, "start_new_session": True, "preexec_fn": control}

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.device)[3] & termios.ECHO)

    def close(self) -> None:
        os.close(self.master)
        os.close(self.device)


def test_on_a_terminal_there_is_a_panel_and_ctrl_c_does_not_spoil_it(stage: Stage) -> None:
    stage.pace["latency_s"] = 0.5
    terminal = Terminal.open()
    before = termios.tcgetattr(terminal.device)
    process = stage.start("run", stage.scenario, *stage.model(), **terminal.streams())
    stage.wait_for_calls(3)
    assert not terminal.echoes
    os.write(terminal.master, b"\x03")
    drawn = _read_to_end(terminal.master, process)
    assert process.stdout is not None
    assert process.stdout.read() == ""
    assert process.wait() == 3, drawn
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)
    for part in ("╭─ small ", "in flight", "hop 1", "Stopping: ", "sixhop: stopped: you pressed Ctrl-C"):
        assert part in seen
    assert "^C" not in seen
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l"), "the cursor was not given back"
    assert termios.tcgetattr(terminal.device) == before, "the terminal was not given back as it was"
    terminal.close()


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
