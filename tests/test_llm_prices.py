"""What tokens cost: from the scenario, the environment or the table, and never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.llm.prices import BATCH_SHARE, FREE, Price, Rates, price_of, read_prices
from simulator.llm.spec import EndpointSpec, parse_spec
from simulator.models.message import Usage

counts = st.integers(0, 10**9)
rates = st.floats(0, 1000, allow_nan=False)


def openai(model: str) -> EndpointSpec:
    return parse_spec(f"openai:{model}")


def test_the_table_knows_well_known_models_and_their_batch_price() -> None:
    price = price_of(openai("gpt-4o-mini"))
    assert price is not None
    assert price.source.startswith("genai-prices ")
    assert 0 < price.normal.cached < price.normal.input < price.normal.output < 100
    assert price.batch.input == pytest.approx(BATCH_SHARE * price.normal.input)
    assert price.batch.output == pytest.approx(BATCH_SHARE * price.normal.output)


@pytest.mark.parametrize(
    "spec", ["openai:no-such-model", "http://localhost:8000/v1#llama", "https://llm.example/v1#gpt-4o"]
)
def test_what_nobody_knows_is_not_guessed(spec: str) -> None:
    assert price_of(parse_spec(spec)) is None


def test_the_embedded_model_costs_nothing() -> None:
    assert price_of(parse_spec("local")) is FREE
    assert FREE.normal.usd(Usage(prompt=10**9, completion=10**9)) == 0


def test_the_environment_wins_over_the_table() -> None:
    known = read_prices("gpt-4o-mini=1/2/0.5, http://gpu:8000/v1#llama=0/0")
    assert price_of(openai("gpt-4o-mini"), known) == Price(Rates(1, 2, 0.5), Rates(0.5, 1, 0.25), "SIXHOP_PRICES")
    free = price_of(parse_spec("http://gpu:8000/v1#llama"), known)
    assert free is not None
    assert free.normal == Rates(0, 0, 0)
    assert price_of(parse_spec("http://other:8000/v1#llama"), known) is None


@pytest.mark.parametrize(
    "text", ["gpt", "gpt=1", "gpt=a/b", "=1/2", "gpt=1/2/3/4", "gpt=-1/2", "gpt=nan/2", "gpt=inf/2"]
)
def test_a_malformed_price_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="SIXHOP_PRICES holds"):
        read_prices(text)


@given(counts, counts, counts, rates, rates, rates)
def test_cost_is_linear_and_a_cached_token_is_paid_once(prompt, completion, cached, a, b, c) -> None:
    usage = Usage(prompt=prompt, completion=completion, cached=min(prompt, cached))
    one = Rates(a, b, c).usd(usage)
    assert one >= 0
    assert Rates(a, b, c).usd(usage + usage) == pytest.approx(2 * one)
    assert Rates(a, b, a).usd(usage) == pytest.approx((prompt * a + completion * b) / 1e6)
