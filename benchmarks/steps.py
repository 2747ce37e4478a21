"""CPU of the role machine's three steps: by LangGraph's executor, and walked.

    python benchmarks/steps.py [--units 2000]

The model answers at once, so what remains beside the steps (prompt, parsing, checks) is the same on both sides.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from graphs.role import build
from graphs.walk import Walk
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.scripted import ScriptedModel
from simulator.models.unit import Unit
from simulator.prompts.template import load_prompt
from simulator.roles.poser import poser
from simulator.roles.role import RoleContext

REPLY = json.dumps({"instruction": "How long does rye dough have to rest before the second kneading at 18 degrees?"})


async def measure(run: Callable[[Unit], Awaitable[Any]], units: int) -> float:
    """Return milliseconds of CPU a unit."""
    start = time.process_time()
    for number in range(units):
        await run(Unit(stage="bench", role="poser", inputs={"persona": "a baker who is going blind"}, seed=number))
    return (time.process_time() - start) / units * 1000


async def compare(units: int) -> None:
    """Print one line for each way."""
    context: Any = RoleContext(poser(), load_prompt("poser"), ScriptedModel(lambda request: REPLY), WordLlamaEmbedder())
    graph, walk = build(), Walk(build())
    ways: dict[str, Callable[[Unit], Awaitable[Any]]] = {
        "LangGraph": lambda unit: graph.ainvoke({"unit": unit}, context=context),
        "walked": lambda unit: walk.run({"unit": unit}, context),
    }
    for name, run in ways.items():
        await measure(run, units // 10)
        print(f"{name:12} {await measure(run, units):.2f} ms CPU a unit")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--units", type=int, default=2000)
    asyncio.run(compare(parser.parse_args().units))


if __name__ == "__main__":
    main()
