"""What a test came to, and two tests side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import command, note, one_line, words
from simulator.cli.screen.layout import Barred, facts, heading, short, table
from simulator.evidence.causes import Cause, whose_text
from simulator.evidence.outcomes import Rate, TestSummary
from simulator.models.conversation import Spent
from simulator.models.outcome import Outcome

if TYPE_CHECKING:
    from simulator.assembly import Run
    from simulator.evidence.compare import Comparison, Flip

__all__ = ["blameless", "causes", "outcome_card", "outcomes_table", "print_comparison", "print_test", "rate_text"]

_CAUSES = 8  # told of at the end of a test
_NAMED = 4  # conversations of a cause

People = Mapping[str, str]


def outcomes_table(outcomes: Iterable[Outcome], people: People) -> Table:
    """Return one row per outcome: what it is of, and what did not hold."""
    made = table("conversation", "passed", "situation", "persona*", "not held*")
    for one in outcomes:
        failed = ", ".join(check.name for check in one.checks if not check.passed)
        made.add_row(
            words(short(one.conversation), "cyan"),
            _mark(one.passed),
            words(one.situation or ""),
            words(one_line(people.get(one.persona, one.persona), 60), "dim"),
            words(failed),
        )
    return made


def outcome_card(outcome: Outcome, people: People) -> RenderableType:
    """Return every check of one conversation with its evidence."""
    pairs = [
        ("conversation", outcome.conversation),
        ("persona", people.get(outcome.persona, outcome.persona)),
        ("situation", outcome.situation or ""),
    ]
    made = table("check", "passed", "evidence*")
    for check in outcome.checks:
        said = f"(the check itself failed) {check.evidence}" if check.broken else check.evidence
        made.add_row(words(check.name), _mark(check.passed), words(said))
    return Group(facts(pairs), Text(), made)


def print_test(console: Console, run: Run, summary: TestSummary, threshold: float, reused: Mapping[str, int]) -> None:
    """Print the pass rates, what failed, and where to read on.

    Args:
        console: Where to print.
        run: The test.
        summary: What it came to.
        threshold: The share that must pass.
        reused: How many ``units`` (conversations), and ``answers`` in others, are from an earlier execution.
    """
    passed = summary.overall.rate >= threshold
    verdict = "passed" if passed else "FAILED"
    head = Text.assemble((verdict, "bold green" if passed else "bold red"), "  ", words(rate_text(summary.overall)))
    head.append(f", wanted {threshold:.0%}", style="dim")
    console.print(head)
    console.print(
        facts(
            [
                ("assistant", summary.assistant),
                ("turns", f"{summary.turns:.1f} a conversation"),
                ("ended", _counts(summary.stops)),
                ("from before", _from_before(reused, len(run.conversations))),
                ("assistant failed", _counts(summary.faults)),
                ("checks that failed themselves", str(summary.broken or "")),
                ("not held", f"{summary.lost} (the simulated user failed)" if summary.lost else ""),
            ]
        )
    )
    for title, rates in (("situation", summary.situations), ("check", summary.checks)):
        if list(rates) != [""]:
            console.print()
            console.print(_rates(title, rates))
    if summary.causes:
        console.print()
        console.print(heading(f"did not pass ({summary.overall.total - summary.overall.passed}), by cause"))
        console.print(Group(*causes(summary.causes)))
        first = summary.causes[0].conversations[0]
        if blamed := blameless(summary):
            console.print(words(f"  {blamed}", "dim"))
        note(f"Read one with: {command('sixhop', 'show', run.directory.root, 'conversation', short(first))}")


def _from_before(reused: Mapping[str, int], total: int) -> str:
    """Return what of a test was said in an earlier execution; empty when nothing was."""
    talks = f"{reused['units']} of {total} conversations" if reused["units"] else ""
    answers = f"{reused['answers']} answers" if reused["answers"] else ""
    said = " and ".join(filter(None, (talks, answers)))
    return f"{said}, from an earlier execution" if said else ""


def causes(found: Sequence[Cause]) -> Iterator[RenderableType]:
    """Yield each cause: how often, whose doing, why, and the conversations."""
    for cause in found[:_CAUSES]:
        ids = [short(id_) for id_ in cause.conversations]
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        style = "bold" if cause.whose == "assistant" else "yellow"
        yield Text.assemble((f"{len(ids):>5}  ", "bold"), words(whose_text(cause.whose), style))
        yield Barred(cause.what, "", edge="       ")
        yield Barred(" ".join(ids[:_NAMED]) + more, "cyan", edge="       ", body="cyan")
    if len(found) > _CAUSES:
        yield words(f"       and {len(found) - _CAUSES} more causes", "dim")


def blameless(summary: TestSummary) -> str:
    """Return what the failures that are not the assistant's mean for the rate; empty when there are none."""
    sure, doubtful = summary.failed("user", "check"), summary.failed("perhaps user")
    if not sure and not doubtful:
        return ""
    said = [
        f"{sure:,} of the failures {'is' if sure == 1 else 'are'} not the assistant's" if sure else "",
        f"{doubtful:,} may be the simulated user's" if doubtful else "",
    ]
    rest = summary.overall.total - sure - doubtful
    return f"{', '.join(filter(None, said))}; without them {summary.overall.passed:,} of {rest:,} passed."


def print_comparison(console: Console, found: Comparison, roots: tuple[Path, Path], people: People, most: int) -> None:
    """Print both sides, the difference, and the conversations that flipped."""
    made = table("", "A*", "B*")
    rows = [
        ("run", str(roots[0]), str(roots[1])),
        ("assistant", found.a.assistant, found.b.assistant),
        ("passed", rate_text(found.a.rate), rate_text(found.b.rate)),
        ("turns a conversation", f"{found.a.turns:.1f}", f"{found.b.turns:.1f}"),
        ("assistant's calls", f"{found.a.spent.calls:,}", f"{found.b.spent.calls:,}"),
        ("assistant's tokens", _tokens(found.a.spent), _tokens(found.b.spent)),
        ("assistant's cost", _usd(found.a.spent), _usd(found.b.spent)),
        ("user's tokens", _tokens(found.a.user), _tokens(found.b.user)),
    ]
    for row in rows:
        made.add_row(*(words(cell) for cell in row))
    console.print(made)
    console.print()
    console.print(_difference(found))
    console.print(
        words(f"  {found.pairs} pairs; {found.difference.method}; McNemar's exact p = {found.difference.p:.3g}", "dim")
    )
    if found.unpaired:
        console.print(words(f"  {found.unpaired} conversations were held in one run only and are left out", "yellow"))
    if list(found.situations) != [""]:
        console.print()
        console.print(_by_situation(found))
    _print_flips(console, found.flips, roots, people, most)


def _difference(found: Comparison) -> Text:
    d = found.difference
    apart = not d.low <= 0 <= d.high
    style = "bold" if not found.shown else "bold green" if d.value > 0 else "bold red"
    said = "no difference is shown" if not found.shown else "B is better" if d.value > 0 else "B is worse"
    if apart and not found.shown:
        said += ": the interval leaves 0 out, but the exact test does not agree; too few pairs differ"
    return Text.assemble(
        (f"B - A = {100 * d.value:+.1f} points", style),
        f"  (95 % interval {100 * d.low:+.1f} to {100 * d.high:+.1f}): {said}",
    )


def _by_situation(found: Comparison) -> Table:
    made = table("situation", "A>", "B>")
    for name, (a, b) in found.situations.items():
        made.add_row(words(name or "(none)"), f"{a.passed}/{a.total}", f"{b.passed}/{b.total}")
    return made


def _print_flips(
    console: Console, flips: tuple[Flip, ...], roots: tuple[Path, Path], people: People, most: int
) -> None:
    if not flips:
        return
    worse = sum(flip.passed == "a" for flip in flips)
    console.print()
    console.print(heading(f"flipped: {worse} passed only with A, {len(flips) - worse} only with B"))
    # The same user in the same situation is mostly the same id in both runs: said once, it leaves room for the persona.
    same = all(flip.conversations[0] == flip.conversations[1] for flip in flips[:most])
    made = table(*(["conversation"] if same else ["A", "B"]), "passed", "situation", "persona*", "did not hold*")
    for flip in flips[:most]:
        made.add_row(
            *(words(short(id_), "cyan") for id_ in flip.conversations[: 1 if same else 2]),
            words(flip.passed.upper()),
            words(flip.situation or ""),
            words(one_line(people.get(flip.persona, flip.persona), 60), "dim"),
            words(", ".join(flip.failed)),
        )
    console.print(made)
    if len(flips) > most:
        note(f"{len(flips) - most} more; --limit 0 prints all")
    note(f"Read one with: {command('sixhop', 'show', roots[1], 'conversation', short(flips[0].conversations[1]))}")


def _rates(title: str, rates: Mapping[str, Rate]) -> Table:
    made = table(f"{title}*", "passed>", "of>", "rate>", "95 % interval")
    for name, rate in rates.items():
        interval = f"{rate.low:.0%} to {rate.high:.0%}"
        made.add_row(
            words(name or "(none)"), str(rate.passed), str(rate.total), f"{rate.rate:.0%}", words(interval, "dim")
        )
    return made


def rate_text(rate: Rate) -> str:
    """Return a pass rate with its interval."""
    return f"{rate.passed} of {rate.total} ({rate.rate:.1%}, 95 % interval {rate.low:.1%} to {rate.high:.1%})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _tokens(spent: Spent) -> str:
    return f"{spent.prompt:,} in, {spent.completion:,} out"


def _usd(spent: Spent) -> str:
    return "not known" if spent.usd is None else f"${spent.usd:,.4f}"


def _mark(passed: bool) -> Text:
    return Text("yes", style="green") if passed else Text("no", style="bold red")
