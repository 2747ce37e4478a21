"""One contender of the throughput benchmark: bare aiohttp, Sixhop's stage of instructions, or its conversations.

    python benchmarks/throughput_own.py bare|sixhop|talks URL TASK.json WIDTH

Prints what it took as a line of JSON. CPU is this process's, the ledger's thread included, from the first unit to the
last product; imports are not counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from graphs.context import ProductionContext
from graphs.stages.converse import converse_all
from graphs.stages.pose import pose
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.cached import CachedModel
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.llm.structured import schema_of
from simulator.models.instruction import Instruction
from simulator.models.persona import Persona, persona_id
from simulator.population.population import Population
from simulator.prompts.chat import chat
from simulator.prompts.template import load_prompt
from simulator.roles.catalogue import role_of
from simulator.roles.poser import poser
from simulator.roles.role import RoleContext
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.runs.pool import spare
from simulator.runs.stop import Stop
from simulator.scenario.load import parse_scenario
from simulator.settings import Settings

EXCHANGES = 4


async def bare(url: str, task: dict[str, Any], width: int) -> dict[str, Any]:
    """Send every prompt with nothing in between; the replies are parsed and dropped."""
    role, prompt = poser(), load_prompt("poser")
    schema = {"name": "PosedInstruction", "schema": schema_of(role.output).body, "strict": True}
    rows = iter(task["personas"])

    async def work(session: aiohttp.ClientSession) -> None:
        for persona in rows:
            messages = chat(prompt, role.values(role.inputs(persona=persona)))
            body = {
                "model": "fake",
                "messages": [message.model_dump() for message in messages],
                "response_format": {"type": "json_schema", "json_schema": schema},
                "temperature": 1.0,
                "max_tokens": 400,
                "seed": 1,
            }
            async with session.post(f"{url}/chat/completions", data=orjson.dumps(body), headers=headers) as response:
                answer = orjson.loads(await response.read())
                orjson.loads(answer["choices"][0]["message"]["content"])

    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        cpu = time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(work(session))
        return {"cpu_s": time.process_time() - cpu, "products": len(task["personas"])}


async def sixhop(url: str, task: dict[str, Any], width: int, *, talks: bool = False) -> dict[str, Any]:
    """Run a stage of a production, with everything that a run has: pool, graphs, checks, ledger, admission."""
    people = [_persona(text) for text in task["personas"]]
    text = f"name: bench\ntexts: {{paths: none.txt}}\nconcurrency: {width}\ncast: {{size: {len(people)}}}\n"
    text += "instructions: {}\n" + (f"conversations: {{exchanges: {EXCHANGES}}}\n" if talks else "")
    scenario = parse_scenario(text, base=Path())
    embedder = WordLlamaEmbedder()
    vectors = await embedder.embed([one.text for one in people])
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger.sqlite", create=True) as ledger:
        async with open_model(parse_spec(f"{url}#fake", concurrency=width), Settings()) as model:
            await model.ready()
            roles = {}
            for name, stage in (("poser", "pose"), ("user", "converse"), ("assistant", "converse")):
                cached = CachedModel(model, ledger, role=name, stage=stage)
                roles[name] = RoleContext(role_of(name), load_prompt(name), cached, embedder)
            context = ProductionContext(
                scenario=scenario,
                texts=(),
                world=None,
                ledger=ledger,
                population=Population.restore(people, [], vectors),
                embedder=embedder,
                roles=roles,
                stop=Stop(),
                widths=dict.fromkeys(("pose", "converse"), spare(width)),
            )
            await ledger.commit([Entry(None, None, personas=people)])
            ledger.put_meta(cast=[one.id for one in people])
            if talks:
                await ledger.commit([Entry(None, None, products=[_opener(one) for one in people])])
            cpu = time.process_time()

            counts = await (converse_all if talks else pose)(context)
            spent = time.process_time() - cpu
        kind = "conversation" if talks else "instruction"
        products = sum(1 for _ in ledger.products(kind))
        return {"cpu_s": spent, "products": products, "units": counts.units, "failed": counts.failed}


def _persona(text: str) -> Persona:
    return Persona(id=persona_id(text), text=text, hop=0, origin="import", source="bench", unit="u-bench")


def _opener(persona: Persona) -> Product:
    text = f"What should I know this week, as {persona.text}?"
    return Product(
        "instruction", f"i-{persona.id}", persona.id, Instruction(id=f"i-{persona.id}", persona=persona.id, text=text)
    )


def main() -> None:
    """Run one contender."""
    name, url, task, width = sys.argv[1:5]
    given = json.loads(Path(task).read_text(encoding="utf-8"))
    run = bare(url, given, int(width)) if name == "bare" else sixhop(url, given, int(width), talks=name == "talks")
    print(json.dumps(asyncio.run(run)))


if __name__ == "__main__":
    main()
