"""The scenario's way of choosing a cast: evenly by chance, by strata, widely spread, or near to what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphs.context import ProductionContext
from simulator.embeddings.many import embed_many
from simulator.embeddings.protocol import Vectors
from simulator.models.persona import Persona
from simulator.population.casting.coverage import labels_by_cluster, sample_coverage, sample_nearest
from simulator.population.casting.sampling import (
    labels_by_attribute,
    labels_by_hop,
    labels_by_kind,
    sample_stratified,
    sample_uniform,
)
from simulator.scenario.casting import Cast

__all__ = ["choose_cast"]


async def choose_cast(context: ProductionContext, people: Sequence[Persona], size: int, seed: int) -> list[Persona]:
    """Return ``size`` of ``people`` as the scenario's ``cast`` says, reproducible by ``seed``.

    Args:
        context: The run.
        people: Those who may be cast, in order of admission.
        size: How many; all of them if there are no more.
        seed: Seed of whatever is left to chance.

    Raises:
        InputError: ``people`` is empty.
        EndpointError: A remote embedder failed.
    """
    section = context.scenario.cast
    if section.strategy == "stratified":
        return sample_stratified(people, size, seed, await _labels(context, section, people, seed))
    if section.strategy == "coverage":
        return sample_coverage(people, await _vectors(context, people), size, seed)
    if section.strategy == "nearest" and section.query is not None:
        query = await context.embedder.embed([section.query])
        found = sample_nearest(people, await _vectors(context, people), query[0], size)
        return [persona for persona, _ in found]
    return sample_uniform(people, size, seed)


async def _labels(context: ProductionContext, section: Cast, people: Sequence[Persona], seed: int) -> Mapping[str, str]:
    if section.by == "hop":
        return labels_by_hop(people)
    if section.by == "relation":
        return labels_by_kind(context.population.relations)
    if section.by == "attribute" and section.attribute is not None:
        return labels_by_attribute(context.population.personas, section.attribute)
    if not people:
        return {}
    clusters = min(section.clusters or section.size, len(people))
    return labels_by_cluster(people, await _vectors(context, people), clusters, seed)


async def _vectors(context: ProductionContext, people: Sequence[Persona]) -> Vectors:
    """Return the vectors of ``people``: those that the population was admitted by, or new ones if it needed none."""
    population = context.population
    kept = population.vectors
    if len(kept) != len(population):
        return await embed_many(context.embedder, [persona.text for persona in people])
    rows = {persona.id: row for row, persona in enumerate(population.personas)}
    return kept[[rows[persona.id] for persona in people]]
