"""The cast: which personas of a population take part, chosen by seed.

Every choice depends on the personas, the settings and the seed and on nothing else. Chance is the order of hashes of
the seed and the ids, so a draw is the same on every machine and version, and a larger cast contains the smaller one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from simulator.errors import InputError
from simulator.models.persona import Persona
from simulator.models.relation import Relation

__all__ = [
    "labels_by_attribute",
    "labels_by_hop",
    "labels_by_kind",
    "sample_stratified",
    "sample_uniform",
    "shuffled",
]

OTHER = "other"
"""The label of personas that have none."""


def sample_uniform(personas: Sequence[Persona], size: int, seed: int) -> list[Persona]:
    """Return ``size`` personas, each equally likely, in the order in which they were admitted.

    Args:
        personas: Whom to choose from, in order of admission.
        size: How many; all of them if there are no more.
        seed: Seed of the choice.

    Raises:
        InputError: ``size`` is not positive, or there is nobody to choose from.
    """
    checked_size(personas, size)
    drawn = {persona.id for persona in shuffled(personas, seed)[:size]}
    return [persona for persona in personas if persona.id in drawn]


def sample_stratified(personas: Sequence[Persona], size: int, seed: int, labels: Mapping[str, str]) -> list[Persona]:
    """Return ``size`` personas, as nearly as many of each label as there are, in order of admission.

    A label with few personas gives all of them and the others make up for it. Within a label, and when a last round is
    not for all labels, chance decides.

    Args:
        personas: Whom to choose from, in order of admission.
        size: How many; all of them if there are no more.
        seed: Seed of the choice.
        labels: Label by persona id (:func:`labels_by_hop` and so on); who has none is labelled ``other``.

    Raises:
        InputError: ``size`` is not positive, or there is nobody to choose from.
    """
    checked_size(personas, size)
    taken: dict[str, int] = defaultdict(int)
    rounds: list[tuple[int, bytes, str]] = []
    for persona in shuffled(personas, seed):
        label = labels.get(persona.id, OTHER)
        rounds.append((taken[label], _digest(seed, label), persona.id))
        taken[label] += 1
    drawn = {id for _, _, id in sorted(rounds)[:size]}
    return [persona for persona in personas if persona.id in drawn]


def labels_by_hop(personas: Iterable[Persona]) -> dict[str, str]:
    """Return each persona's hop as its label."""
    return {persona.id: f"hop {persona.hop}" for persona in personas}


def labels_by_attribute(personas: Iterable[Persona], name: str) -> dict[str, str]:
    """Return each persona's value of the attribute ``name`` as its label, if it has one.

    Raises:
        InputError: Nobody has it, so there would be one stratum only.
    """
    people = list(personas)
    labels = {persona.id: persona.attributes[name] for persona in people if name in persona.attributes}
    if people and not labels:
        there = sorted({attribute for persona in people for attribute in persona.attributes})
        named = f"they have {', '.join(map(repr, there))}" if there else "they have none"
        raise InputError(f"Nobody has the attribute {name!r}: {named}. Name another in cast.attribute.")
    return labels


def labels_by_kind(relations: Iterable[Relation]) -> dict[str, str]:
    """Return the kind of the first relation that led to each persona as its label; seeds have none."""
    labels: dict[str, str] = {}
    for relation in relations:
        labels.setdefault(relation.target, relation.kind)
    return labels


def shuffled(personas: Sequence[Persona], seed: int) -> list[Persona]:
    """Return ``personas`` in a random order that depends on their ids and the seed alone."""
    return sorted(personas, key=lambda persona: (_digest(seed, persona.id), persona.id))


def checked_size(personas: Sequence[Persona], size: int) -> None:
    """Raise an InputError unless a cast of ``size`` can be chosen from ``personas``."""
    if size < 1:
        raise InputError(f"A cast of {size} was asked for: ask for at least 1.")
    if not personas:
        raise InputError("There is nobody to cast: no persona passes the filters. Loosen them, or make more personas.")


def _digest(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()
