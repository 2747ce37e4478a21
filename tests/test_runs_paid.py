"""What was paid for is kept, whatever becomes of those who asked for it."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from llm_cases import ask

from simulator.llm.cached import CachedModel
from simulator.llm.meter import Meter
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.models.step import Step
from simulator.runs.ledger import Ledger
from simulator.subjects.protocol import Answer, Task
from simulator.subjects.stored import StoredSubject

Ask = Callable[[int], Coroutine[Any, Any, object]]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what other tasks do, and a little longer, for what they do next."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - threads are part of it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("way", ["model", "subject"])
def test_what_was_answered_is_stored_though_who_asked_is_cancelled(tmp_path: Path, way: str) -> None:
    """Contract 2: only calls in flight may be lost, and these have been answered."""
    asked: list[object] = []

    class Asked:
        name = "asked"

        async def answer(self, task: Task) -> Answer:
            asked.append(task)
            return Answer(steps=(Step(role="assistant", content=f"paid {len(asked)}"),))

    def model_asking(ledger: Ledger) -> Ask:
        def say(request: ChatRequest) -> str:
            asked.append(request)
            return f"paid {len(asked)}"

        cached = CachedModel(ScriptedModel(say), ledger, role="poser", stage="pose")
        return lambda number: cached.reply(ask(f"{number}"))

    def subject_asking(ledger: Ledger) -> Ask:
        stored = StoredSubject(Asked(), ledger, meter=Meter(), stage="converse")
        return lambda number: stored.answer(Task(messages=({"role": "user", "content": f"{number}"},), seed=number))

    async def go() -> None:
        with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
            asking = (model_asking if way == "model" else subject_asking)(ledger)
            other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")  # whoever writes now has to wait
            tasks = [asyncio.create_task(asking(0))]
            await until(lambda: len(asked) == 1)
            tasks += [asyncio.create_task(asking(number)) for number in range(1, 4)]
            await until(lambda: len(asked) == 4)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(end) for end in ends] == [asyncio.CancelledError] * 4
            other.execute("COMMIT")
            other.close()
        with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
            asking = (model_asking if way == "model" else subject_asking)(ledger)
            for number in range(4):
                await asking(number)

    asyncio.run(go())
    assert len(asked) == 4
