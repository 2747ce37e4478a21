"""What the two sides of a conversation share: how a turn is mended, and how drafts of it are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from simulator.embeddings.protocol import Embedder
from simulator.population.tokens import word_list
from simulator.roles.guards.words import content_words, quoted_share, sentences

__all__ = ["mend", "rate"]

_NAMED = re.compile(r"^(?:user|assistant|me|person)\s*:\s+(?=\S)", re.IGNORECASE)
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'"}
_ENOUGH = 0.7
"""Cosine from which a turn is close enough to what it answers; nearer ones mostly repeat it."""

_OLD = 0.6
"""Cosine to an earlier turn of the same speaker from which a turn says little that is new."""


def mend(text: str) -> str:
    """Return ``text`` without a speaker's tag, quotes around the whole, and runs of blank space within a line.

    >>> mend('"How deep should it be?"')
    'How deep should it be?'
    """
    lines = [re.sub(r"[ \t]+", " ", line).rstrip() for line in text.strip().splitlines()]
    text = _NAMED.sub("", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 2 and text.endswith(closing) and closing not in text[1:-1]:
        return text[1:-1].strip()
    return text


async def rate(
    texts: Sequence[str],
    embedder: Embedder,
    *,
    last: Sequence[str],
    topic: str,
    own: Sequence[str],
    words: tuple[int, int],
    aim: str = "",
    asks: bool = False,
) -> list[float]:
    """Return how good each draft of a turn is: on the subject, and something new.

    Args:
        texts: The drafts.
        embedder: For the cosines.
        last: The turn that is answered, or nothing.
        topic: What the conversation is about.
        own: The speaker's earlier turns.
        words: Shortest and longest fitting length, in words.
        aim: What the speaker wants, which is nearer to the subject than the topic is. To speak of it is nothing stale.
        asks: Whether a turn that asks is worth more: it keeps a talk going.

    Returns:
        One number a draft, about -1 to 1.
    """
    known = [text for text in (*last, topic, *own) if text.strip()]
    vectors = await embedder.embed([*texts, *known, *([aim] if aim else [])])
    drafts, rest = vectors[: len(texts)], vectors[len(texts) :]
    near = drafts @ rest.T
    answers = np.minimum(near[:, 0], _ENOUGH) if last else np.zeros(len(texts), dtype=np.float32)
    subject = np.minimum(near[:, -1 if aim else len(last)], _ENOUGH)
    old = near[:, len(last) + 1 : len(known)].max(axis=1, initial=0.0)
    scores = 0.5 * answers + 0.4 * subject - 0.8 * np.maximum(0.0, old - _OLD)
    return [
        float(score)
        + _shape(text, words)
        + _news(text, known)
        - _habit(text, own)
        + (0.1 if asks and text.rstrip().endswith("?") else 0.0)
        for score, text in zip(scores, texts, strict=True)
    ]


def _shape(text: str, words: tuple[int, int]) -> float:
    """Return 0 for a fitting length, down to -0.4."""
    count = len(word_list(text))
    off = max(words[0] - count, 0) / words[0] + max(count - words[1], 0) / words[1]
    return -0.4 * min(1.0, off)


def _news(text: str, known: Sequence[str]) -> float:
    """Return up to 0.2 for topic words that nobody said before, less what is quoted word for word."""
    mine = content_words(text)
    said = frozenset[str]().union(*(content_words(one) for one in known))
    fresh = len(mine - said) / len(mine) if mine else 0.0
    return 0.2 * fresh - 0.3 * max((quoted_share(text, one) for one in known), default=0.0)


def _habit(text: str, own: Sequence[str]) -> float:
    """Return 0.2 for each sentence that begins with the same two words as an earlier one of the speaker."""
    begun = {_beginning(sentence) for turn in own for sentence in sentences(turn)}
    return 0.2 * sum(_beginning(sentence) in begun for sentence in sentences(text))


def _beginning(sentence: str) -> tuple[str, ...]:
    return tuple(word_list(sentence)[:2])
