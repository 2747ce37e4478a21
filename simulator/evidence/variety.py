"""How different from each other the texts are that a run made: by their embeddings, their words and how they begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.evidence.diversity import Diversity, diversity
from simulator.models.base import Record, derive_seed
from simulator.models.conversation import Conversation
from simulator.models.instruction import Instruction
from simulator.population.tokens import word_list
from simulator.runs.ledger import Ledger

__all__ = ["Variety", "instruction_variety", "turn_variety", "variety_told"]

_MOST = 2_000  # texts that are looked at: enough for two digits; embedding them takes about a second
_OPENING = 3  # words


class Variety(Record):
    """How varied a set of texts is.

    Attributes:
        texts: How many there are.
        compared: How many were looked at: all, or as many drawn by the run's seed.
        likeness: Their cosines; ``None`` when fewer than two were compared.
        distinct_1: Different words by words, 0 to 1. It falls with the number of texts: compare like numbers.
        distinct_2: The same of pairs of neighbouring words.
        repeated_openings: Share of texts whose first three words another one begins with too, 0 to 1.
    """

    texts: int = Field(ge=1)
    compared: int = Field(ge=1)
    likeness: Diversity | None
    distinct_1: float = Field(ge=0, le=1)
    distinct_2: float = Field(ge=0, le=1)
    repeated_openings: float = Field(ge=0, le=1)


async def instruction_variety(ledger: Ledger, embedder: Embedder, seed: int) -> Variety | None:
    """Return how varied the instructions of a run are, or ``None`` when it has none.

    Raises:
        EndpointError: A remote embedder failed.
    """
    asked = [Instruction.model_validate(one).text for one in ledger.products("instruction")]
    return await _variety(asked, embedder, seed)


async def turn_variety(ledger: Ledger, embedder: Embedder, seed: int) -> Variety | None:
    """Return how varied the users' turns of a run's conversations are, or ``None``; forks do not count again.

    Raises:
        EndpointError: A remote embedder failed.
    """
    talks = map(Conversation.model_validate, ledger.products("conversation"))
    said = [turn.content for talk in talks if talk.forked is None for turn in talk.turns if turn.role == "user"]
    return await _variety(said, embedder, seed)


async def _variety(texts: Sequence[str], embedder: Embedder, seed: int) -> Variety | None:
    if not texts:
        return None
    chosen = list(texts)
    if len(texts) > _MOST:
        generator = np.random.Generator(np.random.PCG64(derive_seed("variety", seed)))
        chosen = [texts[row] for row in sorted(generator.choice(len(texts), _MOST, replace=False).tolist())]
    lists = [word_list(text) for text in chosen]
    openings = Counter(tuple(words[:_OPENING]) for words in lists)
    repeated = sum(count for count in openings.values() if count > 1)
    return Variety(
        texts=len(texts),
        compared=len(chosen),
        likeness=diversity(await embedder.embed(chosen)),
        distinct_1=_distinct([word for words in lists for word in words]),
        distinct_2=_distinct([pair for words in lists for pair in pairwise(words)]),
        repeated_openings=round(repeated / len(chosen), 4),
    )


def _distinct(grams: Sequence[object]) -> float:
    return round(len(set(grams)) / len(grams), 4) if grams else 0.0


def variety_told(found: Variety) -> str:
    """Return it as a sentence without its end."""
    of = "" if found.compared == found.texts else f", of {found.compared:,} drawn from {found.texts:,}"
    near = ""
    if found.likeness is not None:
        near = f"cosine {found.likeness.mean_pair:.2f} on average, {found.likeness.mean_nearest:.2f} to the nearest; "
    return (
        f"{near}distinct words {found.distinct_1:.0%}, pairs of words {found.distinct_2:.0%}; "
        f"{found.repeated_openings:.0%} begin with the same three words as another{of}"
    )
