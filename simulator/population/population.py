"""The population: personas and relations, admitted in order, each decision with its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Vectors
from simulator.errors import InputError
from simulator.models.decision import Decision
from simulator.models.persona import MAX_HOP, Persona, persona_id
from simulator.models.relation import Relation
from simulator.population.candidate import Admission, Candidate
from simulator.population.collector import collector_off
from simulator.population.dedup.deduplicator import Comparison, Deduplicator
from simulator.population.dedup.verdict import DedupSettings, Verdict, explain
from simulator.population.graph.relationship_graph import RelationshipGraph
from simulator.population.hops import Registry

__all__ = ["Population"]


class Population:
    """Admits candidates one after another. The same candidates in the same order make the same population.

    Args:
        settings: How duplicates are told.
    """

    def __init__(self, settings: DedupSettings | None = None) -> None:
        self._dedup = Deduplicator(settings)
        self._registry = Registry()

    @classmethod
    def restore(
        cls,
        personas: Sequence[Persona],
        relations: Iterable[Relation],
        vectors: NDArray[np.floating] | None = None,
        settings: DedupSettings | None = None,
    ) -> Population:
        """Return the population that had admitted ``personas`` and ``relations``, as they are recorded.

        It decides on further candidates as the one that lived through the admissions would.

        Args:
            personas: In order of admission, with their latest hops.
            relations: In order of admission, with their latest hops.
            vectors: One row a persona, as :attr:`vectors` gives them.
            settings: The settings of the run.

        Raises:
            InputError: A relation names a persona that is not among ``personas``, or the vectors do not fit.
        """
        population = cls(settings)
        population.take_in(personas, vectors)
        with collector_off():
            for relation in relations:
                population._check_known(relation.source, relation.target)
                population._registry.add_relation(relation)
        return population

    def take_in(self, personas: Sequence[Persona], vectors: NDArray[np.floating] | None = None) -> None:
        """Take in personas that were found to differ from each other and from all here, without comparing them again.

        Args:
            personas: In order of admission.
            vectors: One row a persona.

        Raises:
            InputError: The vectors do not fit.
        """
        vectors = None if vectors is not None and vectors.shape == (0, 0) else vectors
        with collector_off():
            self._dedup.restore([one.id for one in personas], [one.text for one in personas], vectors)
            for persona in personas:
                self._registry.add_persona(persona)

    def __len__(self) -> int:
        """Return the number of admitted personas."""
        return len(self._registry.personas)

    def __contains__(self, id: str) -> bool:
        return id in self._registry.personas

    @property
    def personas(self) -> list[Persona]:
        """The admitted personas in order of admission, with their hops as of now."""
        return list(self._registry.personas.values())

    @property
    def relations(self) -> list[Relation]:
        """The relations in order of admission, with their hops as of now."""
        return list(self._registry.relations.values())

    @property
    def vectors(self) -> Vectors:
        """A copy of the admitted vectors, a row a persona; (0, 0) if none were given."""
        return self._dedup.vectors.rows()

    def persona(self, id: str) -> Persona:
        """Return an admitted persona as it is now.

        Raises:
            InputError: No admitted persona has this id.
        """
        self._check_known(id)
        return self._registry.personas[id]

    def outward(self, id: str) -> list[Relation]:
        """Return the relations that start at a persona, in order of admission."""
        return list(self._registry.outward(id))

    def graph(self) -> RelationshipGraph:
        """Return the relationship graph of the population as it is now."""
        return RelationshipGraph(self._registry.personas.values(), self._registry.relations.values())

    def admit(self, candidate: Candidate, vector: NDArray[np.floating] | None = None) -> Admission:
        """Admit or reject one candidate.

        Args:
            candidate: Whom to admit.
            vector: Its embedding; required while the embedding stage is on.

        Raises:
            InputError: The candidate came from a persona that is not in the population, or the vector does not fit.
        """
        rows = None if vector is None else np.asarray(vector)[None, :]
        return self.admit_many([candidate], rows)[0]

    def admit_many(
        self, candidates: Sequence[Candidate], vectors: NDArray[np.floating] | None = None
    ) -> list[Admission]:
        """Admit or reject candidates in order, with the same outcome as :meth:`admit` one by one, faster.

        Args:
            candidates: Whom to admit.
            vectors: One row a candidate.

        Raises:
            InputError: As for :meth:`admit`; a candidate may come from an earlier one of the same call.
        """
        ids = [persona_id(candidate.text) for candidate in candidates]
        comparison = self._dedup.compare(ids, [candidate.text for candidate in candidates], vectors)
        return [self._admit(candidate, ids[place], comparison, place) for place, candidate in enumerate(candidates)]

    def _admit(self, candidate: Candidate, id: str, comparison: Comparison, place: int) -> Admission:
        hop = 0
        if candidate.origin == "persona":
            self._check_known(candidate.source)
            hop = self._registry.personas[candidate.source].hop + 1
        if hop > MAX_HOP:
            return Admission(_beyond_limit(candidate, id))
        verdict = comparison.decide(place)
        decision = _decision(candidate, id, verdict, self._dedup.settings)
        if verdict.survivor is None:
            persona = _persona(candidate, id, hop)
            self._registry.add_persona(persona)
            return Admission(decision, persona, self._relate(candidate, id))
        relation = self._relate(candidate, verdict.survivor)
        nearer, changed = self._registry.shorten(verdict.survivor, hop)
        return Admission(decision, None, relation, tuple(nearer), tuple(changed))

    def _relate(self, candidate: Candidate, target: str) -> Relation | None:
        if candidate.relation is None or candidate.kind is None:
            return None
        relation = Relation(
            source=candidate.source,
            target=target,
            name=candidate.relation,
            kind=candidate.kind,
            hop=self._registry.personas[candidate.source].hop + 1,
            unit=candidate.unit,
        )
        return relation if self._registry.add_relation(relation) else None

    def _check_known(self, *ids: str) -> None:
        for id in ids:
            if id not in self._registry.personas:
                raise InputError(f"No admitted persona has the id {id!r}: admit it first, or name its survivor.")


def _persona(candidate: Candidate, id: str, hop: int) -> Persona:
    return Persona(
        id=id,
        text=candidate.text,
        hop=hop,
        origin=candidate.origin,
        source=candidate.source,
        question=candidate.question,
        unit=candidate.unit,
        attributes=dict(candidate.attributes),
    )


def _decision(candidate: Candidate, id: str, verdict: Verdict, settings: DedupSettings) -> Decision:
    return Decision(
        subject="persona",
        candidate=id,
        text=candidate.text,
        admitted=verdict.admitted,
        stage=verdict.stage,
        survivor=verdict.survivor,
        score=verdict.score,
        reason=explain(verdict, settings),
        unit=candidate.unit,
    )


def _beyond_limit(candidate: Candidate, id: str) -> Decision:
    reason = f"It is {MAX_HOP + 1} steps from the nearest seed: the limit is {MAX_HOP}."
    return Decision(
        subject="persona",
        candidate=id,
        text=candidate.text,
        admitted=False,
        stage="limit",
        reason=reason,
        unit=candidate.unit,
    )
