"""Deduplication of many texts at once: the answers of :mod:`simulator.population.dedup.deduplicator`, sooner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.population.bulk.kernels.compiled import can_compile
from simulator.population.dedup.deduplicator import Deduplicator
from simulator.population.dedup.verdict import STAGES, DedupSettings, Verdict
from simulator.population.threads import one_thread
from simulator.population.vectors.unit import unit_vectors

__all__ = ["BulkVerdicts", "Way", "deduplicate"]

Way = Literal["auto", "bulk", "incremental"]

WORTHWHILE = 20_000
"""Texts from which it pays to load the compiled loops: that takes a second, and ten when they are first compiled."""

EXACT_ROWS = 50_000
"""Rows up to which every vector is compared with every other; beyond, those in the same cells are."""


class BulkVerdicts(Sequence[Verdict]):
    """The verdicts on many texts, in columns.

    Attributes:
        ids: Ids of the texts.
        stages: For each text 0 if it was admitted, else the place in ``STAGES``, plus one, of the stage that
            rejected it; shape (texts,).
        survivors: The row that each rejected text duplicates; -1 for an admitted one.
        scores: Their similarity; 0 for an admitted one.
        cells: Number of cells that vectors were compared in: 1 if every vector was compared with every other.
    """

    def __init__(
        self,
        ids: Sequence[str],
        stages: NDArray[np.uint8],
        survivors: NDArray[np.int32],
        scores: NDArray[np.float64],
        cells: int = 1,
    ) -> None:
        self.ids = ids
        self.stages = stages
        self.survivors = survivors
        self.scores = scores
        self.cells = cells

    @property
    def kept(self) -> NDArray[np.int64]:
        """The rows that were admitted, ascending."""
        return np.flatnonzero(self.stages == 0)

    def counts(self) -> dict[str, int]:
        """Return how many texts were kept, and how many each stage rejected."""
        counts = np.bincount(self.stages, minlength=len(STAGES) + 1).tolist()
        return dict(zip(("kept", *STAGES), counts, strict=True))

    def __len__(self) -> int:
        return len(self.stages)

    @overload
    def __getitem__(self, row: int) -> Verdict: ...

    @overload
    def __getitem__(self, row: slice) -> list[Verdict]: ...

    def __getitem__(self, row: int | slice) -> Verdict | list[Verdict]:
        if isinstance(row, slice):
            return [self[place] for place in range(*row.indices(len(self)))]
        stage = int(self.stages[row])
        if not stage:
            return Verdict(admitted=True)
        return Verdict(False, STAGES[stage - 1], self.ids[self.survivors[row]], float(self.scores[row]))

    def __iter__(self) -> Iterator[Verdict]:
        return (self[row] for row in range(len(self)))


class _RowNumbers(Sequence[str]):
    """The numbers of rows as their ids: made when they are asked for, because a million strings take 60 MB."""

    def __init__(self, rows: int) -> None:
        self._rows = range(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        found = self._rows[row]
        return str(found) if isinstance(found, int) else [str(one) for one in found]


def deduplicate(
    texts: Sequence[str],
    vectors: NDArray[np.floating] | None = None,
    settings: DedupSettings | None = None,
    ids: Sequence[str] | None = None,
    way: Way = "auto",
    exact_rows: int = EXACT_ROWS,
) -> BulkVerdicts:
    """Admit or reject texts in order, each compared with the admitted ones before it.

    The lexical stage has the same answers whichever way is taken. So has the embedding stage up to ``exact_rows``
    texts; beyond, vectors are compared in cells (:mod:`simulator.population.bulk.cells`) and about one near pair in a
    thousand is not seen.

    Args:
        texts: The texts.
        vectors: One row a text; required unless the cosine threshold is ``None``.
        settings: Thresholds and mode.
        ids: One id a text, all different; by default the row numbers.
        way: ``bulk`` takes compiled loops over all texts; ``incremental`` takes a
            :class:`~simulator.population.dedup.deduplicator.Deduplicator`; ``auto`` chooses by size. Without numba,
            and in ``paper`` mode, it is always ``incremental``.
        exact_rows: Texts up to which the embedding stage is exact in bulk.

    Raises:
        InputError: As for :meth:`Deduplicator.decide_many`.
    """
    settings = settings or DedupSettings()
    ids = _RowNumbers(len(texts)) if ids is None else ids
    units = _checked(texts, vectors, settings, ids)
    plain = settings.mode == "exact" and settings.proposer == "prefix"
    small = way == "auto" and len(texts) < WORTHWHILE
    if way == "incremental" or not plain or small or not can_compile():
        return _incremental(texts, units, settings, ids)
    from simulator.population.bulk.run import BulkRun

    with one_thread():
        run = BulkRun(texts, units, settings, exact_rows)
        decisions = run.decide()
    return BulkVerdicts(ids, decisions.stages, decisions.survivors, decisions.scores, run.cells)


def _checked(
    texts: Sequence[str], vectors: NDArray[np.floating] | None, settings: DedupSettings, ids: Sequence[str]
) -> Vectors | None:
    if len(ids) != len(texts) or not (isinstance(ids, _RowNumbers) or len(set(ids)) == len(ids)):
        raise InputError(f"{len(set(ids))} different ids came for {len(texts)} texts: give every text one of its own.")
    if settings.cosine is None:
        return None
    if vectors is None or len(vectors) != len(texts):
        came = "no vectors" if vectors is None else f"{len(vectors)} vectors"
        raise InputError(f"{came} came for {len(texts)} texts: give one a text, or set the cosine threshold to none.")
    return unit_vectors(np.asarray(vectors))


def _incremental(
    texts: Sequence[str], vectors: Vectors | None, settings: DedupSettings, ids: Sequence[str]
) -> BulkVerdicts:
    rows = {id: row for row, id in enumerate(ids)}
    stages = np.zeros(len(texts), dtype=np.uint8)
    survivors = np.full(len(texts), -1, dtype=np.int32)
    scores = np.zeros(len(texts))
    for row, verdict in enumerate(Deduplicator(settings).decide_many(ids, texts, vectors)):
        if verdict.stage is not None and verdict.survivor is not None and verdict.score is not None:
            stages[row], survivors[row], scores[row] = (
                STAGES.index(verdict.stage) + 1,
                rows[verdict.survivor],
                verdict.score,
            )
    return BulkVerdicts(ids, stages, survivors, scores)
