"""An entry: one unit's end and everything that follows from it, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulator.models.base import Record
from simulator.models.decision import Decision
from simulator.models.persona import Persona
from simulator.models.relation import Relation
from simulator.models.unit import Unit, UnitResult

__all__ = ["Entry", "Product", "ProductKind"]

ProductKind = Literal["instruction", "conversation", "npc", "tool", "problem", "text"]


@dataclass(frozen=True)
class Product:
    """Something that a run emits. ``replace`` says that an earlier version of it (the same id) makes way."""

    kind: ProductKind
    id: str
    persona: str
    body: Record
    replace: bool = False


@dataclass(frozen=True)
class Entry:
    """What one unit adds to the ledger.

    Attributes:
        unit: The unit; ``None`` for what no unit made (imported personas).
        result: How it ended.
        personas: Personas it admitted.
        hops: Personas whose hop became shorter, with the new hop.
        relations: Edges it added.
        decisions: Admissions and rejections, in order.
        products: What it emitted.
    """

    unit: Unit | None
    result: UnitResult | None
    personas: Sequence[Persona] = ()
    hops: Mapping[str, int] = field(default_factory=dict)
    relations: Sequence[Relation] = ()
    decisions: Sequence[Decision] = ()
    products: Sequence[Product] = ()
