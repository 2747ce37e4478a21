"""A run in numbers, counted by its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.assembly.manifest import usage
from simulator.runs.part import Part

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["REJECTED", "Digest", "StageCount", "digest", "record_counts"]

REJECTED = Part("NOT admitted")
"""The decisions that reject."""

_PRODUCTS = ("instruction", "conversation", "npc", "tool", "problem", "solution", "text", "outcome")


_MADE = {
    "pose": "instructions",
    "converse": "conversations",
    "npcs": "NPCs",
    "tools": "tools",
    "code": "implementations",
    "problems": "problems",
    "solve": "solutions",
    "texts": "texts",
}
"""What each stage makes that the scenario asked for by name."""


@dataclass(frozen=True)
class StageCount:
    """What became of one stage's units.

    Attributes:
        stage: Its name.
        units: Those that ended.
        kept: Those that added what they were asked for.
        rejected: Candidates turned down at admission, by the reason's stage (``exact``, ``minhash``, ...).
        failed: Units without a result, by cause.
        drafts: Replies that a check turned down on the way, by flaw.
    """

    stage: str
    units: int
    kept: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    drafts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Digest:
    """A run in numbers.

    Attributes:
        hops: Personas by hop.
        relations: How many.
        products: Products by kind, in the story's order; only kinds that there are.
        stages: In the order in which they ran.
        input_failures: Rows of the inputs that could not be used.
        usage: Calls, tokens and US dollars by stage, role and model.
    """

    hops: Mapping[int, int]
    relations: int
    products: Mapping[str, int]
    stages: tuple[StageCount, ...]
    input_failures: int
    usage: tuple[dict[str, Any], ...]

    @property
    def personas(self) -> int:
        """All admitted personas."""
        return sum(self.hops.values())

    @property
    def empty(self) -> dict[str, int]:
        """What the scenario asked for and nothing came of, with the units that were to make it."""
        return {_MADE[one.stage]: one.units for one in self.stages if one.stage in _MADE and one.units and not one.kept}

    @property
    def failed(self) -> int:
        """Units that ended without a result."""
        return sum(sum(stage.failed.values()) for stage in self.stages)

    @property
    def calls(self) -> int:
        """Replies that were paid for, over all executions."""
        return sum(row["calls"] for row in self.usage)

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of these."""
        return sum(row["prompt_tokens"] + row["completion_tokens"] for row in self.usage)

    @property
    def usd(self) -> float:
        """What they cost, as far as prices were known."""
        return sum(float(row["known_usd"]) for row in self.usage)

    @property
    def unpriced(self) -> int:
        """Replies whose price was not known."""
        return sum(row["unpriced"] for row in self.usage)


def digest(run: Run) -> Digest:
    """Count what the run's ledger holds."""
    rows = run.ledger.rows
    products = dict(rows("SELECT kind, COUNT(*) FROM products GROUP BY kind"))
    return Digest(
        hops=dict(rows("SELECT hop, COUNT(*) FROM personas GROUP BY hop ORDER BY hop")),
        relations=_one(run, "SELECT COUNT(*) FROM relations"),
        products={kind: products[kind] for kind in _PRODUCTS if kind in products},
        stages=tuple(_stages(run)),
        input_failures=_one(run, "SELECT COUNT(*) FROM failures WHERE cause = 'input'"),
        usage=tuple(usage(run.ledger)),
    )


def record_counts(run: Run) -> dict[str, int]:
    """Return how many records of each kind ``sixhop show`` would list."""
    products = dict(run.ledger.rows("SELECT kind, COUNT(*) FROM products GROUP BY kind"))
    counts = {table: _one(run, f"SELECT COUNT(*) FROM {table}") for table in ("personas", "relations", "decisions")}  # noqa: S608
    counts["cast"] = len(run.cast)
    counts |= {f"{kind}s": products.get(kind, 0) for kind in _PRODUCTS}
    counts["toolsets"] = len(run.ledger.meta("toolsets", []))
    return counts | {table: _one(run, f"SELECT COUNT(*) FROM {table}") for table in ("failures", "units")}  # noqa: S608


def _stages(run: Run) -> list[StageCount]:
    rejected = _nested(
        run,
        "SELECT u.stage, COALESCE(d.stage, 'other'), COUNT(*) FROM decisions d JOIN units u ON u.id = d.unit"
        " WHERE NOT d.admitted GROUP BY 1, 2 ORDER BY 3 DESC",
    )
    failed = _nested(
        run, "SELECT stage, cause, COUNT(*) FROM failures WHERE cause != 'input' GROUP BY 1, 2 ORDER BY 3 DESC"
    )
    drafts = _nested(
        run,
        "SELECT u.stage, json_extract(r.value, '$.flaw'), COUNT(*) FROM units u, json_each(u.result, '$.rejected') r"
        " GROUP BY 1, 2 ORDER BY 3 DESC",
    )
    ended = run.ledger.rows("SELECT stage, COUNT(*) FROM units GROUP BY stage ORDER BY MIN(seq)")
    return [
        StageCount(
            stage,
            units,
            units - sum(rejected.get(stage, {}).values()) - sum(failed.get(stage, {}).values()),
            rejected.get(stage, {}),
            failed.get(stage, {}),
            drafts.get(stage, {}),
        )
        for stage, units in ended
    ]


def _nested(run: Run, sql: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for stage, name, count in run.ledger.rows(sql):
        found.setdefault(stage, {})[name] = count
    return found


def _one(run: Run, sql: str) -> int:
    return int(next(run.ledger.rows(sql))[0])
