"""What a probe measured, and how it is kept for the run that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from simulator.assembly.unit_meter import MeasuredUnit, Pace
from simulator.runs.ledger import Ledger

__all__ = ["KEPT", "Measured", "kept_measures"]

KEPT = "measured"
"""The name under which the ledger keeps it."""


@dataclass
class Measured:
    """What a probe saw.

    Attributes:
        units: By the base name of their stage.
        fruitful: Units that added something, and all units, by the base name of their stage.
        pace: How fast calls were answered, by role.
        castable: The share of the population, at the hops of the cast's filter, that passed it.
        calls: Calls that the probe made.
        reused: Calls that the ledger answered.
        usd: What the calls cost; ``None`` when a price is not known.
    """

    units: dict[str, list[MeasuredUnit]] = field(default_factory=dict)
    fruitful: dict[str, tuple[int, int]] = field(default_factory=dict)
    pace: dict[str, Pace] = field(default_factory=dict)
    castable: float = 1.0
    calls: int = 0
    reused: int = 0
    usd: float | None = 0.0

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        data: dict[str, Any] = TypeAdapter(Measured).dump_python(self, mode="json")
        return data


def kept_measures(ledger: Ledger) -> Measured | None:
    """Return what the last probe in this run directory measured, if there was one."""
    data = ledger.meta(KEPT)
    return None if data is None else TypeAdapter(Measured).validate_python(data)
