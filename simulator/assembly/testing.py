"""A scenario as a test: for ``sixhop test``, and for pytest without a plugin.

>>> from simulator.assembly.testing import assert_scenario  # doctest: +SKIP
>>> def test_support_desk(tmp_path):                         # doctest: +SKIP
...     assert_scenario("scenarios/support-desk.yaml", tmp_path, threshold=0.9)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from pydantic import Field

from simulator.assembly.run import Run
from simulator.assembly.simulate import Overrides, RunOptions, simulate_sync
from simulator.errors import EmptyResult, ScenarioError
from simulator.evidence.causes import whose_text
from simulator.evidence.outcomes import TestSummary, summarise
from simulator.models.base import Record
from simulator.runs.directory import RunDirectory
from simulator.runs.freeze import TERMS
from simulator.runs.ledger import Ledger
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.transport.body import shorten

__all__ = ["Terms", "assert_scenario", "check_testable", "kept_terms", "summary_of"]

_SHOWN = 10  # causes, and conversations of each, that a failed assertion tells of


class Terms(Record):
    """When a test is passed, and where that is written; kept with the run, so that whoever goes on with it can tell.

    Attributes:
        threshold: The share of conversations that must pass.
        junit: The file for the outcomes as JUnit XML, as a whole path.
    """

    threshold: float = Field(1.0, ge=0, le=1)
    junit: str | None = None

    @classmethod
    def at(cls, threshold: float | None, junit: Path | None) -> Terms:
        """Return the terms with the values that are given."""
        return cls().over(threshold, junit)

    def over(self, threshold: float | None, junit: Path | None) -> Terms:
        """Return these terms with the values that are given instead."""
        return Terms(
            threshold=self.threshold if threshold is None else threshold,
            junit=self.junit if junit is None else str(junit.absolute()),
        )

    def keep(self, ledger: Ledger) -> None:
        """Keep them with the run."""
        ledger.put_meta(**{TERMS: self.model_dump(mode="json")})


def kept_terms(root: Path | str) -> Terms | None:
    """Return the terms of the test that a run is; ``None`` of a run that no test began.

    Raises:
        RunDirectoryError: There is no run in it.
    """
    with Ledger.open(RunDirectory(Path(root)).ledger, writable=False) as ledger:
        kept = ledger.meta(TERMS)
    return None if kept is None else Terms.model_validate(kept)


def assert_scenario(
    scenario: Scenario | Path | str,
    out: Path | str,
    *,
    threshold: float = 1.0,
    assistant: str | None = None,
    cast_of: Path | str | None = None,
    **options: Unpack[RunOptions],
) -> TestSummary:
    """Run a scenario, and fail like an assertion unless enough of its conversations pass.

    Args:
        scenario: A scenario, or the path of its file.
        out: The run directory. What an earlier call paid for in it is not paid for again.
        threshold: The share of conversations that must pass, 0 to 1.
        assistant: What to test instead of the scenario's assistant, and of that of ``overrides``.
        cast_of: The run directory whose frozen cast is used.
        options: As for :func:`~simulator.assembly.simulate.simulate` (``models``, ``settings``, ...).

    Returns:
        What the test came to.

    Raises:
        AssertionError: Too few passed; the message names the first that did not, with the evidence.
        UsageError: The scenario is wrong, or tests nothing.
        SixhopError: The run failed.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line, and the message
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(Path(scenario))
    overrides = options.get("overrides") or Overrides()
    if assistant is not None:
        overrides = replace(overrides, assistant=assistant)
    options["overrides"] = overrides
    check_testable(overrides.apply(loaded))
    with simulate_sync(loaded, out, cast_of=cast_of, **options) as run:
        summary = summary_of(run)
        if summary.overall.rate < threshold:
            raise AssertionError("\n".join(_told(summary, threshold)))
    return summary


def check_testable(scenario: Scenario) -> None:
    """Refuse a scenario that tests nothing.

    Raises:
        ScenarioError: It has neither ``conversations.assistant`` nor ``conversations.checks``.
    """
    if scenario.tested is None:
        raise ScenarioError(
            f"the scenario {scenario.name!r} tests nothing: give it 'conversations.assistant', whom to test, "
            f"or 'conversations.checks', what has to hold"
        )


def summary_of(run: Run) -> TestSummary:
    """Return what the test in ``run`` came to.

    Raises:
        EmptyResult: No conversation was judged.
    """
    summary = summarise(run.ledger)
    if not summary.overall.total:
        first = next(run.ledger.failures(), None)
        reason = f"; the first failure: {first.role}: {shorten(first.message, 160)}" if first else ""
        raise EmptyResult(f"no conversation was held, so nothing is known of the assistant{reason}")
    return summary


def _told(summary: TestSummary, threshold: float) -> Iterator[str]:
    overall = summary.overall
    yield (
        f"{overall.passed} of {overall.total} conversations with {summary.assistant} passed: {overall.rate:.1%}, "
        f"wanted {threshold:.1%}"
    )
    for cause in summary.causes[:_SHOWN]:
        ids = cause.conversations
        yield f"  {len(ids)} {whose_text(cause.whose)}: {cause.what}"
        yield f"    {' '.join(ids[:_SHOWN])}{' ...' if len(ids) > _SHOWN else ''}"
    if len(summary.causes) > _SHOWN:
        yield f"  and {len(summary.causes) - _SHOWN} more causes"
