"""What must be known before money is spent: the prices of the models, when there is a budget in money."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.errors import UsageError
from simulator.llm.prices import Price

__all__ = ["check_prices"]


def check_prices(models: Mapping[str, str], prices: Mapping[str, Price | None], usd: float | None) -> None:
    """Refuse a budget in money when it could not be kept.

    Args:
        models: The identity of each role's model.
        prices: What each role's model costs.
        usd: The budget, if there is one.

    Raises:
        UsageError: A budget in money is set and the price of a model is not known.
    """
    if usd is None:
        return
    unknown = sorted({models[role] for role, price in prices.items() if price is None})
    if unknown:
        raise UsageError(
            f"there is a budget of ${usd:g}, and no price is known for {', '.join(map(repr, unknown))}. Say "
            f"what a million tokens cost, in the scenario (models.default.price: {{input: 0.25, output: 2}}) or in the "
            f"environment (SIXHOP_PRICES=MODEL=0.25/2), or use --max-calls or --max-tokens in the place of --max-usd"
        )
