"""How finely a persona is to be drawn: what the prompt says of it, and what is checked."""

from __future__ import annotations

from typing import Any

from simulator.population.quality.granularity import GRANULARITIES, Granularity, attribute_count
from simulator.roles.role import Check

__all__ = ["WORDS", "detail_check", "detail_values"]

WORDS: dict[Granularity, tuple[int, int]] = {"coarse": (2, 14), "medium": (6, 50), "fine": (18, 70)}
"""Fewest and most words that pass; what the prompt asks for lies within."""

_ASKED: dict[Granularity, tuple[str, str]] = {
    "coarse": (
        "2 to 10 words",
        "State one thing of the person and nothing else: what they are. No circumstances, and no clause that begins "
        'with "who", even where the examples have them.',
    ),
    "medium": (
        "12 to 40 words",
        "State two to four things of the person: what they are, and what makes them this one.",
    ),
    "fine": (
        "30 to 60 words",
        "State five to eight things of the person: what they are, age or stage of life, place, circumstances, habits, "
        "what they want and what stands in their way, even where the examples say less.",
    ),
}
"""The length and the content that are asked for."""

_SLACK = 1
"""Attributes that the count may be off: it knows no grammar."""


def detail_values(granularity: Granularity) -> dict[str, str]:
    """Return the prompt's variables ``length`` and ``detail``."""
    length, detail = _ASKED[granularity]
    return {"length": length, "detail": detail}


def detail_check() -> Check[Any, Any]:
    """Return the check that a persona is drawn as finely as was asked for; of the default anything passes."""

    def test(inputs: Any, output: Any) -> str | None:
        wanted: Granularity = inputs.granularity
        if wanted == "medium":
            return None
        least, most = GRANULARITIES[wanted]
        count = attribute_count(output.persona)
        if least - _SLACK <= count <= most + _SLACK:
            return None
        much = "one thing" if wanted == "coarse" else f"at least {least} things"
        return f"it states {count} things of the person; state {much}"

    return Check("granularity", test, "persona")
