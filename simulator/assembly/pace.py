"""How long calls take: measured by a probe, or by rules of thumb."""

from __future__ import annotations

from simulator.assembly.unit_meter import Pace
from simulator.llm.spec import EndpointSpec
from simulator.runs.forecast import Range, RoleForecast

__all__ = ["seconds_of"]

_REMOTE_S = Range(0.5, 2.0, 8.0)
"""Seconds of one call to an endpoint elsewhere, when nothing was measured."""

_EMBEDDED_S = Range(0.12, 0.3, 1.5)
"""Seconds for each call to the embedded server, several being answered at once: 8 a second on two free cores with a
short shared prefix, fewer with longer prompts or when others want the cores."""


def seconds_of(
    role: RoleForecast, units: Range, k: int, spec: EndpointSpec | None, concurrency: int, pace: Pace | None
) -> Range:
    """Return the time that the calls of ``role`` in a stage take.

    A remote endpoint answers many calls at once in the time of one; the embedded server shares its cores among them.

    Args:
        role: Its calls and tokens.
        units: The stage's units.
        k: Replies that a unit draws at once.
        spec: The endpoint; ``None`` for a model that the caller brought.
        concurrency: Units that are worked on at once.
        pace: What a probe measured.
    """
    at_once = max(1.0, min(concurrency, units.expected)) * k
    if spec is not None and spec.concurrency is not None and not spec.embedded:
        at_once = min(at_once, spec.concurrency)
    measured = pace is not None and pace.calls > 0
    embedded = spec is not None and spec.embedded
    if pace is not None and measured:
        waited, busy = pace.waited / pace.calls, pace.busy / pace.calls
        shared = waited / at_once
        per_call = Range(min(shared, busy), busy if embedded else shared, max(shared, busy))
    elif embedded:
        per_call = _EMBEDDED_S
    else:
        per_call = _REMOTE_S.of(lambda seconds: seconds / at_once)
    return _capped(role.calls * per_call, role, spec)


def _capped(seconds: Range, role: RoleForecast, spec: EndpointSpec | None) -> Range:
    """Return ``seconds``, or the time that the endpoint's caps of a minute ask for when that is longer."""
    if spec is None:
        return seconds
    tokens = role.prompt + role.completion
    for cap, amount in ((spec.requests_per_minute, role.calls), (spec.tokens_per_minute, tokens)):
        if cap is not None:
            least = amount * Range.exactly(60 / cap)
            seconds = Range(
                max(seconds.low, least.low), max(seconds.expected, least.expected), max(seconds.high, least.high)
            )
    return seconds
