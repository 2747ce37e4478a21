"""MinHash and LSH by datasketch: signatures of 128 permutations, explicit bands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from simulator.population.dedup.verdict import Match, Mode
from simulator.population.tokens import jaccard

__all__ = ["PERMUTATIONS", "MinHashIndex", "bands_for"]

PERMUTATIONS = 128
"""Length of a signature (Persona Hub, section 2.3)."""


def bands_for(threshold: float) -> tuple[int, int]:
    """Return the number of LSH bands and the values in each, for a Jaccard threshold.

    Two signatures whose estimate reaches the threshold differ in at most ``128 * (1 - threshold)`` places. With more
    bands than that, at least one band has no difference in it, so no such pair is missed. Of the powers of two the
    longest band that leaves so many is taken. A pair whose true similarity is just at 0.9 is missed once in 8,000
    (``(1 - 0.9 ** 8) ** 16``); the choice that datasketch makes for 0.9, 5 bands of 25, misses 69 %.

    >>> bands_for(0.9), bands_for(0.5)
    ((16, 8), (128, 1))
    """
    differing = int(PERMUTATIONS * (1.0 - threshold) + 1e-9)
    rows = 1
    while rows < PERMUTATIONS // 2 and PERMUTATIONS // (rows * 2) > differing:
        rows *= 2
    return PERMUTATIONS // rows, rows


class MinHashIndex:
    """The same questions as :class:`~simulator.population.dedup.prefix.PrefixIndex`, by MinHash.

    Args:
        threshold: Jaccard similarity, over 0 and up to 1.
        mode: ``paper`` takes the signatures' estimate as the similarity; ``exact`` verifies what LSH proposes.
    """

    def __init__(self, threshold: float, mode: Mode) -> None:
        from datasketch import MinHash, MinHashLSH

        self._threshold = threshold
        self._mode = mode
        self._new = MinHash
        self._permutations = MinHash(PERMUTATIONS).permutations
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=bands_for(threshold))
        self._signatures: list[Any] = []
        self._grams: list[frozenset[str]] = []

    def __len__(self) -> int:
        return len(self._signatures)

    def signature(self, grams: Collection[str]) -> Any:
        """Return datasketch's MinHash of ``grams``."""
        minhash = self._new(PERMUTATIONS, permutations=self._permutations, scheme="affine32")
        minhash.update_batch([gram.encode("utf-8", "surrogatepass") for gram in grams])
        return minhash

    def best(self, grams: Collection[str]) -> Match | None:
        """Return the stored set most similar to ``grams``, of equals the earliest; ``None`` below the threshold."""
        if not grams:
            return None
        words, signature, best = frozenset(grams), self.signature(grams), None
        for row in self._lsh.query(signature):
            if self._mode == "exact":
                score = jaccard(words, self._grams[row])
            else:
                score = float(signature.jaccard(self._signatures[row]))
            match = Match(row, score)
            if score >= self._threshold and match.beats(best):
                best = match
        return best

    def add(self, grams: Collection[str]) -> int:
        """Store ``grams`` and return its row number: 0, 1, 2 and so on."""
        row = len(self._signatures)
        signature = self.signature(grams)
        self._signatures.append(signature)
        self._grams.append(frozenset(grams) if self._mode == "exact" else frozenset())
        if grams:
            self._lsh.insert(row, signature, check_duplication=False)
        return row
