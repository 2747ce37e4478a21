"""Units and failures: what was done, and what ended without a product."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import Barred, facts, heading, short, table
from simulator.models.base import Record
from simulator.models.unit import Failure, Unit, UnitResult

__all__ = ["EndedUnit", "failure_card", "failures_table", "unit_card", "units_table"]

People = Mapping[str, str]


class EndedUnit(Record):
    """A unit with how it ended."""

    id: str
    unit: Unit
    result: UnitResult


def units_table(units: Iterable[EndedUnit], people: People) -> Table:
    """Return one row per unit."""
    made = table("id", "stage", "role", "", "tries>", "result*")
    for one in units:
        failure = one.result.failure
        made.add_row(
            words(short(one.id), "cyan"),
            words(one.unit.stage),
            words(one.unit.role),
            words("✗", "red") if failure else words("✓", "green"),
            str(len(one.result.rejected) + (failure is None)),
            words(one_line(failure.message if failure else _told(one.result.value), 160)),
        )
    return made


def unit_card(one: EndedUnit, people: People) -> RenderableType:
    """Return one unit: what went in, what came out, and what was turned down on the way."""
    unit, result = one.unit, one.result
    pairs = [
        ("id", one.id),
        ("stage", unit.stage),
        ("role", unit.role),
        ("seed", str(unit.seed)),
        ("prompt", result.prompt[:16]),
        ("score", "" if result.score is None else f"{result.score:.4f}"),
    ]
    parts: list[RenderableType] = [facts(pairs), Text(), heading("inputs"), _json(unit.inputs)]
    if result.failure is not None:
        parts += [Text(), words(f"failed: {result.failure.cause}", "bold red"), words(result.failure.message)]
    else:
        parts += [Text(), heading("value"), _json(result.value)]
    for attempt in result.rejected:
        parts += [Text(), words(f"turned down: {attempt.flaw}", "bold yellow"), words(attempt.message)]
        parts += [Barred(attempt.raw, "dim")] if attempt.raw else []
    return Group(*parts)


def failures_table(failures: Iterable[Failure], people: People) -> Table:
    """Return one row per failure."""
    made = table("unit", "stage", "cause", "what happened*")
    for one in failures:
        unit = short(one.unit) if one.unit.startswith("u-") else one.unit
        made.add_row(words(unit, "cyan"), words(one.stage), words(one.cause, "red"), words(one.message))
    return made


def failure_card(failure: Failure, people: People) -> RenderableType:
    """Return one failure with the reply as it came."""
    pairs = [
        ("unit", failure.unit),
        ("stage", failure.stage),
        ("role", failure.role),
        ("attempts", str(failure.attempts)),
    ]
    parts: list[RenderableType] = [words(failure.cause, "bold red"), words(failure.message), facts(pairs)]
    if failure.raw:
        parts += [Text(), heading("reply"), Barred(failure.raw, "dim")]
    return Group(*parts)


def _told(value: dict[str, Any] | None) -> str:
    return "; ".join(str(part) for part in (value or {}).values())


def _json(value: Any) -> Text:
    return words(json.dumps(value, indent=2, ensure_ascii=False))
