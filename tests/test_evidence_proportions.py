"""Intervals keep their level: checked by adding up the probability of every table that could come."""

from __future__ import annotations

from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.evidence.proportions import Paired, mcnemar, paired_difference, wilson

COUNTS = st.integers(0, 200)


@given(both=COUNTS, first=COUNTS, second=COUNTS, neither=st.integers(1, 200))
def test_the_difference_is_within_its_interval_and_turns_with_the_sides(
    both: int, first: int, second: int, neither: int
) -> None:
    one = paired_difference(Paired(both, first, second, neither))
    other = paired_difference(Paired(both, second, first, neither))
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.value == pytest.approx((second - first) / (both + first + second + neither))
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.parametrize(
    "shares", [(0.6, 0.15, 0.05, 0.2), (0.85, 0.1, 0.02, 0.03), (0.3, 0.2, 0.2, 0.3), (0.9, 0.0, 0.1, 0.0)]
)
def test_the_interval_covers_the_true_difference_in_95_of_100_cases(shares: tuple[float, ...]) -> None:
    n, covered, true = 30, 0.0, shares[2] - shares[1]
    for a in range(n + 1):
        for b in range(n + 1 - a):
            for c in range(n + 1 - a - b):
                counts = (a, b, c, n - a - b - c)
                chance = float(factorial(n))
                for share, count in zip(shares, counts, strict=True):
                    chance *= share**count / factorial(count)
                if chance > 0:
                    found = paired_difference(Paired(*counts))
                    covered += chance * (found.low <= true <= found.high)
    assert 0.93 <= covered <= 0.999  # above 0.95 it is only wide


def test_no_discordant_pair_is_no_evidence_and_many_on_one_side_are() -> None:
    assert mcnemar(Paired(10, 0, 0, 5)) == 1.0
    assert mcnemar(Paired(0, 5, 5, 0)) == 1.0
    assert mcnemar(Paired(0, 8, 0, 0)) == pytest.approx(2 / 2**8)
    assert mcnemar(Paired(0, 1100, 1000, 0)) < 0.04


def test_a_share_of_all_has_an_interval_below_one() -> None:
    assert 0.8 < wilson(20, 20).low < 0.9
    assert wilson(20, 20).high == 1.0
