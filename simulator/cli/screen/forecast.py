"""What ``sixhop plan`` says: each stage with what is expected, and the range beneath it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.assembly.plan import Plan
from simulator.cli.screen.console import words
from simulator.cli.screen.layout import facts, table
from simulator.cli.screen.money import about, compact, dollars
from simulator.cli.screen.progress import duration
from simulator.cli.screen.summary import stage_title
from simulator.runs.forecast import Forecast, Range, StageForecast

__all__ = ["as_data", "forecast_view"]


def forecast_view(found: Plan) -> RenderableType:
    """Return the forecast as a table, with what it rests on."""
    parts: list[RenderableType] = [
        Text.assemble((found.scenario.name, "bold green"), words(f" {found.scenario.description}", "dim")),
        Text(),
        _stages(found.forecast),
        Text(),
        facts(list(_basis(found))),
    ]
    return Group(*parts)


def as_data(found: Plan) -> dict[str, Any]:
    """Return the forecast as JSON-able data."""
    forecast, probe = found.forecast, found.probe
    return {
        "scenario": found.scenario.name,
        "stages": [_stage_data(stage) for stage in forecast.stages if stage.roles],
        "total": _quantities(forecast),
        "prices": {
            role: None if price is None else {**vars(price.normal), "source": price.source}
            for role, price in found.prices.items()
        },
        "probe": None
        if probe is None
        else {
            "directory": str(found.directory),
            "units": {stage: len(units) for stage, units in probe.units.items()},
            "calls": probe.calls,
            "reused": probe.reused,
            "usd": probe.usd,
        },
    }


def _stages(forecast: Forecast) -> Table:
    stages = [stage for stage in forecast.stages if stage.roles]
    measured = any(stage.probed for stage in stages)
    made = table("stage", "units>", "calls>", "tokens>", "cost>", "time>", *(["measured>"] if measured else []))
    for stage in stages:
        probed = f"{stage.probed} unit{'s'[: stage.probed > 1]}" if stage.probed else ""
        told = [words(probed, "dim")] if measured else []
        made.add_row(stage_title(stage.stage), _cell(stage.units, compact), *_cells(stage), *told)
    made.add_section()
    made.add_row(words("all", "bold"), "", *_cells(forecast))
    return made


def _cells(of: StageForecast | Forecast) -> Iterator[RenderableType]:
    yield _cell(of.calls, compact)
    yield _cell(of.tokens, compact)
    yield words("?", "yellow") if of.usd is None else _cell(of.usd, dollars, about)
    yield _cell(of.seconds, duration)


def _cell(of: Range, write: Callable[[float], str], roughly: Callable[[float], str] | None = None) -> Text:
    """Return what is expected and the range beneath it, whose ends may be written ``roughly``."""
    low, high = (roughly or write)(of.low), (roughly or write)(of.high)
    if low == high:
        return words(write(of.expected))
    return Text.assemble(words(write(of.expected)), "\n", words(f"{low}-{high}", "dim"))


def _basis(found: Plan) -> Iterator[tuple[str, str]]:
    probe = found.probe
    if probe is None:
        yield "based on", "the scenario alone: prompts, and rules of thumb. --probe 3 measures"
    else:
        spent = "" if not probe.usd else f" for {dollars(probe.usd)}"
        yield "based on", f"a probe: {probe.calls:,} calls{spent}, {probe.reused:,} found in the ledger"
        yield "kept in", f"{found.directory}: a run there pays no second time for what it needs of that"
        missed = [stage.stage for stage in found.forecast.stages if stage.roles and not stage.probed]
        if missed:
            yield "not reached", f"{', '.join(map(stage_title, missed))}: from the scenario alone; probe more units"
    unknown = [role for role, price in found.prices.items() if price is None]
    if unknown:
        yield "no price", f"is known for {', '.join(unknown)}: name it in models.default.price or SIXHOP_PRICES"
    sources = sorted({price.source for price in found.prices.values() if price is not None and price.normal.output})
    if sources:
        yield "prices", ", ".join(sources)


def _stage_data(stage: StageForecast) -> dict[str, Any]:
    roles = [
        {
            "role": role.role,
            "model": role.model,
            "calls": vars(role.calls),
            "prompt_tokens": vars(role.prompt),
            "completion_tokens": vars(role.completion),
            "usd": None if role.usd is None else vars(role.usd),
        }
        for role in stage.roles
    ]
    return {
        "stage": stage.stage,
        "units": vars(stage.units),
        **_quantities(stage),
        "probed": stage.probed,
        "roles": roles,
    }


def _quantities(of: StageForecast | Forecast) -> dict[str, Any]:
    usd = of.usd
    return {
        "calls": vars(of.calls),
        "tokens": vars(of.tokens),
        "usd": None if usd is None else vars(usd),
        "seconds": vars(of.seconds),
    }
