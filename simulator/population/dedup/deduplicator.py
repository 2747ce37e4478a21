"""Deduplication in order: exact, then MinHash, then embedding, each verified. The earlier text stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.base import normalise_text
from simulator.population.collector import collector_off
from simulator.population.dedup.cosine import CosineSearch
from simulator.population.dedup.minhash import MinHashIndex
from simulator.population.dedup.prefix import PrefixIndex
from simulator.population.dedup.verdict import DedupSettings, DedupStage, Match, Verdict
from simulator.population.threads import one_thread
from simulator.population.tokens import word_grams
from simulator.population.vectors.unit import VectorStore, unit_vectors

__all__ = ["Comparison", "Deduplicator"]

BATCH = 256
"""Texts whose vectors are compared in one matrix product: 8 MB of products with a block of the store."""


class _Lexical(Protocol):
    def best(self, grams: frozenset[str]) -> Match | None: ...
    def add(self, grams: frozenset[str]) -> int: ...


class Deduplicator:
    """Admits texts one after another and rejects each that duplicates an admitted one.

    Rejected texts leave no trace: only what was admitted is compared with. The answers do not depend on how the
    texts are divided into calls.

    Args:
        settings: Thresholds and mode.
    """

    def __init__(self, settings: DedupSettings | None = None) -> None:
        self.settings = settings or DedupSettings()
        self._ids: list[str] = []
        self._known: set[str] = set()
        self._row_by_text: dict[str, int] = {}
        self._lexical = _lexical_index(self.settings)
        self._vectors = VectorStore()
        cosine = self.settings.cosine
        self._search = None if cosine is None else CosineSearch(self._vectors, cosine)

    def __len__(self) -> int:
        """Return the number of admitted texts."""
        return len(self._ids)

    @property
    def ids(self) -> Sequence[str]:
        """The admitted ids, in order of admission."""
        return self._ids

    @property
    def vectors(self) -> VectorStore:
        """The admitted vectors, row by row with :attr:`ids`; empty if none were given."""
        return self._vectors

    def decide(self, id: str, text: str, vector: NDArray[np.floating] | None = None) -> Verdict:
        """Admit or reject one text.

        Args:
            id: The name by which verdicts call this text; unique among the admitted.
            text: Any text. White space and Unicode form do not matter.
            vector: Its embedding, shape (dimensions,). Required while the embedding stage is on.

        Raises:
            InputError: The vector is missing or unusable, or the id belongs to another admitted text.
        """
        rows = None if vector is None else np.asarray(vector)[None, :]
        return self.decide_many([id], [text], rows)[0]

    def decide_many(
        self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.floating] | None = None
    ) -> list[Verdict]:
        """Admit or reject texts in order, with the same answers as :meth:`decide` one by one, faster.

        Args:
            ids: One id a text.
            texts: The texts.
            vectors: One row a text, shape (texts, dimensions).
        """
        comparison = self.compare(ids, texts, vectors)
        with collector_off():
            return [comparison.decide(place) for place in range(len(ids))]

    def compare(
        self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.floating] | None = None
    ) -> Comparison:
        """Prepare decisions on texts that are taken one by one, in order; some may be left out.

        Until the last of them is taken, nothing else may be admitted.
        """
        return Comparison(self, ids, texts, self._checked(ids, texts, vectors))

    def restore(self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.floating] | None = None) -> None:
        """Take in texts that were admitted before, in their order, without comparing them again.

        Args:
            ids: One id a text.
            texts: The admitted texts.
            vectors: One row a text.

        Raises:
            InputError: As for :meth:`decide`.
        """
        units = self._checked(ids, texts, vectors)
        for place, (id, text) in enumerate(zip(ids, texts, strict=True)):
            normal = normalise_text(text)
            grams = word_grams(normal) if self._lexical is not None else frozenset()
            self._admit(id, normal, grams, None if units is None else units[place])

    def _decide(self, id: str, text: str, vector: Vectors | None, near: Sequence[int]) -> Verdict:
        normal = normalise_text(text)
        row = self._row_by_text.get(normal)
        if row is not None:
            return self._rejected("exact", Match(row, 1.0))
        grams = word_grams(normal) if self._lexical is not None else frozenset()
        if self._lexical is not None and (match := self._lexical.best(grams)) is not None:
            return self._rejected("minhash", match)
        if vector is not None and self._search is not None and (match := self._search.best(vector, near)) is not None:
            return self._rejected("embedding", match)
        self._admit(id, normal, grams, vector)
        return Verdict(admitted=True)

    def _rejected(self, stage: DedupStage, match: Match) -> Verdict:
        return Verdict(False, stage, self._ids[match.row], match.score)

    def _admit(self, id: str, normal: str, grams: frozenset[str], vector: Vectors | None) -> None:
        if id in self._known:
            raise InputError(f"The id {id!r} already belongs to another text: give every text an id of its own.")
        self._known.add(id)
        self._row_by_text[normal] = len(self._ids)
        self._ids.append(id)
        if self._lexical is not None:
            self._lexical.add(grams)
        if vector is not None:
            self._vectors.add(vector)

    def _checked(
        self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.floating] | None
    ) -> Vectors | None:
        if len(ids) != len(texts) or (vectors is not None and len(vectors) != len(texts)):
            counts = f"{len(ids)} ids, {len(texts)} texts, {'no' if vectors is None else len(vectors)} vectors"
            raise InputError(f"Lengths differ: {counts}. Give one of each a text.")
        if vectors is None:
            if texts and (self.settings.cosine is not None or len(self._vectors)):
                raise InputError(
                    "No vectors came: give one a text, or set the cosine threshold to none from the start."
                )
            return None
        units = unit_vectors(np.asarray(vectors))
        if texts and len(self._ids) != len(self._vectors):
            raise InputError("Vectors came after texts without any: give them for all texts or for none.")
        if texts and self._vectors.dimensions not in (None, units.shape[1]):
            raise InputError(f"Vectors of {units.shape[1]} dimensions came after others of {self._vectors.dimensions}.")
        return units


class Comparison:
    """Decisions to come on some texts. Their vectors are multiplied batch by batch, as the first of each is taken."""

    def __init__(self, dedup: Deduplicator, ids: Sequence[str], texts: Sequence[str], vectors: Vectors | None) -> None:
        self._dedup = dedup
        self._ids = ids
        self._texts = texts
        self._vectors = vectors
        self._start = self._end = 0
        self._next = 0
        self._stored: list[list[int]] = []
        self._earlier: list[list[int]] = []
        self._admitted: dict[int, int] = {}

    def decide(self, place: int) -> Verdict:
        """Admit or reject the text at ``place``, which comes after all that were taken before.

        Raises:
            InputError: It does not: a text is taken once, and in order.
        """
        if place < self._next:
            raise InputError(f"Text {place} was asked for after text {self._next - 1}: take texts in order, each once.")
        self._next = place + 1
        vector = None if self._vectors is None else self._vectors[place]
        verdict = self._dedup._decide(self._ids[place], self._texts[place], vector, self._near(place))
        if verdict.admitted:
            self._admitted[place] = len(self._dedup) - 1
        return verdict

    def _near(self, place: int) -> list[int]:
        """Return the admitted rows whose cosine with the text at ``place`` may reach the threshold."""
        search = self._dedup._search
        if self._vectors is None or search is None:
            return []
        if place >= self._end:
            self._start, self._end = place, min(place + BATCH, len(self._ids))
            batch = self._vectors[self._start : self._end]
            with one_thread():
                self._stored = search.propose(batch)
                within = search.may_reach(batch, batch)
            self._earlier = [np.flatnonzero(within[row, :row]).tolist() for row in range(len(batch))]
        earlier = (self._admitted.get(self._start + other) for other in self._earlier[place - self._start])
        return self._stored[place - self._start] + [row for row in earlier if row is not None]


def _lexical_index(settings: DedupSettings) -> _Lexical | None:
    if settings.jaccard is None:
        return None
    if settings.mode == "paper" or settings.proposer == "minhash":
        return MinHashIndex(settings.jaccard, settings.mode)
    return PrefixIndex(settings.jaccard)
