"""What the production machine works with. Its state holds counters; everything else is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.embeddings.protocol import Embedder
from simulator.models.world import World
from simulator.population.population import Population
from simulator.roles.role import RoleContext
from simulator.runs.entry import ProductKind
from simulator.runs.events import Listener, ignore
from simulator.runs.ledger import Ledger
from simulator.runs.stop import Stop
from simulator.scenario.personas import SourcePersona
from simulator.scenario.schema import Scenario
from simulator.scenario.texts import SourceText
from simulator.subjects.checks import Examine
from simulator.subjects.protocol import Subject

__all__ = ["ProductionContext"]


@dataclass(frozen=True)
class ProductionContext:
    """Everything that the stages of one run share.

    Attributes:
        scenario: What to simulate.
        texts: Where Text-to-Persona starts.
        world: The world of the NPCs, if the scenario has one.
        ledger: The record of the run; the only thing that is written while it runs.
        population: The admitted personas, restored from the ledger.
        embedder: For admission, scores and casting.
        roles: The role machine's context for each role, with its model, prompt and the ledger's reply cache.
        stop: Why no further unit may start.
        widths: Units that a stage works on at once, by its base name, where that is not the scenario's ``concurrency``.
        listener: Told of progress.
        subject: The assistant under test, if there is one.
        examine: The checks by functions of the user's, by what names them.
        personas: Personas made elsewhere, which the population begins with.
        desks: What was admitted of each kind of product so far (made on first use).
    """

    scenario: Scenario
    texts: tuple[SourceText, ...]
    world: World | None
    ledger: Ledger
    population: Population
    embedder: Embedder
    roles: Mapping[str, RoleContext[Any, Any]]
    stop: Stop
    listener: Listener = ignore
    subject: Subject | None = None
    examine: Mapping[str, Examine] = field(default_factory=dict)
    personas: tuple[SourcePersona, ...] = ()
    desks: dict[ProductKind, Any] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
