"""What the persona roles are told of the granularity that the scenario asks for."""

from __future__ import annotations

from graphs.context import ProductionContext

__all__ = ["asked_detail"]


def asked_detail(context: ProductionContext) -> dict[str, str]:
    """Return the inputs that say how finely people are drawn; none for the default, which needs no word."""
    wanted = context.scenario.granularity
    return {} if wanted == "medium" else {"granularity": wanted}
