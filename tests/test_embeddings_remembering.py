"""A remote embedder is asked for a text once in a run, and its requests are counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import story

from simulator.assembly import simulate_sync
from simulator.embeddings.protocol import Vectors
from simulator.embeddings.remembering import RememberingEmbedder
from simulator.errors import EndpointBusy
from simulator.llm.fake_server import FakeServer, in_thread


class Counting:
    """An embedder that counts what it is asked for; it fails as often as it is told to."""

    name = "counting"

    def __init__(self, failing: int = 0) -> None:
        self.asked: list[str] = []
        self.failing = failing

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        await asyncio.sleep(0)
        if self.failing:
            self.failing -= 1
            raise EndpointBusy("later")
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(len(texts), -1)


def test_a_text_is_asked_for_once_whoever_wants_it_and_in_what_order() -> None:
    inner = Counting()
    remembering = RememberingEmbedder(inner)

    async def go() -> list[Vectors]:
        asked = (["a", "bb", "a"], ["bb", "ccc"], ["ccc", "a"], ["dddd"])
        return [*await asyncio.gather(*map(remembering.embed, asked)), await remembering.embed(["dddd", "bb"])]

    rows = [made[:, 0].tolist() for made in asyncio.run(go())]
    assert rows == [[1, 2, 1], [2, 3], [3, 1], [4], [4, 2]]
    assert Counter(inner.asked) == {"a": 1, "bb": 1, "ccc": 1, "dddd": 1}


def test_what_failed_is_asked_by_the_next_and_its_error_is_its_own() -> None:
    inner = Counting(failing=1)
    remembering = RememberingEmbedder(inner)

    async def go() -> list[Vectors | BaseException]:
        return await asyncio.gather(*(remembering.embed(["a"]) for _ in range(3)), return_exceptions=True)

    first, *others = asyncio.run(go())
    assert isinstance(first, EndpointBusy)
    assert all(isinstance(one, np.ndarray) for one in others)
    assert inner.asked == ["a", "a"]


def test_the_oldest_make_way() -> None:
    inner = Counting()
    remembering = RememberingEmbedder(inner, most=2)

    async def go() -> None:
        for text in ("a", "b", "c", "c", "b", "a"):
            await remembering.embed([text])

    asyncio.run(go())
    assert inner.asked == ["a", "b", "c", "a"]


def test_a_run_asks_a_remote_embedder_once_for_each_text_and_counts_it(tmp_path: Path) -> None:
    with in_thread(FakeServer()) as server:
        scenario = story.scenario(
            expand={"hops": 1, "per_persona": 1},
            conversations=None,
            npcs=None,
            tools=None,
            models={"embeddings": f"{server.url}#e"},
        )
        with simulate_sync(scenario, tmp_path / "run", models=story.models()) as run:
            [row] = [one for one in run.manifest["usage"] if one["role"] == "embedder"]
        asked = Counter(text for body in server.requests for text in body["input"])
    assert asked
    assert max(asked.values()) == 1
    assert row["calls"] == len(server.requests)
    assert row["prompt_tokens"] == sum(len(body["input"]) for body in server.requests)
