"""Which passages of a long lore a writer sees: those that are nearest to the persona and to its seat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.embeddings.protocol import Embedder
from simulator.models.world import World
from simulator.population.tokens import word_list
from simulator.roles.npc_seat import Seat

__all__ = ["LORE_WORDS", "choose_passages"]

LORE_WORDS = 2000
"""Most words of lore in a prompt by default (CJK characters count one each): 2,500 to 3,500 tokens."""


async def choose_passages(
    world: World, personas: Sequence[str], seats: Sequence[Seat], embedder: Embedder, limit: int = LORE_WORDS
) -> list[tuple[int, ...]]:
    """Return for each persona the numbers of the passages to show, in the lore's order; empty: all of it is shown.

    Args:
        world: Its lore is shown whole where it has no more than ``limit`` words.
        personas: Texts of the cast.
        seats: Theirs, in the same order.
        embedder: For the nearness of passages.
        limit: Most words of lore in a prompt; the nearest passage is shown however long it is.

    Raises:
        EndpointError: A remote embedder failed.
    """
    passages = world.passages
    lengths = [len(word_list(passage)) for passage in passages]
    if sum(lengths) <= limit or not personas:
        return [()] * len(personas)
    wanted = [
        f"{seat.occupation}, {seat.place}, {seat.faction}, {seat.race}, {seat.thing}. {text}"
        for text, seat in zip(personas, seats, strict=True)
    ]
    near = (await embedder.embed(wanted)) @ (await embedder.embed(list(passages))).T
    return [_fitting(row, lengths, limit) for row in near]


def _fitting(nearness: NDArray[np.float32], lengths: Sequence[int], limit: int) -> tuple[int, ...]:
    chosen: list[int] = []
    for number in np.argsort(-nearness, kind="stable"):
        used = sum(lengths[one] for one in chosen)
        if not chosen or used + lengths[number] <= limit:
            chosen.append(int(number))
    return tuple(sorted(chosen))
