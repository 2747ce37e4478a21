"""Batches that were left at a provider: forgotten, out of reach, or wanted by nobody any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import story
from batch_cases import QUICK, asked_once, extracting, products, records
from test_llm_batch import one_by_one

from simulator.assembly import simulate
from simulator.assembly.simulate import resume
from simulator.errors import EndpointUnreachable, RunStopped
from simulator.llm.batch import BatchModel
from simulator.llm.batch_api import BatchApi
from simulator.llm.batch_policy import BatchPolicy
from simulator.llm.endpoint import Endpoint
from simulator.llm.fake_server import FakeServer, Fate, in_thread
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.message import ChatRequest, Message
from simulator.runs.batches import LedgerBatches
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Stop
from simulator.settings import Settings

__all__ = ["one_by_one"]  # the fixture that stands there


def test_a_batch_that_the_provider_has_forgotten_is_asked_for_anew(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        stopped_with_a_batch(server, tmp_path)
        del server.batches.batches["batch_1"]
        asyncio.run(resume(tmp_path)).close()
    assert products(tmp_path) == products(one_by_one)
    assert "does not know it any more" in records(tmp_path)[0][2]


def test_a_batch_whose_answers_the_provider_has_removed_is_asked_for_anew(one_by_one: Path, tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder)) as server:
        stopped_with_a_batch(server, tmp_path)
        batch = server.batches.batches["batch_1"]
        server.batches._finish(batch, Fate())
        del server.batches.files[batch["output_file_id"]]
        asyncio.run(resume(tmp_path)).close()
    assert products(tmp_path) == products(one_by_one)
    stage, state, told = records(tmp_path)[0]
    assert (stage, state) == ("extract", "failed")
    assert "0 of 16 requests answered (its answers are no longer with the provider" in told


def stopped_with_a_batch(server: FakeServer, root: Path) -> None:
    """Run until the first batch is with the provider, and stop."""
    server.batches.fates.append(Fate(polls=10**9))

    async def go() -> None:
        stop = Stop()
        run = asyncio.create_task(simulate(extracting(server), root, stop=stop))
        while not server.batches.batches:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)
        stop.ask("you pressed Ctrl-C")
        await run

    with pytest.raises(RunStopped):
        asyncio.run(go())


def request_of(number: int) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=f"Say {number}."),), seed=number)


@asynccontextmanager
async def batched(server: FakeServer, ledger: Ledger, **policy: Any) -> AsyncIterator[BatchModel]:
    """Open a model that is asked in batches, as one execution does."""
    async with open_model(parse_spec(f"{server.url}#fake"), Settings()) as endpoint:
        assert isinstance(endpoint, Endpoint)
        model = BatchModel(endpoint, LedgerBatches(ledger), "poser", "pose", BatchPolicy(**{**QUICK, **policy}))
        try:
            yield model
        finally:
            await model.aclose()


def test_what_is_with_a_provider_that_does_not_answer_is_not_handed_over_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(self: BatchApi, remote: str) -> Any:
        raise EndpointUnreachable("nobody answers")

    async def go(server: FakeServer, ledger: Ledger) -> None:
        server.batches.fates.append(Fate(polls=10**9))
        async with batched(server, ledger) as first:
            waiting = [asyncio.create_task(first.reply(request_of(number))) for number in range(4)]
            while "batch_1" not in server.batches._looks or not server.batches._looks["batch_1"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        server.batches._fate_of["batch_1"] = Fate()
        with monkeypatch.context() as patch:
            patch.setattr(BatchApi, "status", unreachable)
            async with batched(server, ledger) as second:
                for number in range(4):
                    with pytest.raises(EndpointUnreachable):
                        await second.reply(request_of(number))
        async with batched(server, ledger) as third:
            replies = await asyncio.gather(*(third.reply(request_of(number)) for number in range(4)))
        assert all(reply.text for reply in replies)

    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger, in_thread(FakeServer()) as server:
        asyncio.run(go(server, ledger))
        assert len(server.batches.batches) == 1
        assert asked_once(server)


def test_what_nobody_waits_for_any_more_is_not_paid_for(tmp_path: Path) -> None:
    async def go(server: FakeServer, ledger: Ledger) -> None:
        async with batched(server, ledger, linger_s=0.2) as model:
            tasks = [asyncio.create_task(model.reply(request_of(number))) for number in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.gather(tasks[0], tasks[2])

    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger, in_thread(FakeServer()) as server:
        asyncio.run(go(server, ledger))
        assert len(server.batches.asked) == 2
        assert server.count == 0


def test_a_batch_that_is_full_is_a_batch_however_small(tmp_path: Path) -> None:
    async def go(server: FakeServer, ledger: Ledger) -> None:
        async with batched(server, ledger, most=3, least=10) as model:
            await asyncio.gather(*(model.reply(request_of(number)) for number in range(7)))

    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger, in_thread(FakeServer()) as server:
        asyncio.run(go(server, ledger))
        assert (len(server.batches.asked), server.count) == (6, 1), "the last one is left over, and asked alone"
