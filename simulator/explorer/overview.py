"""A run at a glance: what it made, what became of the work, and what was rejected and failed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from simulator.assembly.digest import REJECTED, digest, record_counts
from simulator.assembly.run import Run
from simulator.evidence.yields import Yield, expansion
from simulator.explorer.reader import Look, written
from simulator.models.base import content_hash
from simulator.population.graph_stats import central, graph_stats

__all__ = ["figures", "now", "overview"]

_CENTRAL = 8


def now(look: Look) -> dict[str, Any]:
    """Return a stamp that differs whenever the run has gone on; cheap, to be asked again and again."""
    return {"stamp": content_hash(*written(look.run))}


def overview(look: Look) -> dict[str, Any]:
    """Return the run's counts, stages, yields, rejections, failures and usage."""
    return look.once("overview", lambda: _overview(look.run))


def figures(look: Look) -> dict[str, Any]:
    """Return the figures of the graph, and its most connected people."""
    return look.once("figures", lambda: _figures(look))


def _overview(run: Run) -> dict[str, Any]:
    numbers, asked = digest(run), expansion(run.ledger)
    started = run.ledger.meta("scenario") is not None
    scenario = run.scenario if started else None
    return {
        "name": scenario.name if scenario else run.directory.root.resolve().name,
        "description": (scenario.description or "") if scenario else "",
        "directory": str(run.directory.root.resolve()),
        "state": run.manifest.get("state", ""),
        "stamp": content_hash(*written(run)),
        "counts": record_counts(run) | {"rejections": run.ledger.count("decisions", REJECTED)},
        "hops": numbers.hops,
        "stages": [asdict(stage) for stage in numbers.stages],
        "yields": {"hops": [_told(row) for row in asked.by_hop], "kinds": [_told(row) for row in asked.by_kind]},
        "ended": asked.ended,
        "rejections": _grouped(run, "SELECT subject, stage, COUNT(*) FROM decisions WHERE NOT admitted GROUP BY 1, 2"),
        "failures": _grouped(run, "SELECT role, cause, COUNT(*) FROM failures GROUP BY 1, 2"),
        "usage": list(numbers.usage),
        "models": run.ledger.meta("models", {}),
    }


def _told(row: Yield) -> dict[str, Any]:
    return {**row.model_dump(), "share": row.share}


def _grouped(run: Run, sql: str) -> list[dict[str, Any]]:
    rows = run.ledger.rows(f"{sql} ORDER BY 3 DESC, 1, 2")
    return [{"of": of, "why": why or "other", "count": count} for of, why, count in rows]


def _figures(look: Look) -> dict[str, Any]:
    graph = look.graph
    if not len(graph):
        return {"figures": None, "central": []}
    stats = graph_stats(graph)
    apart = stats.separation
    people = [
        {"id": id, "text": graph.text(id), "hop": graph.hop(id), "relations": count}
        for id, count in central(graph, _CENTRAL)
        if count and id in graph
    ]
    told = {**stats.model_dump(mode="json"), "steps_mean": apart.mean, "within_six": apart.within_six}
    return {"figures": told, "central": people}
