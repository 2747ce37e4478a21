"""What became of imported personas, counted by the ledger, and the scenario that an import by itself is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.errors import InputError
from simulator.evidence.people import filtered_by
from simulator.runs.ledger import Ledger
from simulator.scenario.schema import Scenario
from simulator.scenario.wrong import wrong_values

__all__ = ["PersonaImport", "import_scenario", "imported"]


@dataclass(frozen=True)
class PersonaImport:
    """What became of rows of personas: ``rows = admitted + sum(rejected) + sum(filtered) + failed``.

    Attributes:
        rows: Rows that were read; blank lines are none.
        admitted: Personas in the population.
        rejected: Duplicates, by the stage that found out.
        filtered: Personas with a flaw, by its name.
        failed: Rows without a usable persona.
        attributes: Attributes that personas have, with the number that have each.
    """

    rows: int
    admitted: int
    rejected: dict[str, int]
    filtered: dict[str, int]
    failed: int
    attributes: dict[str, int]


_DECIDED = "FROM decisions d JOIN units u ON u.id = d.unit WHERE u.stage = 'import'"


def imported(ledger: Ledger) -> PersonaImport:
    """Return what became of the personas that the run began with."""
    rejected = dict(
        ledger.rows(
            f"SELECT d.stage, COUNT(*) {_DECIDED} AND NOT admitted AND d.stage != 'check' GROUP BY 1 ORDER BY 1"
        )
    )
    filtered = filtered_by(ledger)
    admitted = _one(ledger, f"SELECT COUNT(*) {_DECIDED} AND admitted")
    failed = _one(ledger, "SELECT COUNT(*) FROM failures WHERE stage = 'import'")
    attributes = ledger.rows(
        "SELECT a.key, COUNT(*) FROM personas p, json_each(p.attributes) a WHERE p.origin = 'import'"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    rows = admitted + sum(rejected.values()) + sum(filtered.values()) + failed
    return PersonaImport(rows, admitted, rejected, filtered, failed, dict(attributes))


def import_scenario(name: str, values: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a run that begins with personas and asks for nothing else.

    Raises:
        InputError: A value is not allowed.
    """
    try:
        return Scenario.model_validate({"name": name, "base": Path.cwd(), **values})
    except ValidationError as error:
        raise InputError("\n".join(line.strip() for line in wrong_values(error, Scenario, "import"))) from error


def _one(ledger: Ledger, sql: str) -> int:
    return int(next(ledger.rows(sql))[0])
