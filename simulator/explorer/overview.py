"""A run at a glance: what it made, what became of the work, and what was rejected and failed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from simulator.assembly.digest import REJECTED, digest, record_counts
from simulator.assembly.run import Run
from simulator.errors import UsageError
from simulator.evidence.causes import whose_text
from simulator.evidence.outcomes import summarise
from simulator.evidence.yields import Yield, expansion
from simulator.explorer.reader import Look, written
from simulator.explorer.records import failure_groups, rejection_groups
from simulator.models.base import content_hash
from simulator.population.graph.stats import central, graph_stats

__all__ = ["figures", "now", "overview"]

_CENTRAL = 8


def now(look: Look) -> dict[str, Any]:
    """Return the run's name and counts, and a stamp that differs whenever it has gone on; cheap, to be asked again."""
    return look.once("now", lambda: _now(look.run))


def overview(look: Look) -> dict[str, Any]:
    """Return the run's counts, stages, yields, rejections, failures and usage."""
    return now(look) | look.once("overview", lambda: _overview(look.run))


def figures(look: Look) -> dict[str, Any]:
    """Return the figures of the graph, and its most connected people."""
    return look.once("figures", lambda: _figures(look))


def _now(run: Run) -> dict[str, Any]:
    return {
        **_scenario(run),
        "stamp": content_hash(*written(run)),
        "counts": record_counts(run) | {"rejections": run.ledger.count("decisions", REJECTED)},
        "hops": dict(run.ledger.rows("SELECT hop, COUNT(*) FROM personas GROUP BY hop ORDER BY hop")),
    }


def _overview(run: Run) -> dict[str, Any]:
    numbers, asked = digest(run), expansion(run.ledger)
    return {
        "directory": str(run.directory.root.resolve()),
        "state": run.manifest.get("state", ""),
        "stages": [asdict(stage) for stage in numbers.stages],
        "yields": {"hops": [_told(row) for row in asked.by_hop], "kinds": [_told(row) for row in asked.by_kind]},
        "ended": asked.ended,
        "rejections": rejection_groups(run),
        "failures": failure_groups(run),
        "usage": list(numbers.usage),
        "test": _test(run) if "outcome" in numbers.products else None,
        "models": run.ledger.meta("models", {}),
    }


def _scenario(run: Run) -> dict[str, str]:
    """Return the name and the description of the run's scenario, if it has one that this version understands.

    Whatever is the matter with the scenario, what the run made can be looked at.
    """
    told = {"name": run.directory.root.resolve().name, "description": "", "problem": ""}
    if run.ledger.meta("scenario") is None:
        return told
    try:
        scenario = run.scenario
    except UsageError as error:
        return told | {"problem": str(error)}
    return told | {"name": scenario.name, "description": scenario.description}


def _test(run: Run) -> dict[str, Any]:
    found = summarise(run.ledger)
    causes = [{**cause.model_dump(), "whose": whose_text(cause.whose)} for cause in found.causes]
    return found.model_dump(mode="json") | {"causes": causes}


def _told(row: Yield) -> dict[str, Any]:
    return {**row.model_dump(), "share": row.share}


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
