"""A run to look at: everything that its ledger holds, as typed records. Nothing here writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.assembly.kept import recorded_scenario
from simulator.exports.network_rows import read_graph
from simulator.models.conversation import Conversation
from simulator.models.decision import Decision
from simulator.models.instruction import Instruction
from simulator.models.npc import Npc
from simulator.models.outcome import Outcome
from simulator.models.persona import Persona
from simulator.models.problem import Problem, Solution, WrittenText
from simulator.models.relation import Relation
from simulator.models.tool import Tool
from simulator.models.unit import Failure
from simulator.runs.directory import RunDirectory
from simulator.runs.ledger import Ledger
from simulator.scenario.schema import Scenario

if TYPE_CHECKING:
    from simulator.population.graph.relationship_graph import RelationshipGraph

__all__ = ["Run", "open_run"]


class Run:
    """One run directory, opened for reading. Use it in a ``with`` block, or close it.

    Attributes:
        directory: Its paths.
        ledger: Its record.
    """

    def __init__(self, root: Path) -> None:
        self.directory = RunDirectory(root)
        self.ledger = Ledger.open(self.directory.ledger, writable=False)
        self._graph: RelationshipGraph | None = None

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    @property
    def manifest(self) -> dict[str, Any]:
        """Fingerprint, versions, models, prompt hashes, counts and usage; empty until the run has ended once."""
        path = self.directory.manifest
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def scenario(self) -> Scenario:
        """The scenario, as it was resolved when the run last started.

        Raises:
            RunDirectoryError: The run was never started.
        """
        return recorded_scenario(self.ledger, self.directory)

    @property
    def personas(self) -> list[Persona]:
        """The admitted personas in order of admission."""
        return list(self.ledger.personas())

    @property
    def relations(self) -> list[Relation]:
        """The relations in the order in which they were added."""
        return list(self.ledger.relations())

    @property
    def cast(self) -> list[str]:
        """The ids of the cast; empty before the run chose one."""
        return list(self.ledger.meta("cast", []))

    @property
    def decisions(self) -> list[Decision]:
        """Admissions and rejections with their evidence."""
        return list(self.ledger.decisions())

    @property
    def failures(self) -> list[Failure]:
        """What ended without a product, and why."""
        return list(self.ledger.failures())

    @property
    def instructions(self) -> list[Instruction]:
        """What the cast poses."""
        return [Instruction.model_validate(body) for body in self.ledger.products("instruction")]

    @property
    def conversations(self) -> list[Conversation]:
        """The conversations."""
        return [Conversation.model_validate(body) for body in self.ledger.products("conversation")]

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of the conversations that test an assistant."""
        return [Outcome.model_validate(body) for body in self.ledger.products("outcome")]

    @property
    def npcs(self) -> list[Npc]:
        """The characters."""
        return [Npc.model_validate(body) for body in self.ledger.products("npc")]

    @property
    def tools(self) -> list[Tool]:
        """The tool definitions."""
        return [Tool.model_validate(body) for body in self.ledger.products("tool")]

    @property
    def problems(self) -> list[Problem]:
        """The problems."""
        return [Problem.model_validate(body) for body in self.ledger.products("problem")]

    @property
    def solutions(self) -> list[Solution]:
        """The solutions of the problems."""
        return [Solution.model_validate(body) for body in self.ledger.products("solution")]

    @property
    def texts(self) -> list[WrittenText]:
        """The knowledge texts that the cast wrote."""
        return [WrittenText.model_validate(body) for body in self.ledger.products("text")]

    def graph(self) -> RelationshipGraph:
        """Return the relationship graph; built on the first call."""
        if self._graph is None:
            self._graph = read_graph(self.ledger)
        return self._graph

    def persona(self, key: str) -> Persona:
        """Return the persona with the id, the beginning of an id, the text or a part of the text ``key``.

        Raises:
            InputError: None or several fit; then the error's notes list them.
        """
        from simulator.population.graph.reference import resolve

        people = self.ledger.rows("SELECT id, text FROM personas ORDER BY seq")
        return next(self.ledger.personas(resolve(key, people)))


def open_run(root: Path | str) -> Run:
    """Open a run directory for reading.

    Raises:
        RunDirectoryError: There is no run in it.
        LedgerError: Its ledger is damaged.
    """
    return Run(Path(root))
