"""``sixhop`` in processes of its own, with a fake server as its model."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.llm.fake_server import FakeServer, default_responder, in_thread

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
