"""The arithmetic of forecasts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.runs.forecast import Forecast, Range, RoleForecast, StageForecast, sampled, share

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=40)
ranges = st.tuples(*[st.floats(0, 1e6)] * 3).map(lambda three: Range(*sorted(three)))


@given(values)
def test_the_mean_lies_in_its_range(numbers: list[float]) -> None:
    found = sampled(numbers)
    assert 0 <= found.low <= found.expected * (1 + 1e-9)
    assert found.expected <= found.high * (1 + 1e-9)
    assert found.expected == pytest.approx(sum(numbers) / len(numbers))


def test_more_units_make_a_narrower_range() -> None:
    few, many = sampled([1, 3, 2, 4]), sampled([1, 3, 2, 4] * 10)
    assert few.high - few.low > 2 * (many.high - many.low)


def test_the_range_is_students() -> None:
    # t for 90 % two-sided: 2.132 with 4 degrees of freedom (any table); the mean's error is sqrt(2.5 / 5).
    found = sampled([1, 2, 3, 4, 5])
    assert found.high - found.expected == pytest.approx(2.132 * (2.5 / 5) ** 0.5, rel=0.01)


@given(st.integers(1, 200).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_stays_between_none_and_all(counts: tuple[int, int]) -> None:
    found = share(*counts)
    assert 0 <= found.low <= found.expected <= found.high <= 1
    assert found.expected == counts[0] / counts[1]


def test_all_of_three_is_no_proof_of_all() -> None:
    assert share(3, 3).low < 0.8
    assert share(300, 300).low > 0.97


@given(ranges, ranges)
def test_sums_and_products_keep_their_order(one: Range, other: Range) -> None:
    for made in (one + other, one * other):
        assert made.low <= made.expected <= made.high


def test_an_unknown_price_makes_the_total_unknown() -> None:
    one = Range.exactly(1)
    priced, unpriced = (RoleForecast("r", "m", one, one, one, usd) for usd in (one, None))
    stages = [StageForecast("s", one, roles, one) for roles in ((priced,), (priced, unpriced))]
    assert Forecast(tuple(stages[:1])).usd == one
    assert Forecast(tuple(stages)).usd is None
    assert Forecast(tuple(stages)).tokens == Range.exactly(6)
