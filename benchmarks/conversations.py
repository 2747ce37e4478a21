"""Many long conversations in one run: calls a second, memory, and the size of the ledger against the transcripts.

    python benchmarks/conversations.py [--talks 10000] [--turns 20] [--width 256] [--latency 1] [--sigma 0.5] [--scripted]

The people talk through HTTP with a fake server in a process of its own, whose replies take ``--latency`` seconds (the
median of a lognormal distribution, or always with ``--sigma 0``). First the same server is asked ``--calls`` times by
bare ``Endpoint.reply`` (as ``benchmarks/calls.py`` does) at the same width: that is the rate to compare with. The time
is that from the first conversation's beginning to the last one's end, and the CPU is what this process took in it.
``--scripted`` leaves the server out, for memory and size alone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from calls import measure, request_of

from simulator.assembly import open_run, simulate_sync
from simulator.llm.fake_server import FakeServer, lognormal_latency
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.message import ChatRequest, Reply, Usage
from simulator.runs.events import Event, StageStarted, UnitEnded
from simulator.settings import Settings

SITUATIONS = 20


def _words(text: str) -> list[str]:
    return text.split()


NOUNS = tuple(
    _words("""ledger harbour lantern orchard kiln bridge parcel saddle furnace almanac rope cellar compass quarry
    loom anchor barrel canal chapel dynamo engine ferry garden hammer invoice jetty kettle ladder mortar needle oven
    pulley quilt rafter sluice timber umbrella valve wagon yard""")
)
VERBS = tuple(
    _words("""mend move paint lift order weigh store clean count tie dry split label borrow sharpen measure turn
    heat cool carry""")
)
PLACES = tuple(_words("river roof station yard mill school hill market cellar gate"))


ASKED = (
    "I had to {} last week, and my neighbour wants to {} as well. Should I {} first?",
    "My brother told me to {}. We still {} on Sundays; is it wise to {} then?",
    "We tried to {} yesterday without luck. The rest of us {} daily. Who could {} for me?",
    "It worked when I used to {}. Nobody here can {} any more, so when do I {} best?",
    "Their foreman made us {} twice. If they {} again, what happens when I {}?",
    "There is a rule that guests {} before noon. I rather {}. May I {} in the evening?",
    "The old manual says people {} in spring. My aunt would {}. Which tools do I need to {}?",
    "Last year my crew could {} within a day. Now we only {}. How long should it take to {}?",
    "At night I hear them {}. By morning somebody had to {}. Is it dangerous to {} alone?",
    "For the inspection I must {}. Another paper says {}. Where do I learn to {}?",
    "Every winter I {} late. This time let me {} early. Would you {} with gloves?",
)
ANSWERED = (
    "Begin with what is urgent: {}, and write it down. When that is done, {} before noon. If it rains, {} instead. A "
    "friend may {} for you. In the end, {} and look at it again after a week.",
    "That depends on the season. In summer most people {}. Others {} because it is cheaper. You could {} and compare. "
    "Never {} without light. After all that, {} once more.",
    "Three steps help. One: {}. Two: {}. Three: {}. Should that fail, {} with somebody strong, or {} at the weekend.",
    "Good thinking. The usual mistake is to {} too soon. Better {} slowly. An expert would {} only when it is dry, then {}, "
    "and finally {}.",
    "It is allowed, as far as I know. The office wants you to {}. Bring proof that you {}. They may {} on the spot. Then "
    "{} at home. Keep the paper and {} later.",
    "Time matters less than care. Plan a day to {}. Spend another to {}. Rest, then {}. Your neighbours {} faster, yet they "
    "{} worse.",
    "Your aunt is right about one thing: {}. The manual forgets to {}. Use a short rope to {}, a long one to {}, and patience "
    "to {}.",
    "Alone it is risky. Ask two people who {}. One can {} while the other does {}. Afterwards {}. Lock up and {}.",
    "Cold changes everything. Metal shrinks, so {}. Wood swells, so {}. Gloves are fine to {}, and a hat if you {}. Indoors "
    "simply {}.",
    "Start from the end. The last task is to {}. Before it comes {}. Even earlier, {}. So today you {}, tomorrow you {}.",
    "Money first. It costs little to {}. It costs more to {}. Insurance pays when you {}. Never sign before you {}. "
    "Otherwise {}.",
)


def clause(digest: bytes) -> str:
    """Return half a sentence that hardly ever comes twice."""
    verb, noun, place = VERBS[digest[0] % len(VERBS)], NOUNS[digest[1] % len(NOUNS)], PLACES[digest[2] % len(PLACES)]
    return f"{verb} the {noun} near the {place} {digest[3] + 2} times"


def sentence(seed: str, asks: bool, turn: int) -> str:
    """Return what a user says (about 25 words) or an assistant (about 65), different from all that was said before."""
    digest = hashlib.sha256(seed.encode()).digest()
    one, two, three, four, five = (clause(digest[start : start + 4]) for start in range(0, 20, 4))
    if asks:
        return ASKED[turn % len(ASKED)].format(one, two, three)
    return ANSWERED[turn % len(ANSWERED)].format(one, two, three, four, five)


def reply(messages: list[dict[str, Any]], seed: int | None) -> str:
    """Return what a user or an assistant says to this chat; the persona stands in the user's prompt."""
    asks = any("<persona>" in str(message["content"]) for message in messages)
    return sentence(f"{messages[-1]['content']}{len(messages)}{seed}", asks, len(messages) // 2)


def scenario_in(folder: Path, talks: int, turns: int, width: int) -> Path:
    """Write a scenario of so many conversations, and return its file."""
    people = -(-talks // SITUATIONS)
    rows = (
        f"a {VERBS[n % 20]}er of {NOUNS[n % 40]}s number {n} who lives near the {PLACES[n % 10]}" for n in range(people)
    )
    (folder / "people.jsonl").write_text("".join(json.dumps({"persona": row}) + "\n" for row in rows))
    situations = [{"name": f"s-{n}", "about": f"The {NOUNS[n]} is late."} for n in range(SITUATIONS)]
    path = folder / "many.yaml"
    sections = {
        "name": "many-talks",
        "personas": {"paths": ["people.jsonl"], "filters": []},
        "dedup": {"jaccard": None, "cosine": None},
        "cast": {"size": people},
        "conversations": {"exchanges": turns // 2, "situations": situations, "count": talks, "flawed": "keep"},
        "candidates": {"user": 1, "assistant": 1},
        "concurrency": width,
    }
    path.write_text(yaml.safe_dump(sections))
    return path


class Watch:
    """Notes memory, time and CPU as conversations end."""

    def __init__(self, every: int) -> None:
        self.every, self.done, self.seconds, self.cpu = every, 0, 0.0, 0.0
        self._begun = self._begun_cpu = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage == "converse":
            self._begun, self._begun_cpu = time.perf_counter(), time.process_time()
        elif isinstance(event, UnitEnded) and event.stage == "converse":
            self.done += 1
            self.seconds = time.perf_counter() - self._begun
            self.cpu = time.process_time() - self._begun_cpu
            if self.done % self.every == 0:
                print(f"  {self.done:7,} talks  {self.seconds:6.0f} s  {memory():5.0f} MB", flush=True)


def memory() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def size_of(root: Path) -> tuple[int, int]:
    """Return the bytes of the ledger and of the transcripts in it."""
    with open_run(root) as run:
        turns = (turn for talk in run.ledger.products("conversation") for turn in talk["turns"])
        said = sum(len(turn["content"].encode()) for turn in turns)
    return (root / "ledger.sqlite").stat().st_size, said


@contextmanager
def fake_server(latency: float, sigma: float) -> Iterator[str]:
    """Run the fake server with these replies in another process, and yield its URL."""
    command = [sys.executable, __file__, "--serve", "--latency", str(latency), "--sigma", str(sigma)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


async def single_calls(url: str, calls: int, width: int) -> float:
    """Return the calls a second of ``Endpoint.reply`` alone."""
    async with open_model(parse_spec(f"{url}#fake", concurrency=width), Settings()) as model:
        await model.ready()
        await measure(lambda number: model.reply(request_of(number)), width, width)
        return (await measure(lambda number: model.reply(request_of(number)), calls, width))[1]


def run(options: argparse.Namespace, url: str | None) -> None:
    """Hold the conversations and print what they took."""
    with tempfile.TemporaryDirectory() as folder:
        path = scenario_in(Path(folder), options.talks, options.turns, options.width)
        given: dict[str, Any] = {}
        if url is None:
            given["models"] = {"*": Scripted()}
        else:
            given["settings"] = Settings.from_environ({"SIXHOP_MODEL": f"{url}#fake"})
        watch = Watch(max(1, options.talks // 20))
        simulate_sync(path, Path(folder) / "run", listener=watch, **given).close()
        with open_run(Path(folder) / "run") as made:
            calls, turns, talks = _counts(made)
        ledger, said = size_of(Path(folder) / "run")
        print(
            f"{talks:,} talks of {turns / talks:.1f} turns, {calls:,} calls: {calls / watch.seconds:.0f} calls/s, ",
            end="",
        )
        print(f"{1000 * watch.cpu / calls:.2f} ms CPU a call, {memory():.0f} MB at the end")
        print(f"ledger {ledger / 1e6:.1f} MB, transcripts {said / 1e6:.1f} MB: {ledger / said:.2f} times")


def _counts(made: Any) -> tuple[int, int, int]:
    sql = "SELECT COUNT(*), TOTAL(json_array_length(body, '$.turns')) FROM products WHERE kind = 'conversation'"
    (calls,) = next(made.ledger.rows("SELECT COUNT(*) FROM replies"))
    talks, turns = next(made.ledger.rows(sql))
    return calls, int(turns), talks


class Scripted:
    """A model in this process that keeps nothing."""

    name = "scripted"

    async def reply(self, request: ChatRequest) -> Reply:
        """Return what the script says."""
        await asyncio.sleep(0)
        text = reply([message.model_dump() for message in request.messages], request.seed)
        return Reply(text=text, finish="stop", model=self.name, usage=Usage(prompt=100, completion=20))


async def serve(median_s: float, sigma: float) -> None:
    """Serve until the input ends."""
    latency = lognormal_latency(median_s, sigma)

    def seconds(body: dict[str, Any]) -> float:
        return latency({"messages": body["messages"][-1:]})

    def answer(body: dict[str, Any]) -> str:
        return reply(body["messages"], body.get("seed"))

    async with FakeServer(answer, latency=seconds, keep=False) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--talks", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--scripted", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency, options.sigma))
    elif options.scripted:
        run(options, None)
    else:
        with fake_server(options.latency, options.sigma) as url:
            print(
                f"single calls: {asyncio.run(single_calls(url, options.calls, options.width)):.0f} calls/s", flush=True
            )
            run(options, url)


if __name__ == "__main__":
    main()
