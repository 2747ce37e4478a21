"""Who asks to be admitted to a population, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulator.errors import InputError
from simulator.models.decision import Decision
from simulator.models.persona import Persona, Question
from simulator.models.relation import Relation, RelationKind

__all__ = ["Admission", "Candidate"]


@dataclass(frozen=True)
class Candidate:
    """A persona that was proposed and not yet compared with the others.

    Attributes:
        text: One or two sentences.
        origin: ``text`` (T2P), ``persona`` (P2P) or ``import``.
        source: The id of the text or persona that it came from, or the file and row of an import.
        question: For T2P, which question was asked.
        relation: For P2P, what the candidate is to its source, e.g. ``"younger sister"``.
        kind: For P2P, the kind of relation that was asked for.
        unit: The unit that made it; empty for an import.
        attributes: What else the source said of the person.
    """

    text: str
    origin: Literal["text", "persona", "import"]
    source: str
    question: Question | None = None
    relation: str | None = None
    kind: RelationKind | None = None
    unit: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InputError(f"The candidate from {self.source!r} has no text: give one or two sentences.")
        if self.origin == "persona":
            if not self.relation or self.kind is None:
                raise InputError(
                    f"The candidate from persona {self.source!r} must name its relation and the kind of it."
                )
        elif self.relation is not None:
            raise InputError(
                f"The candidate from {self.source!r} has the relation {self.relation!r}: only one that came from a "
                f"persona has a relation."
            )


@dataclass(frozen=True)
class Admission:
    """What became of a candidate: everything that the record of a run must take in.

    Attributes:
        decision: Admitted or not, with the evidence.
        persona: The new persona, if admitted.
        relation: The new relation, from the source to the new persona or to the survivor, unless there was one
            like it already or it would join a persona with itself.
        nearer: Personas admitted earlier that this candidate brought nearer to a seed, with their new hops.
        changed: Relations admitted earlier whose hop changed with that of their source.
    """

    decision: Decision
    persona: Persona | None = None
    relation: Relation | None = None
    nearer: tuple[Persona, ...] = ()
    changed: tuple[Relation, ...] = ()
