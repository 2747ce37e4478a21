"""What a stage planned stays planned, so that people who come late (after another try) do not change what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.runs.forgetting import PLAN
from simulator.runs.ledger import Ledger

__all__ = ["kept_plan", "planned"]


def kept_plan(ledger: Ledger, stage: str) -> dict[str, Any]:
    """Return what ``stage`` planned in an earlier execution, by place, in order."""
    return dict(ledger.inputs(PLAN + stage))


def planned(ledger: Ledger, stage: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is planned for each place of ``wanted``: what was planned before, and ``wanted`` itself if it is new.

    Args:
        ledger: Keeps the plan.
        stage: Whose plan.
        wanted: JSON-able plans by place (a persona's id), in order.
    """
    kept = kept_plan(ledger, stage)
    new = {place: plan for place, plan in wanted.items() if place not in kept}
    if new:
        ledger.put_inputs(PLAN + stage, new.items())
    return {place: kept.get(place, plan) for place, plan in wanted.items()}
