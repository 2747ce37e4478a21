"""The section ``cast``: who of the population takes part in the productions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simulator.models.persona import MAX_HOP, Question
from simulator.models.relation import RelationKind
from simulator.scenario.section import Section

__all__ = ["Cast", "CastFilter", "CastValue"]


class CastFilter(Section):
    """Who may be cast. Every given condition must hold.

    Attributes:
        hops: Its hop is one of these.
        origins: How it came into the population.
        questions: For T2P personas, the question that it answered.
        kinds: A relation of one of these kinds leads to it.
        words: Its text has each of these words (several words: the phrase).
        without: Its text has none of these.
        attributes: It has each of these attributes with this value; ``""`` is any value.
        granularities: It is drawn as finely as one of these says.
    """

    hops: tuple[Annotated[int, Field(ge=0, le=MAX_HOP)], ...] = ()
    origins: tuple[Literal["text", "persona", "import"], ...] = ()
    questions: tuple[Question, ...] = ()
    kinds: tuple[RelationKind, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)
    granularities: tuple[Literal["coarse", "medium", "fine"], ...] = ()


class Cast(Section):
    """The personas of the productions, chosen among those who pass the filter; the same seed chooses the same ones.

    Attributes:
        size: How many; all who pass when there are fewer.
        strategy: ``uniform``: each equally likely. ``stratified``: as many of each stratum. ``coverage``: each as far
            as can be from those before, in meaning. ``nearest``: those nearest in meaning to ``query``.
        by: What the strata are: clusters in meaning, hops, kinds of relation, or the values of an attribute.
        attribute: Which attribute, for ``by: attribute``.
        clusters: How many, for ``by: cluster``; by default as many as the cast has members.
        query: Who is looked for, for ``nearest``: ``"elite: cardiology"``.
        where: Filter.
    """

    size: int = Field(8, ge=1)
    strategy: Literal["uniform", "stratified", "coverage", "nearest"] = "uniform"
    by: Literal["cluster", "hop", "relation", "attribute"] | None = None
    attribute: str | None = None
    clusters: int | None = Field(None, ge=1)
    query: str | None = Field(None, min_length=1)
    where: CastFilter = CastFilter()

    @model_validator(mode="after")
    def _complete(self) -> Cast:
        needs = (
            ("by", "strategy: stratified", self.strategy == "stratified"),
            ("query", "strategy: nearest", self.strategy == "nearest"),
            ("attribute", "by: attribute", self.by == "attribute"),
        )
        for name, what, needed in needs:
            if needed and getattr(self, name) is None:
                raise ValueError(f"'{what}' needs {name!r}")
            if not needed and getattr(self, name) is not None:
                raise ValueError(f"{name!r} is only for '{what}'")
        if self.clusters is not None and self.by != "cluster":
            raise ValueError("'clusters' is only for 'by: cluster'")
        return self


def _size(value: Any) -> Any:
    return {"size": value} if isinstance(value, int) and not isinstance(value, bool) else value


CastValue = Annotated[Cast, BeforeValidator(_size, json_schema_input_type=Annotated[int, Field(ge=1)] | Cast)]
"""Its ``size`` alone is enough."""
