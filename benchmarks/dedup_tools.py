"""The tools that the dedup benchmark compares. Each takes texts and returns the rows that it keeps, in order.

``datasketch``, ``rensa``, ``SemHash`` and ``distilabel`` are used as their documentation shows. Tools with embeddings
all get WordLlama's, so that they are compared on the same vectors.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["LEXICAL", "MOST_ROWS", "SEMANTIC", "TOOLS", "embedded"]

THRESHOLD = 0.9

Tool = Callable[[Sequence[str]], list[int]]


def datasketch(texts: Sequence[str]) -> list[int]:
    """MinHash word by word, LSH with the parameters it chooses for 0.9, query before insert."""
    from datasketch import MinHash, MinHashLSH

    lsh, kept = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for row, text in enumerate(texts):
        minhash = MinHash(num_perm=128)
        for word in set(_words(text)):
            minhash.update(word.encode("utf8"))
        if not lsh.query(minhash):
            lsh.insert(str(row), minhash)
            kept.append(row)
    return kept


def datasketch_bulk(texts: Sequence[str]) -> list[int]:
    """The same with its faster signatures, a thousand texts at once."""
    from datasketch import MinHash, MinHashLSH

    lsh, kept = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for start in range(0, len(texts), 1_000):
        words = ([word.encode("utf8") for word in set(_words(text))] for text in texts[start : start + 1_000])
        for row, minhash in enumerate(MinHash.bulk(words, num_perm=128), start):
            if not lsh.query(minhash):
                lsh.insert(str(row), minhash, check_duplication=False)
                kept.append(row)
    return kept


def rensa(texts: Sequence[str]) -> list[int]:
    """The deduplicator of its README, on lower-cased words."""
    from rensa import RMinHashDeduplicator

    dedup = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=128, use_lsh=True)
    keep = dedup.add_pairs((str(row), _words(text)) for row, text in enumerate(texts))
    return [row for row, stays in enumerate(keep) if stays]


def distilabel(texts: Sequence[str]) -> list[int]:
    """The step of its gallery, with its word tokenizer."""
    from distilabel.steps import MinHashDedup

    step = MinHashDedup(tokenizer="words", threshold=THRESHOLD, storage="dict")
    step.load()
    (rows,) = step.process([{"text": text} for text in texts])
    return [row for row, result in enumerate(rows) if result["keep_row_after_minhash_filtering"]]


def sixhop_lexical(texts: Sequence[str]) -> list[int]:
    """Bulk, exact mode, word 1-grams only."""
    from simulator.population.bulk.deduplicate import deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    kept: list[int] = deduplicate(texts, settings=DedupSettings(cosine=None), way="bulk").kept.tolist()
    return kept


def sixhop_incremental(texts: Sequence[str]) -> list[int]:
    """Exact mode, word 1-grams only, one text after another, without numba."""
    from simulator.population.bulk.deduplicate import deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    kept: list[int] = deduplicate(texts, settings=DedupSettings(cosine=None), way="incremental").kept.tolist()
    return kept


def sixhop_paper(texts: Sequence[str]) -> list[int]:
    """Paper mode: the 128-permutation estimate of datasketch decides, bands 16 x 8."""
    from simulator.population.bulk.deduplicate import deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    kept: list[int] = deduplicate(texts, settings=DedupSettings(mode="paper", cosine=None)).kept.tolist()
    return kept


def semhash(texts: Sequence[str]) -> list[int]:
    """``self_deduplicate`` with its own defaults."""
    from semhash import SemHash

    result = SemHash.from_records(records=[{"text": text, "row": str(row)} for row, text in enumerate(texts)],
                                  columns=["text"], model=_Encoder()).self_deduplicate(threshold=THRESHOLD)  # fmt: skip
    return sorted(int(record["row"]) for record in result.selected)


def sixhop_semantic(texts: Sequence[str]) -> list[int]:
    """Bulk, embedding stage only; exact up to 50,000 rows, in cells beyond."""
    from simulator.population.bulk.deduplicate import deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    settings = DedupSettings(jaccard=None)
    kept: list[int] = deduplicate(texts, own_vectors(texts), settings, way="bulk").kept.tolist()
    return kept


def sixhop_cells(texts: Sequence[str]) -> list[int]:
    """Bulk, embedding stage only, in cells whatever the number of rows."""
    from simulator.population.bulk.deduplicate import deduplicate
    from simulator.population.dedup.verdict import DedupSettings

    settings = DedupSettings(jaccard=None)
    kept: list[int] = deduplicate(texts, own_vectors(texts), settings, way="bulk", exact_rows=0).kept.tolist()
    return kept


def sixhop_all(texts: Sequence[str]) -> list[int]:
    """Bulk, all stages."""
    from simulator.population.bulk.deduplicate import deduplicate

    kept: list[int] = deduplicate(texts, own_vectors(texts), way="bulk").kept.tolist()
    return kept


def wordllama_alone(texts: Sequence[str]) -> list[int]:
    """WordLlama, and nothing else."""
    return list(range(len(embedded(texts))))


def embedder_alone(texts: Sequence[str]) -> list[int]:
    """Sixhop's embedder, which has WordLlama's vectors, and nothing else."""
    return list(range(len(own_vectors(texts))))


LEXICAL: dict[str, Tool] = {
    "datasketch, as documented": datasketch,
    "datasketch, bulk signatures": datasketch_bulk,
    "distilabel MinHashDedup": distilabel,
    "rensa, as documented": rensa,
    "Sixhop, paper mode": sixhop_paper,
    "Sixhop, incremental": sixhop_incremental,
    "Sixhop, bulk": sixhop_lexical,
}
SEMANTIC: dict[str, Tool] = {
    "SemHash, as documented": semhash,
    "Sixhop, bulk": sixhop_semantic,
    "Sixhop, bulk in cells": sixhop_cells,
    "Sixhop, all stages": sixhop_all,
    "(WordLlama's own code, embedding alone)": wordllama_alone,
    "(Sixhop, embedding alone)": embedder_alone,
}
TOOLS = {"lexical": LEXICAL, "semantic": SEMANTIC}

MOST_ROWS = {
    "Sixhop, paper mode": 100_000,
    "Sixhop, incremental": 100_000,
    "SemHash, as documented": 100_000,
    "Sixhop, bulk in cells": 100_000,
    "(WordLlama's own code, embedding alone)": 100_000,
}
"""Rows up to which a tool is run: beyond, it compares all pairs for an hour or more, or is another of this table."""


def embedded(texts: Sequence[str]) -> Any:
    """Return WordLlama's unit vectors of ``texts`` by its own code, shape (texts, 256), a few thousand at a time."""
    model = _wordllama()
    vectors = np.empty((len(texts), 256), dtype=np.float32)
    for start in range(0, len(texts), 8_192):
        vectors[start : start + 8_192] = model.embed(list(texts[start : start + 8_192]), norm=True)
    return vectors


def own_vectors(texts: Sequence[str]) -> Any:
    """Return the same vectors as Sixhop computes them."""
    from simulator.embeddings.many import embed_many

    return asyncio.run(embed_many(_embedder(), texts))


@cache
def _wordllama() -> Any:
    import wordllama

    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


@cache
def _embedder() -> Any:
    from simulator.embeddings.wordllama import WordLlamaEmbedder

    return WordLlamaEmbedder()


class _Encoder:
    """WordLlama behind the interface that SemHash asks for."""

    def encode(self, inputs: Sequence[str], **_: Any) -> Any:
        return embedded(inputs)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
