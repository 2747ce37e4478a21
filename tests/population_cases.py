"""Texts, vectors and reference answers that the population's tests share."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from simulator.embeddings.protocol import Vectors
from simulator.models.base import normalise_text
from simulator.population.dedup.verdict import DedupSettings, Verdict
from simulator.population.tokens import jaccard, word_grams
from simulator.population.vectors.unit import cosine, unit_vectors

WORDS = [f"word{number}" for number in range(40)]


def texts_with_duplicates(count: int, seed: int, words: int = 12, vocabulary: int = 400) -> list[str]:
    """Return texts of which about half are an earlier one with some words changed."""
    generator = random.Random(seed)
    texts: list[str] = []
    for _ in range(count):
        if texts and generator.random() < 0.5:
            changed = generator.choice(texts).split()
            for _ in range(generator.randint(0, 3)):
                changed[generator.randrange(len(changed))] = f"w{generator.randrange(vocabulary)}"
            if generator.random() < 0.3:
                generator.shuffle(changed)
            texts.append(" ".join(changed))
        else:
            size = max(1, words + generator.randint(-8, 8))
            texts.append(" ".join(f"w{int(vocabulary * generator.random() ** 2)}" for _ in range(size)))
    return texts


def vectors_with_duplicates(count: int, seed: int, dimensions: int = 16, spread: float = 0.4) -> Vectors:
    """Return unit vectors of which about half lie near an earlier one, at cosines around 0.9."""
    generator = np.random.default_rng(seed)
    rows = np.empty((count, dimensions), dtype=np.float32)
    for row in range(count):
        rows[row] = generator.standard_normal(dimensions)
        rows[row] /= np.linalg.norm(rows[row])
        if row and generator.random() < 0.5:
            noise = generator.uniform(0.0, 2 * spread) * rows[row]
            rows[row] = rows[generator.integers(row)] + noise
    return unit_vectors(rows)


def brute_force(
    ids: Sequence[str], texts: Sequence[str], vectors: Vectors | None, settings: DedupSettings
) -> list[Verdict]:
    """Return the verdicts by the definition: every text against every kept one, stage by stage."""
    kept: list[int] = []
    verdicts = []
    for row in range(len(texts)):
        verdict = Verdict(admitted=True)
        for stage, threshold in (("exact", 1.0), ("minhash", settings.jaccard), ("embedding", settings.cosine)):
            scores = [] if threshold is None else [_score(stage, texts, vectors, other, row) for other in kept]
            if scores and threshold is not None and max(scores) >= threshold:
                survivor = ids[kept[scores.index(max(scores))]]
                verdict = Verdict(False, stage, survivor, max(scores))  # type: ignore[arg-type]
                break
        verdicts.append(verdict)
        if verdict.admitted:
            kept.append(row)
    return verdicts


def _score(stage: str, texts: Sequence[str], vectors: Vectors | None, left: int, right: int) -> float:
    if stage == "exact":
        return float(normalise_text(texts[left]) == normalise_text(texts[right]))
    if stage == "minhash":
        return jaccard(word_grams(texts[left]), word_grams(texts[right]))
    assert vectors is not None
    return cosine(vectors[left], vectors[right])


short_texts = st.lists(st.sampled_from(WORDS[:14]), min_size=0, max_size=12).map(" ".join)
"""Texts of few words from a small vocabulary, so that many pairs are similar."""

thresholds = st.sampled_from([5e-324, 1e-20, 0.1, 0.3, 0.5, 2 / 3, 0.7, 0.8, 0.9, 0.95, 1.0])
