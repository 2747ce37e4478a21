"""What all tests share."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no failure: no test here is about time.
settings.register_profile("sixhop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sixhop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the embedded model in one worker: two models at once are slower than one after the other."""
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(pytest.mark.xdist_group("model"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send no lone surrogates from worker to worker: a report that cannot be encoded ends the worker."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
