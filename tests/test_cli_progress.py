"""What the panel and the plain lines say while a run goes on."""

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from simulator.cli.screen.lines import PlainLines, Silence
from simulator.cli.screen.panel import draw
from simulator.cli.screen.progress import Progress, duration
from simulator.cli.screen.projection import Projection, projected
from simulator.runs.events import Event, Note, RunStarted, StageEnded, StageStarted, UnitEnded, UnitStarted
from simulator.runs.forecast import Forecast, Range, RoleForecast, StageForecast


@dataclass
class Spent:
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    in_flight: int = 0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started(progress: Progress, spent: Spent | None = None) -> Progress:
    progress.add(RunStarted("harbour", Path("runs/harbour"), spent or Spent()))
    return progress


def work(progress: Progress, clock: Clock, stage: str, ends: int, every_s: float, failed: int = 0) -> None:
    for number in range(ends):
        progress.add(UnitStarted(stage))
        clock.now += every_s
        progress.add(UnitEnded(stage, failed=number < failed))


def drawn(progress: Progress, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(draw(progress, width))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_counts_follow_the_events() -> None:
    clock = Clock()
    progress = started(Progress(["extract", "expand-1"], clock))
    progress.add(StageStarted("extract", units=10, reused=4))
    work(progress, clock, "extract", ends=3, every_s=1, failed=1)
    progress.add(UnitStarted("extract"))
    stage = progress.stages[0]
    assert (stage.reused, stage.done, stage.failed, stage.in_flight, stage.finished) == (4, 2, 1, 1, 7)
    assert progress.current is stage
    assert progress.in_flight == 1


def test_time_left_comes_from_the_rate_of_the_last_minute() -> None:
    clock = Clock()
    progress = started(Progress(["extract"], clock))
    progress.add(StageStarted("extract", units=200))
    work(progress, clock, "extract", ends=20, every_s=10)  # slow for 200 s
    work(progress, clock, "extract", ends=60, every_s=1)  # then one a second
    stage = progress.stages[0]
    assert stage.rate(clock()) == pytest.approx(1.0, abs=0.05)
    assert stage.left_s(clock()) == pytest.approx(120, rel=0.05)


def test_nobody_knows_the_time_left_at_first_nor_needs_it_at_the_end() -> None:
    clock = Clock()
    progress = started(Progress(["extract"], clock))
    progress.add(StageStarted("extract", units=5))
    assert progress.stages[0].left_s(clock()) is None
    work(progress, clock, "extract", ends=1, every_s=1)
    assert progress.stages[0].left_s(clock()) is None
    work(progress, clock, "extract", ends=4, every_s=1)
    progress.add(StageEnded("extract", 5, 0, 0))
    assert progress.stages[0].left_s(clock()) is None
    assert progress.stages[0].elapsed_s(clock() + 99) == 5


def test_reused_units_do_not_make_a_rate() -> None:
    clock = Clock()
    progress = started(Progress(["extract"], clock))
    progress.add(StageStarted("extract", units=1000, reused=990))
    clock.now += 10
    assert progress.stages[0].rate(clock()) == 0
    assert progress.stages[0].left_s(clock()) is None


def test_a_hop_that_was_not_worth_it_is_skipped() -> None:
    progress = started(Progress(["extract", "expand-1", "expand-2", "cast"], Clock()))
    for stage in ("extract", "expand-1", "cast"):
        progress.add(StageStarted(stage, 1, hop=1 if stage == "expand-1" else None))
        progress.add(StageEnded(stage, 1, 0, 0, hop=1 if stage == "expand-1" else None))
    assert [stage.state for stage in progress.stages] == ["ended", "ended", "skipped", "ended"]
    assert "skipped" in drawn(progress)


def test_expansion_is_shown_hop_by_hop() -> None:
    progress = started(Progress(["extract", "expand-1", "expand-2"], Clock()))
    progress.add(StageStarted("expand-1", 4, hop=1))
    assert "hop 1" in drawn(progress)
    assert "hop 2" in drawn(progress)
    assert "expand" not in drawn(progress)


def test_call_rate_is_that_of_the_last_minute() -> None:
    clock, spent = Clock(), Spent()
    progress = started(Progress(["extract"], clock), spent)
    progress.add(StageStarted("extract", units=500))
    for _ in range(200):
        progress.call_rate()
        spent.calls += 3
        clock.now += 1
    assert progress.call_rate() == pytest.approx(3.0)


def foreseen(*stages: tuple[str, int, float]) -> Forecast:
    """Stages with their units, and calls for each unit; a call has 10 tokens and costs a cent and a second."""

    def stage(name: str, units: int, calls: float) -> StageForecast:
        made, tokens = Range.exactly(units * calls), Range.exactly(5 * units * calls)
        role = RoleForecast("r", "m", made, tokens, tokens, Range.exactly(units * calls / 100))
        return StageForecast(name, Range.exactly(units), (role,), made)

    return Forecast(tuple(stage(*one) for one in stages))


def test_what_will_have_been_taken_in_the_end() -> None:
    clock, spent = Clock(), Spent()
    progress = Progress(["extract", "pose"], clock)
    progress.add(RunStarted("harbour", Path("runs"), spent, foreseen(("extract", 10, 2), ("pose", 5, 4))))
    assert projected(progress) is None, "nothing runs yet"
    progress.add(StageStarted("extract", units=10))
    assert projected(progress) == Projection(10 * 2 + 5 * 4, 400, pytest.approx(0.4), pytest.approx(40))
    for _ in range(5):  # it takes three calls a unit, not two
        work(progress, clock, "extract", ends=1, every_s=1)
        spent.calls, spent.tokens, spent.usd = spent.calls + 3, spent.tokens + 30, spent.usd + 0.03
    half = projected(progress)
    assert half.calls == pytest.approx(30 + 20)
    assert half.usd == pytest.approx(0.3 + 0.2)
    assert half.seconds == pytest.approx(10 + 20)
    progress.add(StageEnded("extract", 5, 0, 0))
    progress.add(StageStarted("pose", units=5, reused=5))
    assert projected(progress).calls == pytest.approx(15), "what was done before is not done again"
    assert "in the end about 15 calls · 150 tokens · $0.15" in drawn(progress)


def test_what_an_unknown_price_adds_up_to_is_not_said() -> None:
    progress = Progress(["extract"], Clock())
    progress.add(RunStarted("harbour", Path("runs"), Spent(3, 30, 0.5, unpriced=2), foreseen(("extract", 4, 1))))
    progress.add(StageStarted("extract", units=4))
    assert projected(progress).usd is None
    assert "$0.50 and 2 calls of unknown price" in drawn(progress, 100)


def test_where_no_price_is_known_the_footer_says_so_on_one_line() -> None:
    clock = Clock()
    progress = Progress(["extract"], clock)
    progress.add(RunStarted("harbour", Path("runs"), Spent(181, 106_660, 0.0, unpriced=181), foreseen()))
    clock.now += 12
    assert "181 calls · 106,660 tokens · price unknown · 12 s" in drawn(progress)


def test_what_failed_before_is_no_success() -> None:
    progress = started(Progress(["extract"], Clock()))
    progress.add(StageStarted("extract", units=9, reused=5, failed=2))
    (row,) = (line for line in drawn(progress).splitlines() if "extract" in line)
    assert row.split()[2:6] == ["3/9", "2", "0", "5"], "done, failed, in flight, reused"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_panel_fits_the_terminal(width: int) -> None:
    clock = Clock()
    planned = ["extract", *(f"expand-{hop}" for hop in range(1, 7)), "cast", "pose", "converse", "npcs", "tools"]
    progress = started(Progress([*planned, "problems", "writings", "report"], clock), Spent(1_234_567, 987_654_321))
    progress.foreseen = foreseen(*((name, 1_000_000, 2) for name in planned))
    progress.name, progress.stopping = "x" * 100, "you pressed Ctrl-C"
    progress.add(StageStarted("expand-3", 123_456, reused=100_000, hop=3))
    work(progress, clock, "expand-3", ends=40, every_s=0.1, failed=20)
    lines = drawn(progress, width).splitlines()
    assert {cell_len(line) for line in lines} == {min(width, 120)}
    assert len(lines) <= 24, "a terminal of 24 lines must hold a run of six hops"


def test_what_it_is_called_cannot_draw() -> None:
    progress = Progress(["extract"], Clock())
    progress.add(RunStarted("\x1b[2J[red]", Path("runs/\x1b]0;title\x07"), Spent()))
    assert "\x1b" not in drawn(progress)
    assert "[red]" in drawn(progress)


def said(*events: Event, every_s: float = 15, kind: type[PlainLines] = PlainLines) -> list[str]:
    clock = Clock()
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    lines = kind(Progress(["extract"], clock), console, every_s)
    with lines:
        for event in events:
            lines(event)
            clock.now += 10
            lines.tick()
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_without_a_terminal_there_is_a_line_at_each_end_of_a_stage() -> None:
    lines = said(
        RunStarted("harbour", Path("runs/harbour"), Spent(7, 900)),
        StageStarted("extract", 2, reused=1),
        UnitStarted("extract"),
        UnitEnded("extract", failed=True),
        StageEnded("extract", 1, 0, 1),
        Note("a [bold]note[/bold]"),
        StageStarted("cast", 0),
        StageEnded("cast", 3, 0, 0),
        every_s=999,
    )
    assert lines == [
        "harbour: run directory runs/harbour",
        "extract: 2 units (1 reused); 1 admitted, 0 rejected, 1 failed; 30 s [7 calls, 900 tokens]",
        "a [bold]note[/bold]",
        "cast: 3 people chosen",
    ]


def test_a_long_stage_says_where_it_is() -> None:
    lines = said(
        RunStarted("harbour", Path("runs/harbour"), Spent(7, 900)),
        StageStarted("extract", 4),
        UnitStarted("extract"),
        UnitEnded("extract", failed=False),
        every_s=35,
    )
    assert lines[1:] == ["extract: 1 of 4, 0 in flight [7 calls, 900 tokens]"]


def test_quiet_is_quiet() -> None:
    assert said(StageStarted("extract", 1), StageEnded("extract", 1, 0, 0), Note("hm"), kind=Silence) == []


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (3599.9, "1:00:00")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
