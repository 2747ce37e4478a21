"""A child process that runs the scripted story and writes a line for each call that a model gets and gives."""

import asyncio
import os
import sys

import story

from simulator.assembly import simulate
from simulator.models.message import ChatRequest

out, log, concurrency = sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT), int(sys.argv[3])


def logged(script):
    def answer(request: ChatRequest) -> str:
        os.write(log, f"{request.key('scripted')}\n".encode())
        return script(request)

    return answer


def latency(request: ChatRequest) -> float:
    return 0.002 + story.number(request.key("x")) % 20 / 1000


async def main() -> None:
    scripts = {role: logged(script) for role, script in story.SCRIPTS.items()}
    run = await simulate(story.scenario(concurrency=concurrency), out, models=story.models(latency, **scripts))
    run.close()


asyncio.run(main())
