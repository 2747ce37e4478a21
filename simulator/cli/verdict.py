"""The verdict on an assistant: given by ``sixhop test``, and by ``sixhop resume`` of a run that it began."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.assembly.testing import Terms
    from simulator.cli.screen.progress import Progress
    from simulator.evidence.outcomes import TestSummary

__all__ = ["Verdict"]


@dataclass
class Verdict:
    """What a test came to.

    Args:
        terms: When it is passed, and where that is written.
        as_json: Whether it is printed as JSON.
    """

    terms: Terms
    as_json: bool
    passed: bool | None = None

    def conclude(self, run: Run, progress: Progress) -> None:
        """Say what came of the test in ``run``.

        Raises:
            EmptyResult: No conversation was judged.
        """
        from simulator.assembly.testing import summary_of
        from simulator.cli.screen.console import print_json, stdout
        from simulator.cli.screen.outcomes import print_test
        from simulator.evidence.outcomes import summarise

        threshold, junit = self.terms.threshold, self.terms.junit
        if junit is not None:  # also where nothing was judged: those are errors, and no silence
            _write(Path(junit), run, summarise(run.ledger), threshold)
        summary = summary_of(run)
        self.passed = summary.overall.rate >= threshold
        if self.as_json:
            told = {"directory": str(run.directory.root), "threshold": threshold, "passed": self.passed}
            print_json({**told, "reused": progress.reused("converse"), **summary.model_dump(mode="json")})
        else:
            print_test(stdout(), run, summary, threshold, progress.reused("converse"))

    def leave(self) -> None:
        """End the command as the verdict says.

        Raises:
            typer.Exit: Too few passed.
        """
        if not self.passed:
            raise typer.Exit(1)


def _write(path: Path, run: Run, summary: TestSummary, threshold: float) -> None:
    from simulator.cli.screen.kinds import texts_by_id
    from simulator.evidence.causes import whose_text
    from simulator.exports.junit import write_junit

    properties = {
        "assistant": summary.assistant,
        "threshold": f"{threshold:g}",
        "pass rate": f"{summary.overall.rate:.4f}",
    }
    lost = [failure for failure in run.failures if failure.stage == "converse"]
    talks = {talk.id: talk for talk in run.conversations}
    whose = {id_: whose_text(cause.whose) for cause in summary.causes for id_ in cause.conversations}
    write_junit(path, run.scenario.name, run.outcomes, talks, texts_by_id(run), lost, properties, whose)
