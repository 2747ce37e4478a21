"""What a run that goes on will have taken in the end: what it took, what the stage at work will, what was foreseen."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.cli.screen.progress import Progress, StageProgress

__all__ = ["Projection", "projected"]

_ENOUGH = 3  # units of a stage after which its own measure is better than what was foreseen


@dataclass(frozen=True)
class Projection:
    """Totals in the end.

    Attributes:
        calls: Calls of this execution.
        tokens: Tokens of these.
        usd: What they cost; ``None`` when a price is not known.
        seconds: Of this execution.
    """

    calls: float
    tokens: float
    usd: float | None
    seconds: float


def projected(progress: Progress) -> Projection | None:
    """Return what the run will have taken; ``None`` while nobody can know."""
    foreseen = {stage.stage: stage for stage in progress.foreseen.stages}
    current, now = progress.current, progress.clock()
    if not foreseen or current is None or progress.spent is None:
        return None
    total = [*progress.taken(), now - progress.began]
    for place, amount in enumerate(_rest(progress, current, now)):
        total[place] += amount
    for stage in progress.stages[progress.stages.index(current) + 1 :]:
        expected = foreseen.get(stage.name)
        if expected is not None and stage.state == "waiting":
            usd = expected.usd.expected if expected.usd else 0.0
            parts = (expected.calls.expected, expected.tokens.expected, usd, expected.seconds.expected)
            total = [sum(pair) for pair in zip(total, parts, strict=True)]
    known = progress.foreseen.usd is not None and not progress.spent.unpriced
    return Projection(total[0], total[1], total[2] if known else None, total[3])


def _rest(progress: Progress, stage: StageProgress, now: float) -> list[float]:
    """Return what the units of ``stage`` that are left will take: calls, tokens, dollars and seconds."""
    left, done = stage.units - stage.finished, stage.done + stage.failed
    if done >= _ENOUGH:
        # Units in flight have taken a part of what they will take: counted by half.
        counted = done + stage.in_flight / 2
        spent = [after - before for after, before in zip(progress.taken(), stage.before, strict=True)]
        return [*(max(0.0, amount * stage.units_here / counted - amount) for amount in spent), stage.left_s(now) or 0.0]
    expected = next((one for one in progress.foreseen.stages if one.stage == stage.name), None)
    if expected is None or not expected.units.expected:
        return [0.0, 0.0, 0.0, stage.left_s(now) or 0.0]
    share = left / expected.units.expected
    usd = expected.usd.expected if expected.usd else 0.0
    amounts = (expected.calls.expected, expected.tokens.expected, usd, expected.seconds.expected)
    return [amount * share for amount in amounts]
