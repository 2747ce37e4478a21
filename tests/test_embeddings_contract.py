"""One suite for all embedders."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llm_cases import HandClock, client_of

from simulator.embeddings.load import embedder_from
from simulator.embeddings.openai import OpenAIEmbedder
from simulator.embeddings.protocol import Embedder
from simulator.embeddings.vectors import unit_rows
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.errors import EndpointBusy, EndpointRefused, InputError, InvalidReply, ModelSpecError
from simulator.llm.fake_server import FakeServer, Fault
from simulator.settings import Settings

Use = Callable[[Embedder], Coroutine[Any, Any, Any]]

WORDLLAMA = WordLlamaEmbedder()


def with_wordllama(use: Use) -> Any:
    async def go() -> Any:
        async with WORDLLAMA as embedder:
            return await use(embedder)

    return asyncio.run(go())


def with_endpoint(use: Use) -> Any:
    async def go() -> Any:
        async with FakeServer() as server, OpenAIEmbedder("e", client_of(server)) as embedder:
            return await use(embedder)

    return asyncio.run(go())


each = pytest.mark.parametrize("run", [with_wordllama, with_endpoint], ids=["wordllama", "endpoint"])

TEXTS = [f"a {word} who mends {thing}" for word in ("baker", "pilot", "nurse") for thing in ("nets", "clocks")]


@each
def test_one_unit_row_per_text(run: Callable[[Use], Any]) -> None:
    vectors = run(lambda embedder: embedder.embed(TEXTS))
    assert vectors.shape[0] == len(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@each
def test_a_vector_depends_on_its_text_alone(run: Callable[[Use], Any]) -> None:
    texts = [*TEXTS, "x", "a much longer text than the others, with " + "many more words " * 40] * 30

    async def use(embedder: Embedder) -> None:
        together = await embedder.embed(texts)
        backwards = (await embedder.embed(texts[::-1]))[::-1]
        alone = np.concatenate([await embedder.embed([text]) for text in texts[:8]])
        assert np.array_equal(together, backwards)
        assert np.array_equal(together[:8], alone)

    run(use)


@each
def test_nothing_gives_no_rows(run: Callable[[Use], Any]) -> None:
    assert len(run(lambda embedder: embedder.embed([]))) == 0


@each
@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_an_empty_text_is_an_error_that_says_which(run: Callable[[Use], Any], text: str) -> None:
    with pytest.raises(InputError, match="text 1 of 2"):
        run(lambda embedder: embedder.embed(["a", text]))


@each
def test_texts_that_share_words_are_nearer(run: Callable[[Use], Any]) -> None:
    a, b, c = run(
        lambda embedder: embedder.embed(
            ["a beekeeper in the hills", "an old beekeeper in the hills", "quarterly tax returns"]
        )
    )
    assert a @ b > a @ c


@each
def test_odd_characters_are_embedded(run: Callable[[Use], Any]) -> None:
    vectors = run(lambda embedder: embedder.embed(["\ud800 x", "a\0b", "漢字", "🐑", "\u202eabc", "\u200b"]))
    assert np.isfinite(vectors).all()


@each
def test_the_name_is_an_identity(run: Callable[[Use], Any]) -> None:
    async def use(embedder: Embedder) -> str:
        return embedder.name

    assert run(use)


@settings(max_examples=40)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=40))
def test_wordllama_takes_any_text(texts: list[str]) -> None:
    vectors = asyncio.run(WORDLLAMA.embed(texts))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


SPACES = st.sampled_from([" ", "  ", "   ", "\u2581", "\t", "\n", "\u00a0", ""])
PIECES = st.sampled_from(
    ["nurse", "Nurse,", "<s>", "a<s>", "</s>b", "<unk>", "\u2581", "x\u2581", "漢字", "é", "--", "12"]
)


@settings(max_examples=150)
@given(
    st.lists(st.lists(st.tuples(SPACES, st.one_of(PIECES, st.text(max_size=5))), max_size=8), min_size=1, max_size=9)
)
def test_wordllamas_vectors_are_its_own_to_the_bit(parts: list[list[tuple[str, str]]]) -> None:
    """Whatever stands between words and in them: word by word, the same tokens in the same order."""
    texts = [text for part in parts if (text := "x" + "".join(space + piece for space, piece in part))]
    texts += [text[1:] for text in texts if text[1:].strip()]
    own = wordllama_itself().embed([text.encode("utf-8", "replace").decode() for text in texts])
    meaning = own.any(axis=1)
    expected = unit_rows(own[meaning], AssertionError)
    embedded = asyncio.run(WORDLLAMA.embed([text for text, has in zip(texts, meaning, strict=True) if has]))
    assert np.array_equal(embedded, expected)


@cache
def wordllama_itself() -> Any:
    import wordllama

    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def test_words_are_forgotten_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"the {number}th baker of {number % 7}" for number in range(5_000)]
    expected = asyncio.run(WORDLLAMA.embed(texts))
    monkeypatch.setattr("simulator.embeddings.pooled.REMEMBERED", 100)
    assert np.array_equal(asyncio.run(WordLlamaEmbedder().embed(texts)), expected)


def test_wordllama_takes_a_huge_text_without_huge_memory() -> None:
    vectors = asyncio.run(WORDLLAMA.embed(["word " * 2_000_000, "short"]))
    assert vectors.shape == (2, 256)


def test_loading_wordllama_leaves_logging_alone_and_reads_no_network() -> None:
    code = """
import asyncio, json, logging, socket
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = refuse
from simulator.embeddings.wordllama import WordLlamaEmbedder
asyncio.run(WordLlamaEmbedder().embed(["a", "b"]))
print(json.dumps([len(logging.getLogger().handlers), logging.getLogger().level]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, logging.WARNING]
    assert done.stderr == ""


def embed_with(faults: list[Fault], texts: list[str], **patience: Any) -> tuple[Any, FakeServer]:
    async def go() -> tuple[Any, FakeServer]:
        async with FakeServer() as server:
            server.faults.extend(faults)
            async with OpenAIEmbedder("e", client_of(server, HandClock(), **patience)) as embedder:
                try:
                    return await embedder.embed(texts), server
                except (InvalidReply, EndpointBusy, EndpointRefused) as error:
                    return error, server

    return asyncio.run(go())


def test_large_inputs_go_out_in_batches_of_bounded_size() -> None:
    texts = [f"text {index}" for index in range(150)] + ["long " * 30_000] * 3
    vectors, server = embed_with([], texts)
    assert len(vectors) == 153
    assert sorted(text for sent in server.requests for text in sent["input"]) == sorted(texts)
    for sent in server.requests:
        assert len(sent["input"]) <= 64
        assert sum(map(len, sent["input"])) <= 200_000 or len(sent["input"]) == 1
    assert set(server.requests[0]) == {"model", "input"}


def answer(*rows: Any) -> Fault:
    return Fault(body=json.dumps({"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]}).encode())


WRONG = {
    "too few": (answer([1.0, 0.0]), "1 embeddings for 2 texts"),
    "too many": (answer([1.0], [1.0], [1.0]), "3 embeddings for 2 texts"),
    "zero": (answer([1.0, 0.0], [0.0, 0.0]), "zero or non-finite vector for text 1"),
    "not finite": (Fault(body=b'{"data":[{"embedding":[1,NaN]},{"embedding":[1,2]}]}'), "non-finite vector for text 0"),
    "different lengths": (answer([1.0, 0.0], [1.0]), "different lengths"),
    "no numbers": (answer(["a", "b"], ["c", "d"]), "not of numbers"),
    "null": (answer(None, None), "unexpected shape"),
    "no length": (answer([], []), "unexpected shape"),
    "no data": (Fault(body=b"{}"), "something else"),
    "a list": (Fault(body=b"[1, 2]"), "something else"),
    "HTML": (Fault(body=b"<html>", content_type="text/html"), "something else"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_a_vector_for_each_text_is_an_error_that_says_so(name: str) -> None:
    fault, why = WRONG[name]
    got, server = embed_with([fault] * 3, ["a", "b"])
    assert isinstance(got, InvalidReply), got
    assert why in str(got)
    assert server.count == 3
    got, _ = embed_with([fault], ["a", "b"])
    assert got.shape == (2, 64)


def test_answers_out_of_order_are_put_in_order() -> None:
    rows = [{"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 0.0]}]
    got, _ = embed_with([Fault(body=json.dumps({"data": rows}).encode())], ["a", "b"])
    assert got.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_dimensions_may_not_change_on_the_way() -> None:
    async def go() -> None:
        async with FakeServer() as server, OpenAIEmbedder("e", client_of(server, HandClock(), attempts=1)) as embedder:
            await embedder.embed(["a"])
            server.faults.append(answer([1.0, 0.0]))
            with pytest.raises(InvalidReply, match="after 64 dimensions"):
                await embedder.embed(["b"])

    asyncio.run(go())


def test_endpoint_errors_come_as_themselves_and_not_in_a_group() -> None:
    got, _ = embed_with([Fault.error(400, "too many tokens")], [f"t{i}" for i in range(200)])
    assert isinstance(got, EndpointRefused)
    assert "too many tokens" in str(got)
    got, _ = embed_with([Fault.error(503)] * 3, ["a"])
    assert isinstance(got, EndpointBusy)


def test_specs_of_embedders() -> None:
    settings = Settings.from_environ({"OPENAI_API_KEY": "k", "OTHER": "o"})
    assert isinstance(embedder_from("wordllama", settings), WordLlamaEmbedder)
    assert embedder_from("openai:text-embedding-3-small", settings).name == (
        "https://api.openai.com/v1#text-embedding-3-small"
    )
    assert embedder_from("http://localhost:1/v1#e", Settings()).name == "http://localhost:1/v1#e"
    with pytest.raises(ModelSpecError, match="'wordllama', 'openai:MODEL' or 'URL#MODEL'"):
        embedder_from("minilm", settings)
    with pytest.raises(ModelSpecError, match="'OPENAI_API_KEY', which is not set"):
        embedder_from("openai:e", Settings())
    with pytest.raises(ModelSpecError, match="'MISSING'"):
        embedder_from("http://localhost:1/v1#e", settings, key_env="MISSING")
