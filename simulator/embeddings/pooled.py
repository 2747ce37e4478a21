"""Means of static token vectors: what WordLlama computes, to the bit, in a tenth of the time.

Its tokenizer merges characters to tokens and never across the end of a word: no token has a space within or behind a
letter. So a text's tokens are those of its words, one word after another, and a word is tokenized once, not in each of
the texts that have it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors

__all__ = ["PooledTokens"]

SPACE = "\u2581"
"""What a space is to the tokenizer. It puts one before the text as well, so a word is the same wherever it stands."""

REMEMBERED = 1 << 16
"""Words that are kept, in 20 MB; then the memory begins anew, and common words are soon there again."""

LONGEST = 40
"""Characters of a word that is kept. Texts of a script without spaces are one word, and rarely come again."""

BLOCK = 256
"""Texts whose vectors are added up at once: with the vectors of one token of each, half a megabyte."""

_ODD = re.compile(f"[<{SPACE}]")
"""What may be part of a special token (``<s>``), or a space."""

_SPACED = re.compile("( *[^ ]+)(?: |$)")

_UNKNOWN = -1


@dataclass(frozen=True)
class _Tokens:
    """The tokens of words, or of texts, one after another.

    Attributes:
        ids: The tokens of all.
        counts: How many each has.
    """

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(ids: Sequence[Sequence[int]]) -> _Tokens:
        counts = np.asarray([len(one) for one in ids], dtype=np.int64)
        return _Tokens(np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=int(counts.sum())), counts)

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """Where the tokens of each begin."""
        begins: NDArray[np.int64] = np.cumsum(self.counts) - self.counts
        return begins

    def followed_by(self, more: _Tokens) -> _Tokens:
        return _Tokens(np.concatenate([self.ids, more.ids]), np.concatenate([self.counts, more.counts]))

    def joined(self, words: NDArray[np.int64], counts: NDArray[np.int64]) -> _Tokens:
        """Return the tokens of texts of ``counts`` words each: ``words`` are the words' numbers here."""
        lengths = self.counts[words]
        ends = np.cumsum(lengths)
        begins = self.begins[words]
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - (ends - lengths), lengths)
        return _Tokens(self.ids[places], np.diff(np.append(0, ends)[np.append(0, np.cumsum(counts))]))


class PooledTokens:
    """Means of the vectors of texts' tokens. Safe to use from several threads.

    Args:
        tokenizer: WordLlama's, which must not be used by anybody else.
        table: A vector for each token.
    """

    def __init__(self, tokenizer: Any, table: Vectors) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._table = table
        self._by_word = _splits_at_spaces(tokenizer)
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._words = _Tokens.of([])

    def means(self, texts: Sequence[str]) -> Vectors:
        """Return the mean vector of each text, shape (texts, dimensions); zeros for a text without a token."""
        means = np.empty((len(texts), self._table.shape[1]), dtype=np.float32)
        plain, tokens = self._by_words(texts)
        means[plain] = self._pooled(tokens)
        odd = np.setdiff1d(np.arange(len(texts)), plain)
        means[odd] = self._pooled(self._tokenized([texts[row] for row in odd]))
        return means

    def _by_words(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], _Tokens]:
        """Return the rows of the texts whose words are known, and the tokens of these texts."""
        split = [_split(text) for text in texts] if self._by_word else []
        with self._lock:
            self._learn(set(chain.from_iterable(split)))
            words = np.fromiter(
                map(self._numbers.get, chain.from_iterable(split), repeat(_UNKNOWN)),
                dtype=np.int64,
                count=sum(map(len, split)),
            )
            known = self._words
        counts = np.asarray([len(one) for one in split], dtype=np.int64)
        if not len(counts):
            return counts, known
        plain = np.minimum.reduceat(words, np.cumsum(counts) - counts) != _UNKNOWN
        return np.flatnonzero(plain), known.joined(words[np.repeat(plain, counts)], counts[plain])

    def _learn(self, words: set[str]) -> None:
        """Tokenize words that are new and worth keeping."""
        if len(self._numbers) + len(words) > REMEMBERED:
            self._numbers, self._words = {}, _Tokens.of([])
        new = [word for word in words - self._numbers.keys() if 0 < len(word) <= LONGEST and not _ODD.search(word)]
        if not new:
            return
        self._numbers.update({word: number for number, word in enumerate(new, len(self._numbers))})
        self._words = self._words.followed_by(self._tokenized(new))

    def _tokenized(self, texts: Sequence[str]) -> _Tokens:
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return _Tokens.of([one.ids for one in encoded])

    def _pooled(self, tokens: _Tokens) -> Vectors:
        """Return the mean vectors of texts, added up token by token as WordLlama does: the order makes the sum."""
        means = np.zeros((len(tokens.counts), self._table.shape[1]), dtype=np.float32)
        begins = tokens.begins
        order = np.argsort(-tokens.counts, kind="stable")
        room = np.empty((BLOCK, means.shape[1]), dtype=np.float32)
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            counts, at = tokens.counts[rows], begins[rows]
            total = np.zeros((len(rows), means.shape[1]), dtype=np.float32)
            for place in range(int(counts[0])):
                longer = int(np.searchsorted(-counts, -place))
                np.take(self._table, tokens.ids[at[:longer] + place], axis=0, out=room[:longer], mode="clip")
                total[:longer] += room[:longer]
            means[rows] = total / np.maximum(counts, 1)[:, None].astype(np.float32)
        return means


def _split(text: str) -> list[str]:
    """Return the words of a text, each with the spaces before it but for one; an empty one for a space at the end."""
    if ("  " in text or text[:1] == " ") and text[-1:] != " ":
        return _SPACED.findall(text)
    return text.split(" ")


def _splits_at_spaces(tokenizer: Any) -> bool:
    """Return whether a text's tokens are those of its words: no token holds a letter and a space behind it."""
    sample = "a text of two lines, twice: straw-berries\nand (also) \u00fcber 12.5"
    apart = [token for word in sample.split(" ") for token in tokenizer.encode(word, add_special_tokens=False).ids]
    return tokenizer.encode(sample, add_special_tokens=False).ids == apart and not any(
        SPACE in token.lstrip(SPACE) for token in tokenizer.get_vocab()
    )
