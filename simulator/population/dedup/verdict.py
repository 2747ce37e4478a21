"""What deduplication is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from simulator.errors import InputError

__all__ = ["STAGES", "DedupSettings", "DedupStage", "Match", "Mode", "Proposer", "Verdict", "explain"]

DedupStage = Literal["exact", "minhash", "embedding"]
STAGES: tuple[DedupStage, ...] = get_args(DedupStage)
"""The stages in order."""

Mode = Literal["exact", "paper"]
Proposer = Literal["prefix", "minhash"]


@dataclass(frozen=True)
class DedupSettings:
    """Which similarity makes a pair of texts duplicates. A pair at or above a threshold is one.

    The defaults are the paper's: word 1-grams, 128 permutations, 0.9 and 0.9 (Persona Hub, section 2.3); it suggests
    0.5 where diversity matters more than number.

    Attributes:
        mode: ``exact``: the true Jaccard similarity of the word 1-grams decides. ``paper``: the share of equal
            values in two 128-permutation MinHash signatures decides, as in the paper.
        jaccard: Threshold of the lexical stage, over 0 and up to 1; ``None`` switches the stage off.
        cosine: Threshold of the embedding stage, over 0 and up to 1; ``None`` switches the stage off.
        proposer: Who proposes the pairs that ``exact`` verifies: ``prefix``, a prefix-filter index that misses none,
            or ``minhash``, datasketch's LSH, which misses one pair in 8,000 at the threshold. ``paper`` always uses
            ``minhash``, and misses none there (see :func:`simulator.population.dedup.minhash.bands_for`).
    """

    mode: Mode = "exact"
    jaccard: float | None = 0.9
    cosine: float | None = 0.9
    proposer: Proposer = "prefix"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("mode", self.mode, ("exact", "paper")),
            ("proposer", self.proposer, ("prefix", "minhash")),
        ):
            if value not in allowed:
                raise InputError(f"{name} {value!r} is not known: use one of {', '.join(allowed)}.")
        for name, threshold in (("jaccard", self.jaccard), ("cosine", self.cosine)):
            if threshold is not None and not 0.0 < threshold <= 1.0:
                raise InputError(
                    f"The {name} threshold {threshold!r} is out of range: give a number over 0 and up to 1, "
                    "or switch the stage off."
                )


@dataclass(frozen=True)
class Match:
    """A kept row and how similar it is."""

    row: int
    score: float

    def beats(self, other: Match | None) -> bool:
        """Return whether this is the better evidence: the higher score, and of equals the earlier row."""
        return other is None or (-self.score, self.row) < (-other.score, other.row)


@dataclass(frozen=True)
class Verdict:
    """Whether a text stays, and if not, because of which kept text.

    Attributes:
        admitted: Whether it stays.
        stage: The stage that rejected it.
        survivor: The id of the most similar kept text (of equals the earliest) at that stage.
        score: Their verified similarity: 1.0 (exact), Jaccard (minhash), cosine (embedding).
    """

    admitted: bool
    stage: DedupStage | None = None
    survivor: str | None = None
    score: float | None = None


def explain(verdict: Verdict, settings: DedupSettings) -> str:
    """Return the reason of a verdict in a sentence; empty for an admission."""
    if verdict.stage is None or verdict.score is None:
        return ""
    if verdict.stage == "exact":
        return f"The text is that of {verdict.survivor}."
    if verdict.stage == "embedding":
        return f"Cosine {verdict.score:.4f} with {verdict.survivor} (threshold {settings.cosine})."
    name = "Estimated Jaccard" if settings.mode == "paper" else "Jaccard"
    return f"{name} similarity of the words {verdict.score:.4f} with {verdict.survivor} (threshold {settings.jaccard})."
