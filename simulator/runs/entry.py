"""An entry: one unit's end and everything that follows from it, written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.models.base import Record
from simulator.models.decision import Decision
from simulator.models.persona import Persona
from simulator.models.relation import Relation
from simulator.models.unit import Unit, UnitResult

__all__ = ["Entry", "Product", "ProductKind"]

ProductKind = Literal["instruction", "conversation", "npc", "tool", "problem", "solution", "text", "outcome"]


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
        relations: Edges it added.
        decisions: Admissions and rejections, in order.
        products: What it emitted.
        nearer: Personas admitted before whose hop became shorter, with their new hop.
        changed: Relations added before whose hop changed with that of their source.
    """

    unit: Unit | None
    result: UnitResult | None
    personas: Sequence[Persona] = ()
    relations: Sequence[Relation] = ()
    decisions: Sequence[Decision] = ()
    products: Sequence[Product] = ()
    nearer: Sequence[Persona] = ()
    changed: Sequence[Relation] = ()
