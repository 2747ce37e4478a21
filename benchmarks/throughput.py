"""Throughput and CPU of one prompt per persona: bare aiohttp, Sixhop's whole path, and the peers that are installed.

    python benchmarks/throughput.py [--rounds 2] [--peer NAME=PYTHON ...] [--short]

One server for all (``throughput_server.py``), in a process of its own, and a fresh process for each contender, which
take turns; medians of the rounds. The time is the server's, from the first request to the last reply. Conversations and
peers run once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.llm.fakes import words
from simulator.llm.fakes.dice import Dice
from simulator.prompts.chat import offered
from simulator.prompts.template import load_prompt
from simulator.roles.poser import poser

HERE = Path(__file__).parent
LONGEST_S = 900


@dataclass(frozen=True)
class Setting:
    """How slow the server is, how many requests may be in flight, and how many prompts there are."""

    name: str
    median_s: float
    sigma: float
    width: int
    prompts: int


SETTINGS = (
    Setting("median 1 s, 64 in flight", 1.0, 0.5, 64, 960),
    Setting("median 1 s, 256 in flight", 1.0, 0.5, 256, 3840),
    Setting("200 ms, 64 in flight", 0.2, 0.0, 64, 1920),
)


class Server:
    """The fake server's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line()

    def report(self) -> dict[str, float]:
        """Return the account since the last report."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        account: dict[str, float] = json.loads(self._line())
        return account

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def serving(setting: Setting) -> Iterator[Server]:
    """Run the server of a setting."""
    command = [sys.executable, str(HERE / "throughput_server.py")]
    command += ["--median", str(setting.median_s), "--sigma", str(setting.sigma)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Server(process)
        assert process.stdin is not None
        process.stdin.close()


def write_task(folder: Path, prompts: int) -> Path:
    """Write the prompts: made-up personas, all different."""
    people = list(dict.fromkeys(words.phrase(Dice(str(number).encode())) for number in range(2 * prompts)))[:prompts]
    role, prompt = poser(), load_prompt("poser")
    values = [offered(prompt, role.values(role.inputs(persona=person))) for person in people]
    task = {"personas": people, "system": prompt.system, "users": [prompt.render_user(one) for one in values]}
    path = folder / "task.json"
    path.write_text(json.dumps(task), encoding="utf-8")
    return path


def run(command: Sequence[str], server: Server, setting: Setting, *, ours: bool) -> dict[str, Any]:
    """Run one contender and return calls a second, slots at work, CPU a prompt and what it made."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)} if ours else {**os.environ, "PYTHONPATH": ""}
    where: dict[str, Any] = {"env": environment, "cwd": tempfile.gettempdir(), "timeout": LONGEST_S}
    done = subprocess.run(command, check=False, capture_output=True, text=True, **where)
    account = server.report()
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended without a word")
    took: dict[str, Any] = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line[:1] == "{"))
    return {
        "rate": account["calls"] / account["seconds"],
        "busy": account["at_work"] / setting.width,
        "cpu_ms": took["cpu_s"] / account["calls"] * 1000,
        "products": took["products"],
        "name": took.get("name", ""),
    }


def contenders(peers: dict[str, str], url: str, task: Path, width: int) -> dict[str, list[str]]:
    """Return each contender's command."""
    tail = [url, str(task), str(width)]
    own = str(HERE / "throughput_own.py")
    commands = {
        "bare aiohttp": [sys.executable, own, "bare", *tail],
        "Sixhop": [sys.executable, own, "sixhop", *tail],
        "Sixhop, conversations": [sys.executable, own, "talks", *tail],
    }
    for name, python in peers.items():
        commands[name] = [python, "-W", "ignore", str(HERE / "throughput_peers.py"), name, *tail]
    return commands


def measure(setting: Setting, peers: dict[str, str], rounds: int, folder: Path) -> None:
    """Run all contenders in turn and print the setting's part of the table."""
    task, found = write_task(folder, setting.prompts), dict[str, list[dict[str, Any]]]()
    talks = write_task(_made(folder / "talks"), setting.prompts // 4)
    with serving(setting) as server:
        for turn in range(rounds):
            for name, command in contenders(peers, server.url, task, setting.width).items():
                if turn and name not in ("bare aiohttp", "Sixhop"):
                    continue
                if name.endswith("conversations"):
                    command = [str(talks) if part == str(task) else part for part in command]
                try:
                    found.setdefault(name, []).append(run(command, server, setting, ours=name not in peers))
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    server.report()
    ideal = statistics.median(one["rate"] for one in found["bare aiohttp"])
    for name, results in found.items():
        rate, busy, cpu_ms = (statistics.median(one[key] for one in results) for key in ("rate", "busy", "cpu_ms"))
        cells = (results[0]["name"] or name, f"{rate:.0f}", f"{rate / ideal:.0%}", f"{busy:.0%}", f"{cpu_ms:.2f}")
        print(f"| {setting.name} | {' | '.join(cells)} |", flush=True)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def main() -> None:
    """Measure every setting."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--short", action="store_true", help="an eighth of the prompts, to see that it works")
    options = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in options.peer)
    print("| setting | | calls a second | of bare | slots at work | ms CPU a call |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for one in SETTINGS:
            prompts = max(one.width, one.prompts // 8) if options.short else one.prompts
            setting = Setting(one.name, one.median_s, one.sigma, one.width, prompts)
            measure(setting, peers, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
