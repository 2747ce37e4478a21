"""The cast: which personas of a population take part, chosen by seed.

Every choice depends on the personas, the settings and the seed and on nothing else. Chance is the order of hashes of
the seed and the ids, so a draw is the same on every machine and version, and a larger cast contains the smaller one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from simulator.errors import InputError
from simulator.models.persona import Persona

__all__ = ["sample_uniform", "shuffled"]


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


def shuffled(personas: Sequence[Persona], seed: int) -> list[Persona]:
    """Return ``personas`` in a random order that depends on their ids and the seed alone."""
    return sorted(personas, key=lambda persona: (hashlib.sha256(f"{seed}:{persona.id}".encode()).digest(), persona.id))


def checked_size(personas: Sequence[Persona], size: int) -> None:
    """Raise an InputError unless a cast of ``size`` can be chosen from ``personas``."""
    if size < 1:
        raise InputError(f"A cast of {size} was asked for: ask for at least 1.")
    if not personas:
        raise InputError("There is nobody to cast: no persona passes the filters. Loosen them, or make more personas.")
