"""The sections ``expand`` and ``dedup``: how far the population grows, and who is admitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.models.persona import MAX_HOP
from simulator.models.relation import RELATION_KINDS, RelationKind
from simulator.scenario.section import Section

__all__ = ["Dedup", "Expand", "ExpandValue"]


def _hops(value: int) -> int:
    if value > MAX_HOP:
        raise ValueError(
            f"hops must be 0 to {MAX_HOP}: by the six degrees of separation, six steps reach the people around "
            f"everybody, and further steps only come back to them"
        )
    return value


class Dedup(Section):
    """Thresholds of admission: a pair at or above one is a duplicate. ``null`` switches a stage off.

    The defaults are the paper's (section 2.3).

    Attributes:
        mode: ``exact``: the true Jaccard decides; ``paper``: the estimate of 128 permutations.
        proposer: Who proposes the pairs that ``exact`` verifies: ``prefix``, an index that misses none, or ``minhash``,
            datasketch's LSH, which misses one in 8,000 at the threshold.
        jaccard: Threshold of the lexical stage.
        cosine: Threshold of the embedding stage.
    """

    mode: Literal["exact", "paper"] = "exact"
    proposer: Literal["prefix", "minhash"] = "prefix"
    jaccard: float | None = Field(0.9, gt=0, le=1)
    cosine: float | None = Field(0.9, gt=0, le=1)


class Expand(Section):
    """Persona-to-Persona.

    Attributes:
        hops: How far from the T2P personas, 0 to 6.
        per_persona: How many relations each frontier persona is asked for.
        kinds: The kinds of relation to ask for.
        max_personas: The population stops growing at so many.
        max_per_hop: At most so many frontier personas are expanded at each hop, sampled by seed.
        min_yield: Expansion ends where new people a question fall below this, looked at every 256 questions.
    """

    hops: Annotated[
        int, Field(ge=0), AfterValidator(_hops), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_HOP})
    ] = 0
    per_persona: int = Field(1, ge=1, le=len(RELATION_KINDS))
    kinds: tuple[RelationKind, ...] = Field(RELATION_KINDS, min_length=1)
    max_personas: int | None = Field(None, ge=1)
    max_per_hop: int | None = Field(None, ge=1)
    min_yield: float = Field(0.0, ge=0, le=1)


def _reach(value: Any) -> Any:
    return {"hops": value} if isinstance(value, int) and not isinstance(value, bool) else value


ExpandValue = Annotated[
    Expand, BeforeValidator(_reach, json_schema_input_type=Annotated[int, Field(ge=0, le=MAX_HOP)] | Expand)
]
"""Its ``hops`` alone is enough."""
