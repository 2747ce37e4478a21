"""Choosing among drafts: by what most of them say, and by whether they belong to their source more than to anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Embedder, Vectors

__all__ = ["FIELDS_OF_LIFE", "agreement", "margin", "nearness"]

FIELDS_OF_LIFE: tuple[str, ...] = (
    "cooking and serving food in a restaurant kitchen, recipes, pans, guests at the table",
    "baking bread and cakes, flour, dough, oven",
    "nursing and treating patients in a hospital, doctors, surgery, medicine",
    "giving birth, pregnancy, newborn babies, midwives",
    "teaching children in a classroom, lessons, homework, exams",
    "programming computers, software, servers, data, networks",
    "building houses, bricks, carpentry, roofs, plumbing, electricity",
    "repairing cars and engines in a garage, mechanics, oil, brakes",
    "driving buses, taxis and lorries, traffic, passengers, delivering parcels",
    "sailing boats, harbours, fishing, the sea, storms",
    "flying aeroplanes, pilots, airports, air traffic",
    "farming, cattle, sheep, fields, harvest, tractors",
    "gardens, flowers, vegetables, trees, bees",
    "dogs, cats, horses and wild animals, vets, zoos",
    "courts, lawyers, judges, contracts, police, crime, prison",
    "selling in a shop or market, customers, prices, cash desk",
    "banks, taxes, accounts, insurance, investments",
    "offices, managers, meetings, projects, marketing",
    "factories, warehouses, machines, shift work, trade unions",
    "football, running, swimming, training, matches, coaches",
    "chess, card games, board games, puzzles",
    "playing music, concerts, pianos, violins, singing in a choir",
    "painting, sculpture, theatre, dancing, museums, films",
    "writing novels, newspapers, poems, libraries, books",
    "astronomy, physics, chemistry, laboratories, research",
    "mountains, volcanoes, rocks, earthquakes, weather",
    "sewing clothes, fashion, cloth, shoes, jewellery",
    "cleaning, laundry, housework, renting a flat, landlords",
    "churches, priests, prayer, weddings, funerals",
    "families, parents, children, grandparents, care of the old",
    "soldiers, war, rescue, fire brigade, emergencies",
    "politics, elections, councils, protest, newspapers",
)
"""Wide fields of people's lives, to tell what a description is about. Ours; no list has them all."""


_STRANGE = 2 / 3


async def nearness(life: str, drafts: Sequence[str], embedder: Embedder) -> list[float]:
    """Return how near each draft is to the description of a life: the cosine of their embeddings, -1 to 1."""
    vectors = await embedder.embed([life, *drafts])
    return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def agreement(vectors: Vectors) -> NDArray[np.float32]:
    """Return for each draft its mean cosine to the others, shape (n,); 0 for a single one.

    Args:
        vectors: Unit vectors of the drafts, shape (n, dimensions).
    """
    count = len(vectors)
    if count < 2:
        return np.zeros(count, dtype=np.float32)
    cosines = vectors @ vectors.T
    mean: NDArray[np.float32] = ((cosines.sum(axis=1) - np.diagonal(cosines)) / (count - 1)).astype(np.float32)
    return mean


def margin(drafts: Vectors, source: Vectors, fields: Vectors) -> NDArray[np.float32]:
    """Return by how much each draft is nearer to its source than to any field of life that the source is not about.

    Below 0, the draft belongs elsewhere. It is a difference of cosines, so it means the same with any embedder.

    Args:
        drafts: Unit vectors, shape (n, dimensions).
        source: The source's unit vector, shape (dimensions,).
        fields: Unit vectors of :data:`FIELDS_OF_LIFE`, shape (m, dimensions). The third that is nearest to the source
            does not count: a description may well be nearer to the source's own field than to the source.

    Returns:
        Shape (n,).
    """
    nearest_last = np.argsort(fields @ source, kind="stable")
    strange = fields[nearest_last[: max(1, round(len(fields) * _STRANGE))]]
    far = (drafts @ strange.T).max(axis=1)
    difference: NDArray[np.float32] = (drafts @ source - far).astype(np.float32)
    return difference
