"""The relationship graph as rows for other programs: scalars only, read from the ledger one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.errors import ExportError

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["EDGE_FIELDS", "NODE_FIELDS", "NetworkRows", "Value", "printable"]

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
class NetworkRows:
    """The personas and relations of a run. Read them within one :meth:`Ledger.snapshot`, so that they fit together."""

    ledger: Ledger

    def nodes(self) -> Iterator[tuple[str, tuple[Value, ...]]]:
        """Yield each persona's id and the values of :data:`NODE_FIELDS`, in order of admission."""
        sql = "SELECT id, text, hop, origin, COALESCE(question, ''), source, attributes FROM personas ORDER BY seq"
        for id, text, hop, origin, question, source, attributes in self.ledger.rows(sql):
            yield id, (printable(text), hop, origin, question, printable(source), printable(attributes))

    def edges(self) -> Iterator[tuple[str, str, tuple[Value, ...]]]:
        """Yield each relation's source, target and the values of :data:`EDGE_FIELDS`, in order of admission."""
        sql = "SELECT source, target, name, kind, hop FROM relations ORDER BY seq"
        for source, target, name, kind, hop in self.ledger.rows(sql):
            yield source, target, (printable(name), kind, hop)

    def check(self) -> None:
        """Check that there is something to write.

        Raises:
            ExportError: The run has no personas.
        """
        if not next(self.ledger.rows("SELECT COUNT(*) FROM personas"))[0]:
            raise ExportError(f"the run of {str(self.ledger.path)!r} has no personas yet: there is no graph to write")


def printable(text: str) -> str:
    """Return ``text`` with the replacement character for every character that XML forbids."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
