"""What a caller says instead of the scenario is checked as the scenario's own values are."""

from typing import Any

import pytest
import story

from simulator.assembly import Overrides
from simulator.errors import UsageError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0: input should be greater than or equal to 1"),
        ({"concurrency": 5000}, "concurrency is 5000: .*less than or equal to 4096"),
        ({"concurrency": "8"}, "concurrency is '8': .*valid integer"),
        ({"seed": -1}, "seed is -1: .*greater than or equal to 0"),
        ({"max_calls": -1}, "max_calls is -1"),
        ({"max_tokens": 1.5}, "max_tokens is 1.5"),
        ({"max_minutes": -0.1}, "max_minutes is -0.1"),
        ({"max_usd": -1}, "max_usd is -1"),
        ({"model": " "}, "model is ' '; name one"),
        ({"assistant": ""}, "assistant is ''; name one"),
    ],
)
def test_a_value_that_no_scenario_may_have_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Overrides(**values)


def test_good_values_stand_in_the_scenario_and_its_budget() -> None:
    overrides = Overrides(concurrency=3, seed=0, max_calls=0, max_usd=2, max_minutes=1)
    scenario = overrides.apply(story.scenario())
    assert (scenario.concurrency, scenario.seed) == (3, 0)
    limits = overrides.limits(scenario)
    assert (limits.calls, limits.usd, limits.minutes) == (0, 2, 1)
