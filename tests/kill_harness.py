"""The kill harness: real child processes, real SIGKILLs at random moments, and what is left afterwards.

    python tests/kill_harness.py --kills 1000 --seed 1

One process imports everything once and forks a child per execution (no thread runs in it when it forks). A child runs
a scripted story, whose replies depend on the request alone, and is killed at a random moment of a stage; the next
child goes on in the same directory, is killed, and so on, until the run is done. Nothing that a killed process started
may outlive it. Then everything that the run left is compared with a run that nobody disturbed. There are two stories:
the long one has every stage; in the other, NPCs are the partners of the conversations and use tools. Standard output
gets the table of kills by stage (``--json``: all of it); Ctrl-C ends the campaign early, with the table so far.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import importlib
import json
import mmap
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

import story

from simulator.assembly import Overrides, Run, simulate
from simulator.assembly.simulate import resume
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.runs.events import Event, Listener, StageEnded, StageStarted
from simulator.runs.ledger import Ledger
from simulator.tools import jail

OPENING, CLOSING = "(opening)", "(closing)"
CONCURRENCY = 8
KILLS_PER_RUN = 12  # then the run may end, so that whole runs are compared again and again
ALLOWED = Overrides(allow_code=True)
TALKS = {
    "exchanges": 3,
    "count": 6,
    "opener": "own",
    "situations": [
        {"name": "leak", "goal": "have the roof mended this week", "success": "somebody names a day"},
        {"name": "bill", "goal": "pay less", "success": {"said": "minutes"}, "script": ["Why is the bill so high?"]},
    ],
    "profiles": [{"share": 0.5, "behaviours": ["terse"]}],
    "judge": ["goal", "behaviours", "turns"],
    "checks": [{"regex": "urgent"}, {"rubric": "The assistant names a number of minutes."}],
}
LONG: dict[str, object] = {
    "personas": {"paths": "scenarios/people", "limit": 6},
    "conversations": TALKS,
    "tools": {"per_persona": 1, "code": True},
    "problems": {"solve": True},
    "writings": {"kinds": ["letter", "field note"]},
}
COMPANY: dict[str, object] = {
    "name": "company",
    "texts": None,
    "personas": {"paths": "scenarios/people", "limit": 8},
    "expand": {"hops": 0},
    "cast": {"size": 6},
    "instructions": None,
    "candidates": {"npc": 2},
    "tools": {"of": "npcs", "per_persona": 2},
    "conversations": {
        "partner": "npc",
        "tools": {"use": "designed", "results": "model", "errors": 20, "most": 3},
        "exchanges": 4,
        "profiles": [{"share": 0.5, "behaviours": ["terse"]}],
        "judge": ["goal", "behaviours"],
        "checks": [{"regex": "harbour"}, {"rubric": "The NPC names a price."}],
    },
}
"""A story in which the whole cast visits NPCs, whose tools a model plays."""
STORIES = {"": LONG, "npc talks": COMPANY}
"""By what stands before the names of their stages in the table."""
PATIENCE_S = 60.0  # of one execution; a run that hangs is a failure of the harness's run, not of this machine's speed
ORPHANS_S = 0.5  # in which what a killed process had started must be gone; some of the scripted code works for longer
_CHILD_SUBREAPER = 36  # of prctl


class Disturbed(AssertionError):
    """A run that was killed differs from the one that nobody disturbed."""


@dataclass
class Tally:
    """What a campaign saw.

    Attributes:
        kills: SIGKILLs by the stage in which they fell.
        runs: Runs that were killed, gone on with and compared.
        executions: Child processes.
        calls: Calls that the model got.
        paid_again: Of these, calls for a reply that was asked for before.
        in_flight: Calls that no reply had been stored for when their process was killed.
        most_in_flight: The most of them at one kill.
    """

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    executions: int = 0
    calls: int = 0
    paid_again: int = 0
    in_flight: int = 0
    most_in_flight: int = 0


class Board:
    """A byte that a child and the harness share: the place of the stage that the child is in."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)
        self.stages = [OPENING]

    def listen(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            if event.stage not in self.stages:
                self.stages.append(event.stage)
            self._byte[0] = self.stages.index(event.stage)
        elif isinstance(event, StageEnded) and event.stage == "report":
            self._byte[0] = len(self.stages) - (CLOSING in self.stages)

    @property
    def place(self) -> int:
        return self._byte[0]

    def clear(self) -> None:
        self._byte[0] = 0


def run_story(root: Path, log: Path, board: Board, sections: dict[str, object] = LONG) -> None:
    """Run a story in ``root``; every call that the model gets (``S``) and every reply stored (``D``) is a line."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = Ledger.put_reply

    async def put_reply(self: Ledger, key: str, reply: object, **where: str) -> None:
        await store(self, key, reply, **where)  # type: ignore[arg-type]
        os.write(file, f"D {key}\n".encode())

    def logged(script: Callable[[ChatRequest], str]) -> Callable[[ChatRequest], str]:
        def answer(request: ChatRequest) -> str:
            os.write(file, f"S {request.key('scripted')}\n".encode())
            return script(request)

        return answer

    def latency(request: ChatRequest) -> float:
        return 0.001 + story.number(request.key("x")) % 10 / 1000

    Ledger.put_reply = put_reply  # type: ignore[method-assign,assignment]
    models = story.models(latency, **{role: logged(script) for role, script in story.SCRIPTS.items()})
    asyncio.run(begin_or_go_on(root, models, board.listen, sections)).close()


async def begin_or_go_on(
    root: Path, models: dict[str, ScriptedModel], listener: Listener, sections: dict[str, object] = LONG
) -> Run:
    """Go on with the run as ``sixhop resume`` does, or begin it when the ledger does not know of one yet."""
    if _was_begun(root):
        return await resume(root, models=models, listener=listener, overrides=ALLOWED)
    scenario = story.scenario(concurrency=CONCURRENCY, **sections)
    return await simulate(scenario, root, models=models, listener=listener, overrides=ALLOWED)


def _was_begun(root: Path) -> bool:
    if not (root / "ledger.sqlite").exists():
        return False
    with Ledger.open(root / "ledger.sqlite") as ledger:
        return ledger.meta("scenario") is not None


def forked(work: Callable[[], None]) -> int:
    """Start ``work`` in a child; return its process id."""
    deadline = time.monotonic() + 5
    while (threads := _threads()) != 1:  # one that was joined is still there for a moment
        if time.monotonic() > deadline:
            raise RuntimeError(f"{threads} threads run where one must: a fork would take a lock along")
        time.sleep(0.001)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child tells why it ended and ends
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def ended(child: int, within_s: float) -> int | None:
    """Return the child's exit code once it ended, or ``None`` when it has not within the time."""
    deadline = time.monotonic() + within_s
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(min(0.0005, max(0.0, deadline - time.monotonic())))


def everything(root: Path) -> dict[str, object]:
    """Return all that a run left and that must not depend on how often it was killed."""
    files = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in ("products", "report")
        for path in sorted((root / folder).iterdir())
    }
    ledger = sqlite3.connect(f"file:{root / 'ledger.sqlite'}?mode=ro", uri=True)
    tables = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = [row[1] for row in ledger.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
        rows = ledger.execute(
            f"SELECT {','.join(columns)} FROM {table} ORDER BY {'seq' if 'seq' in _columns(ledger, table) else columns[0]}"
        )
        files[f"table {table}"] = [row for row in rows if not (table == "meta" and row[0] == "base")]
    if ledger.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        raise Disturbed(f"the ledger in {root} is damaged")
    ledger.close()
    manifest = json.loads((root / "manifest.json").read_text())
    return {
        **files,
        "manifest": manifest,
        "folder": sorted(path.name for path in root.iterdir() if path.name != "index"),
    }


def _columns(ledger: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in ledger.execute(f"PRAGMA table_info({table})")]


def compare(left: dict[str, object], whole: dict[str, object]) -> None:
    """Compare what a killed run left with the undisturbed one.

    Raises:
        Disturbed: They differ; the message names where.
    """
    for name in sorted({*left, *whole}):
        if left.get(name) != whole.get(name):
            here, there = str(left.get(name)), str(whole.get(name))
            at = max(0, next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0) - 200)
            raise Disturbed(f"{name} differs:\n  killed {here[at : at + 600]}\n  whole  {there[at : at + 600]}")


def check_index(root: Path) -> None:
    """Open the index of a run that is done, in a child: Chroma starts threads."""

    def look() -> None:
        from simulator.population.index.chroma import open_or_rebuild

        with Ledger.open(root / "ledger.sqlite", writable=False) as ledger:
            people = list(ledger.personas())
            embedder = _embedder()
            vectors = asyncio.run(embedder.embed([person.text for person in people]))
            ids, texts = [person.id for person in people], [person.text for person in people]
            with open_or_rebuild(root / "index", ids, texts, vectors, embedder.name) as index:
                if index.rebuilt:
                    raise Disturbed(f"the index of a finished run had to be rebuilt: {index.rebuilt}")

    if ended(forked(look), PATIENCE_S) != 0:
        raise Disturbed(f"the index in {root} does not open")


def _embedder() -> object:
    from simulator.embeddings.load import DEFAULT_EMBEDDER, embedder_from
    from simulator.settings import Settings

    return embedder_from(DEFAULT_EMBEDDER, Settings())


def adopt() -> None:
    """Have the kernel hand over to this process whatever a killed child leaves behind."""
    if ctypes.CDLL(None, use_errno=True).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot see what killed ones leave behind")


def check_nothing_survives(where: str) -> None:
    """Check that no process outlives the one that was killed: linters and shut-in code end with it.

    Raises:
        Disturbed: One does.
    """
    deadline = time.monotonic() + ORPHANS_S
    while True:
        try:
            left = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if not left and time.monotonic() > deadline:
            listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            told = [Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode() for one in listed]
            raise Disturbed(f"killed in {where}, it left behind {told}")
        if not left:
            time.sleep(0.001)


@dataclass
class Play:
    """A story, and what it is when nobody disturbs it.

    Attributes:
        name: What stands before the names of its stages in the table.
        sections: Of its scenario.
        folder: A place of its own.
        board: Where an execution of it is.
        lasts: Seconds that each stage took undisturbed, by place.
        whole: What the undisturbed run left.
    """

    name: str
    sections: dict[str, object]
    folder: Path
    board: Board = field(default_factory=Board)
    lasts: dict[int, float] = field(default_factory=dict)
    whole: dict[str, object] = field(default_factory=dict)

    def stages(self) -> list[str]:
        """Return its stages as they stand in the table."""
        return [self.stage(place) for place in range(len(self.board.stages))]

    def stage(self, place: int) -> str:
        return f"{self.name}: {self.board.stages[place]}" if self.name else self.board.stages[place]

    def run(self, root: Path, log: Path) -> None:
        run_story(root, log, self.board, self.sections)

    def rehearse(self) -> None:
        """Do the story once, to import all that it needs and see which stages it has."""
        self._run_whole(self.folder / "first")
        told = json.loads((self.folder / "told").read_text())
        for name in told["modules"]:
            if name not in sys.modules and "." in name:
                with suppress(ImportError):  # made at run time
                    importlib.import_module(name)
        self.board.stages = [*told["stages"], CLOSING]

    def perform(self) -> None:
        """Do it again, to see how long each stage takes and what is left of a run that nobody disturbs."""
        entered = self._run_whole(self.folder / "whole")
        times = [entered.get(place) for place in range(len(self.board.stages))] + [time.monotonic()]
        for place, since in enumerate(times[:-1]):
            until = next(later for later in times[place + 1 :] if later is not None)
            self.lasts[place] = max(0.002, until - (until if since is None else since))
        self.whole = everything(self.folder / "whole")

    def _run_whole(self, root: Path) -> dict[int, float]:
        """Run the story undisturbed; return when each stage began."""

        def work() -> None:
            self.run(root, self.folder / "whole-calls")
            told = {"stages": self.board.stages, "modules": list(sys.modules)}
            (self.folder / "told").write_text(json.dumps(told))

        self.board.clear()
        child, entered = forked(work), {0: time.monotonic()}
        while (code := ended(child, 0.0)) is None:
            entered.setdefault(self.board.place, time.monotonic())
            time.sleep(0.0005)
        if code != 0:
            raise Disturbed("the undisturbed run failed")
        return entered


@dataclass
class Campaign:
    """Runs that are killed until ``kills`` SIGKILLs are spread over every stage of every story."""

    folder: Path
    kills: int
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    plays: list[Play] = field(default_factory=list)

    def run(self) -> Tally:
        """Do it all.

        Raises:
            Disturbed: A run was not what it should be.
        """
        self._prepare()
        while self.tally.kills.total() < self.kills:
            play = min(self.plays, key=lambda one: min(self.tally.kills[stage] for stage in one.stages()))
            root, log = self.folder / f"run-{self.tally.runs}", self.folder / f"calls-{self.tally.runs}"
            flights = self._disturbed(play, root, log)
            compare(everything(root), play.whole)
            if self.tally.runs % 5 == 0:
                check_index(root)
            self._count(log, flights)
            self.tally.runs += 1
            shutil.rmtree(root)
        return self.tally

    def enough(self) -> None:
        """Kill no more; the run at hand still ends and is compared."""
        self.kills = 0

    def stages(self) -> list[str]:
        """Return the stages of all stories."""
        return [stage for play in self.plays for stage in play.stages()]

    def _prepare(self) -> None:
        for number, (name, sections) in enumerate(STORIES.items()):
            folder = self.folder / f"play-{number}"
            folder.mkdir()
            self.plays.append(Play(name, sections, folder))
        for play in self.plays:
            play.rehearse()
        gc.collect()
        gc.freeze()  # what stands now is shared with the children, and their collectors leave it alone
        for play in self.plays:
            play.perform()

    def _disturbed(self, play: Play, root: Path, log: Path) -> list[set[str]]:
        """Run a story in ``root``, killing it until it was killed often enough; return the calls in flight at each kill."""
        flights: list[set[str]] = []
        log.touch()
        while True:
            target = self._target(play, len(flights))
            begun = log.stat().st_size
            play.board.clear()
            child = forked(lambda: play.run(root, log))
            self.tally.executions += 1
            code = self._wait(play, child, target)
            if code == 0:
                return flights
            if code is not None:
                raise Disturbed(f"the run in {root} failed after {len(flights)} kills in {dict(self.tally.kills)}")
            os.kill(child, signal.SIGKILL)
            where = play.stage(play.board.place)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
                return flights  # it had ended before the signal reached it
            self.tally.kills[where] += 1
            check_nothing_survives(where)
            flights.append(_in_flight(log.read_bytes()[begun:].decode()))

    def _target(self, play: Play, killed: int) -> tuple[int, float] | None:
        """Return the stage in which to kill next and after which delay; ``None`` lets the run end."""
        if killed >= KILLS_PER_RUN or self.tally.kills.total() >= self.kills:
            return None
        counts = [self.tally.kills[stage] for stage in play.stages()]
        places = range(play.board.place if killed else 0, len(counts))
        place = min(places, key=lambda place: counts[place])
        return place, self.chance.uniform(0.0, play.lasts[place])

    def _wait(self, play: Play, child: int, target: tuple[int, float] | None) -> int | None:
        """Wait for the moment to kill, or for the child's end; return its exit code if it ended."""
        if target is None:
            code = ended(child, PATIENCE_S)
            if code is None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise Disturbed("the run hangs")
            return code
        place, delay = target
        deadline = time.monotonic() + PATIENCE_S
        while play.board.place < place and time.monotonic() < deadline:
            code = ended(child, 0.0)
            if code is not None:
                return code
            time.sleep(0.0002)
        return ended(child, delay)

    def _count(self, log: Path, flights: list[set[str]]) -> None:
        asked = Counter(line[2:] for line in log.read_text().splitlines() if line.startswith("S "))
        free = Counter(key for flight in flights for key in flight)
        again = {key: times - 1 for key, times in asked.items() if times > 1}
        for key, times in again.items():
            if times > free[key]:
                raise Disturbed(f"the call {key} was paid for {times + 1} times and was in flight at {free[key]} kills")
        self.tally.calls += asked.total()
        self.tally.paid_again += sum(again.values())
        self.tally.in_flight += free.total()
        self.tally.most_in_flight = max([self.tally.most_in_flight, *map(len, flights)])


def _in_flight(lines: str) -> set[str]:
    started = {line[2:] for line in lines.splitlines() if line.startswith("S ")}
    return started - {line[2:] for line in lines.splitlines() if line.startswith("D ")}


def table(tally: Tally, stages: list[str]) -> str:
    """Return the kills by stage as a Markdown table, and the calls below it."""
    rows = [f"| {stage} | {tally.kills[stage]} | as undisturbed |" for stage in stages]
    return "\n".join(
        [
            "| stage | kills | result |",
            "|---|---|---|",
            *rows,
            f"| **all** | **{tally.kills.total()}** | {tally.runs} runs in {tally.executions} executions, all as undisturbed |",
            "",
            f"{tally.calls:,} calls; {tally.in_flight} in flight at the kills (at most {tally.most_in_flight} at one), "
            f"{tally.paid_again} of them paid for again.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warm()
    adopt()
    with tempfile.TemporaryDirectory(prefix="sixhop-kill-") as folder:
        campaign = Campaign(Path(folder), options.kills, random.Random(options.seed))
        signal.signal(signal.SIGINT, lambda *_: campaign.enough())
        tally = campaign.run()
    if options.json:
        print(json.dumps({**vars(tally), "kills": dict(tally.kills), "stages": campaign.stages()}))
    else:
        print(table(tally, campaign.stages()))


def warm() -> None:
    """Import and load what every execution needs, so that a child costs a fork.

    The scripted code gets more time than it can need: how it ends must not depend on how busy this machine is. What
    ends by the limit is another test's (``test_tools_code.py``).
    """
    import chromadb  # noqa: F401

    import graphs.conversation
    import graphs.production
    import graphs.role

    for module in (graphs.conversation, graphs.production, graphs.role):
        module.build()
    jail.CPU_S = 120
    asyncio.run(_embedder().embed(["a lock keeper"]))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
