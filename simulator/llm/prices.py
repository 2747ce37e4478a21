"""What a model's tokens cost: from the scenario, the environment, or the kept-up table of ``genai-prices``.

A price that none of them knows is ``None`` and stays so: it is said, never guessed. The table is the one that came with
the installed package; nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.errors import UsageError
from simulator.llm.spec import EndpointSpec
from simulator.models.message import Usage

__all__ = ["BATCH_SHARE", "FREE", "Price", "Rates", "price_of", "read_prices"]

BATCH_SHARE = 0.5
"""What a token costs in a batch, as a share of its price: OpenAI's guide to the Batch API ("50% cost discount compared
to synchronous APIs", platform.openai.com/docs/guides/batch). Used where the table has no batch price of its own."""

_MILLION = 1_000_000


@dataclass(frozen=True)
class Rates:
    """US dollars for a million tokens: of the prompt, of the answer, and of the prompt where it was cached."""

    input: float
    output: float
    cached: float

    def usd(self, usage: Usage) -> float:
        """Return what ``usage`` costs in US dollars.

        >>> Rates(2, 8, 0.5).usd(Usage(prompt=1_000_000, completion=500_000, cached=400_000))
        5.4
        """
        fresh = max(0, usage.prompt - usage.cached)
        return (fresh * self.input + usage.cached * self.cached + usage.completion * self.output) / _MILLION

    def times(self, share: float) -> Rates:
        """Return these rates multiplied by ``share``."""
        return Rates(self.input * share, self.output * share, self.cached * share)


@dataclass(frozen=True)
class Price:
    """What one model costs.

    Attributes:
        normal: For a call of its own.
        batch: For a call in a batch.
        source: Where the price comes from.
    """

    normal: Rates
    batch: Rates
    source: str


FREE = Price(Rates(0, 0, 0), Rates(0, 0, 0), "runs on this machine")
"""The embedded server's."""


def price_of(spec: EndpointSpec, known: dict[str, Rates] | None = None) -> Price | None:
    """Return what the model of ``spec`` costs; ``None`` when nobody knows.

    Args:
        spec: The endpoint.
        known: Prices by model, or by ``URL#MODEL``, that win over the table (see :func:`read_prices`).
    """
    if spec.embedded:
        return FREE
    rates = (known or {}).get(f"{spec.url}#{spec.model}") or (known or {}).get(spec.model)
    if rates is not None:
        return Price(rates, rates.times(BATCH_SHARE), "SIXHOP_PRICES")
    return _from_table(spec)


def read_prices(text: str) -> dict[str, Rates]:
    """Return the prices that ``SIXHOP_PRICES`` names: ``MODEL=INPUT/OUTPUT[/CACHED]``, separated by commas or spaces.

    Raises:
        UsageError: It is malformed.

    >>> read_prices("gpt-5-mini=0.25/2/0.025 http://gpu:8000/v1#llama=0/0")["http://gpu:8000/v1#llama"]
    Rates(input=0.0, output=0.0, cached=0.0)
    """
    found = {}
    for item in text.replace(",", " ").split():
        model, _, amounts = item.rpartition("=")
        try:
            numbers = [float(amount) for amount in amounts.split("/")]
        except ValueError:
            numbers = []
        if not model or len(numbers) not in (2, 3) or not all(0 <= number < _MILLION for number in numbers):
            raise UsageError(
                f"SIXHOP_PRICES holds {item!r}; allowed is MODEL=INPUT/OUTPUT or MODEL=INPUT/OUTPUT/CACHED, in US "
                f"dollars for a million tokens, such as gpt-5-mini=0.25/2/0.025. Correct or unset it."
            )
        found[model] = Rates(numbers[0], numbers[1], numbers[-1] if len(numbers) == 3 else numbers[0])
    return found


def _from_table(spec: EndpointSpec) -> Price | None:
    import genai_prices  # 0.25 s and 27 MB: only for endpoints that cost money

    normal = _rates(spec, None)
    if normal is None:
        return None
    batch = _rates(spec, {"processing": "batch"}) or normal
    if batch == normal:  # the table has no batch price: the half that OpenAI grants, and nothing off elsewhere
        batch = normal.times(BATCH_SHARE) if spec.kind == "openai" else normal
    return Price(normal, batch, f"genai-prices {genai_prices.__version__}")


def _rates(spec: EndpointSpec, processing: dict[str, str] | None) -> Rates | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    try:
        found = calc_price(
            Tokens(input_tokens=1), spec.model, provider_api_url=spec.url, price_context=processing
        ).model_price
    except LookupError:
        return None
    rate = _amount(getattr(found, "input_mtok", None)), _amount(getattr(found, "output_mtok", None))
    cached = _amount(getattr(found, "cache_read_mtok", None))
    if rate[0] is None or rate[1] is None:
        return None
    return Rates(rate[0], rate[1], rate[0] if cached is None else cached)


def _amount(value: Any) -> float | None:
    """Return a price; of one that has tiers, the lowest: they begin at lengths that no prompt of a role reaches."""
    base = getattr(value, "base", value)
    return float(base) if isinstance(base, Decimal | int | float) else None
