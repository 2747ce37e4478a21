"""What must be known before money is spent: the prices of the models, when there is a budget in money."""

from __future__ import annotations

from simulator.assembly.compose import Crew
from simulator.errors import UsageError
from simulator.runs.stop import Limits

__all__ = ["check_prices"]


def check_prices(crew: Crew, limits: Limits) -> None:
    """Refuse a budget in money when it could not be kept.

    Raises:
        UsageError: A budget in money is set and the price of a model is not known.
    """
    if limits.usd is None:
        return
    unknown = sorted({crew.models[role] for role, price in crew.prices.items() if price is None})
    if unknown:
        raise UsageError(
            f"there is a budget of ${limits.usd:g}, and no price is known for {', '.join(map(repr, unknown))}. Say "
            f"what a million tokens cost, in the scenario (models.default.price: {{input: 0.25, output: 2}}) or in the "
            f"environment (SIXHOP_PRICES=MODEL=0.25/2), or use --max-calls or --max-tokens in the place of --max-usd"
        )
