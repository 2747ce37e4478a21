"""The relationship graph as rows for other programs: scalars only, read from the ledger one after another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.errors import ExportError
from simulator.models.persona import MAX_HOP

if TYPE_CHECKING:
    from simulator.population.graph.relationship_graph import RelationshipGraph
    from simulator.runs.ledger import Ledger

__all__ = ["EDGE_FIELDS", "NODE_FIELDS", "Around", "NetworkRows", "Value", "printable", "read_graph"]

Value = str | int

NODE_FIELDS: dict[str, type] = {
    "text": str,
    "hop": int,
    "origin": str,
    "question": str,
    "source": str,
    "attributes": str,  # a mapping, as JSON: these formats know no other values than scalars
}
"""What is told of a persona, behind its id."""

EDGE_FIELDS: dict[str, type] = {"relation": str, "kind": str, "hop": int}
"""What is told of a relation, behind its ends."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML 1.0 document may hold, not even as a reference; CSV readers stumble over some of them too."""


@dataclass(frozen=True)
class Around:
    """The part of a graph that is wanted: a persona's id, and how many relations away the others may be (0 to 6)."""

    persona: str
    hops: int = MAX_HOP


@dataclass(frozen=True)
class NetworkRows:
    """The personas and relations of a run. Read them within one :meth:`Ledger.snapshot`, so that they fit together.

    Attributes:
        ledger: The record of the run.
        only: Ids of the personas that are wanted, with the relations between them; everybody by default.
    """

    ledger: Ledger
    only: Collection[str] | None = None

    @classmethod
    def of(cls, ledger: Ledger, around: Around | None) -> NetworkRows:
        """Return the rows of the part of the graph that is wanted.

        Raises:
            InputError: No persona has the id of ``around``, or its hops are out of range.
        """
        if around is None:
            return cls(ledger)
        return cls(ledger, frozenset(read_graph(ledger).within(around.persona, around.hops)))

    def nodes(self) -> Iterator[tuple[str, tuple[Value, ...]]]:
        """Yield each persona's id and the values of :data:`NODE_FIELDS`, in order of admission."""
        sql = "SELECT id, text, hop, origin, COALESCE(question, ''), source, attributes FROM personas ORDER BY seq"
        for id, text, hop, origin, question, source, attributes in self.ledger.rows(sql):
            if self.only is None or id in self.only:
                yield id, (printable(text), hop, origin, question, printable(source), printable(attributes))

    def edges(self) -> Iterator[tuple[str, str, tuple[Value, ...]]]:
        """Yield each relation's source, target and the values of :data:`EDGE_FIELDS`, in order of admission."""
        sql = "SELECT source, target, name, kind, hop FROM relations ORDER BY seq"
        for source, target, name, kind, hop in self.ledger.rows(sql):
            if self.only is None or (source in self.only and target in self.only):
                yield source, target, (printable(name), kind, hop)

    def counts(self) -> dict[str, int]:
        """Return how many personas and relations there are."""
        if self.only is None:
            return {table: self.ledger.count(table) for table in ("personas", "relations")}
        return {"personas": len(self.only), "relations": sum(1 for _ in self.edges())}

    def check(self) -> None:
        """Check that there is something to write.

        Raises:
            ExportError: The run has no personas.
        """
        if not self.ledger.count("personas"):
            raise ExportError(f"the run of {str(self.ledger.path)!r} has no personas yet: there is no graph to write")


def read_graph(ledger: Ledger) -> RelationshipGraph:
    """Return the relationship graph of one moment of a run."""
    from simulator.population.graph.relationship_graph import RelationshipGraph

    with ledger.snapshot():
        return RelationshipGraph.of_table(
            ledger.rows("SELECT id, text, hop FROM personas ORDER BY seq"),
            ledger.rows("SELECT source, target, name, kind, hop FROM relations ORDER BY seq"),
        )


def printable(text: str) -> str:
    """Return ``text`` with the replacement character for every character that XML forbids."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
