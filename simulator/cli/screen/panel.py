"""The picture of a run that goes on: its stages, what they have done, what is left."""

from __future__ import annotations

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.money import compact, dollars, number_of, paid
from simulator.cli.screen.progress import Progress, StageProgress, duration
from simulator.cli.screen.projection import projected

__all__ = ["draw"]

_WIDEST = 120  # columns: a longer bar tells nothing more
_WIDE = 100  # columns from which there is room for a longer bar and a rate per stage


def draw(progress: Progress, width: int) -> RenderableType:
    """Return the panel for a terminal of ``width`` columns."""
    now = progress.clock()
    parts: list[RenderableType] = [_table(progress, width, now), Text(), _footer(progress, now)]
    if progress.stopping and not progress.over:
        parts.append(_stopping(progress))
    where = one_line(str(progress.directory or ""), max(12, width - 30))
    return Panel(
        Group(*parts),
        box=ROUNDED,
        title=words(progress.name or "starting", "bold"),
        title_align="left",
        subtitle=words(where, "dim"),
        subtitle_align="right",
        border_style="yellow" if progress.stopping else "cyan",
        padding=(0, 1),
        width=min(width, _WIDEST),
    )


def _table(progress: Progress, width: int, now: float) -> Table:
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("stage", min_width=8, no_wrap=True)
    for name in ("done", "failed", "in flight", "reused"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", ratio=1, min_width=8)
    if width >= _WIDE:
        table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True, min_width=9)
    for stage in progress.stages:
        table.add_row(*_row(stage, width, now))
    return table


def _row(stage: StageProgress, width: int, now: float) -> list[RenderableType]:
    style = {"waiting": "dim", "skipped": "dim", "running": "bold", "ended": ""}[stage.state]
    cells: list[RenderableType] = [words(stage.title, style)]
    if stage.state in ("waiting", "skipped"):
        rest: list[RenderableType] = [""] * (5 if width < _WIDE else 6)
        return [*cells, *rest, words("skipped" if stage.state == "skipped" else "", "dim")]
    if not stage.units:
        rest = [""] * (5 if width < _WIDE else 6)
        return [*cells, *rest, _time(stage, now)]
    failed = stage.failed_before + stage.failed
    cells += [
        words(f"{stage.reused - stage.failed_before + stage.done}/{stage.units}", style),
        words(str(failed), "red" if failed else "dim"),
        words(str(stage.in_flight), "cyan" if stage.in_flight else "dim"),
        words(str(stage.reused), "" if stage.reused else "dim"),
        ProgressBar(total=stage.units, completed=stage.finished, complete_style="cyan", finished_style="green"),
    ]
    if width >= _WIDE:
        rate = stage.rate(now)
        cells.append(words(f"{rate:.1f}/s" if stage.state == "running" and rate else "", "dim"))
    return [*cells, _time(stage, now)]


def _time(stage: StageProgress, now: float) -> Text:
    if stage.state == "ended":
        return words(f"✓ {duration(stage.elapsed_s(now))}", "green")
    left = stage.left_s(now)
    return words("…" if left is None else f"~{duration(left)} left", "dim" if left is None else "")


def _footer(progress: Progress, now: float) -> Text:
    elapsed = now - progress.began
    calls, tokens = (progress.spent.calls, progress.spent.tokens) if progress.spent else (0, 0)
    rate = progress.call_rate()
    cost = paid(progress.spent, calls) if progress.spent else ""
    parts = [
        number_of(calls, "call"),
        f"{tokens:,} tokens",
        cost,
        f"{rate:.1f} calls/s" if rate else "",
        duration(elapsed),
    ]
    told = words(" · ".join(filter(None, parts)), "dim")
    end = projected(progress)
    if end is not None:
        money = "" if end.usd is None or not end.usd else dollars(end.usd)
        ends = [f"{compact(end.calls)} calls", f"{compact(end.tokens)} tokens", money, duration(end.seconds)]
        told.append_text(words("\nin the end about " + " · ".join(filter(None, ends)), "dim"))
    return told


def _stopping(progress: Progress) -> Text:
    waiting = f"{progress.in_flight} in flight will end first" if progress.in_flight else "saving"
    return words(f"Stopping: {waiting}. Ctrl-C again stops at once.", "bold yellow")
