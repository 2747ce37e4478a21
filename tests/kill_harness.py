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
import gc
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kill_child import PATIENCE_S, Disturbed, adopt, check_nothing_survives, ended, forked
from kill_left import check_index, compare, everything
from kill_story import CLOSING, STORIES, Board, run_story, warm

KILLS_PER_RUN = 12  # then the run may end, so that whole runs are compared again and again


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


if __name__ == "__main__":
    main()
