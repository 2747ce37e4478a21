"""``run`` and ``resume`` in processes of their own, against a fake server: progress, signals, budgets, exit codes."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from stage_cases import Stage, on_stage, wait_for

from simulator.assembly import open_run
from simulator.assembly.digest import digest

pytestmark = pytest.mark.slow  # each test starts several processes, and each of them imports LangGraph


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
