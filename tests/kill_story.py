"""The stories that the kill harness plays, and what tells where an execution of one is."""

from __future__ import annotations

import asyncio
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import story
from kill_left import default_embedder

from simulator.assembly import Overrides, Run, simulate
from simulator.assembly.simulate import resume
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.runs.events import Event, Listener, StageEnded, StageStarted
from simulator.runs.ledger import Ledger
from simulator.tools import jail

OPENING, CLOSING = "(opening)", "(closing)"
CONCURRENCY = 8
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
    asyncio.run(default_embedder().embed(["a lock keeper"]))
