"""Names for the people of a world: by seed and ordinal, each at most once."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise, product
from math import prod

from simulator.errors import InputError
from simulator.models.base import content_hash
from simulator.models.world import NameCustom, NamePart, World

__all__ = ["capacity", "check_names", "name_at"]

_MAX_PART = 20_000  # names of one part; more is a table that nobody wrote on purpose


def name_at(world: World, race: str, seed: int, ordinal: int, pronoun: str = "") -> str:
    """Return the name of the ``ordinal``-th person of a cast.

    Two ordinals never get the same name, and neighbouring ordinals share no part of it while parts are left: the parts
    are shuffled by the seed and combined like the squares of a Latin square.

    Args:
        world: Whose customs to follow.
        race: Of the person; decides the custom.
        seed: Another seed, other names.
        ordinal: From 0; of those who are named by the same custom.
        pronoun: By which the person is spoken of, for customs that differ by it.

    Raises:
        InputError: The custom has fewer names.
    """
    custom = world.custom(race, pronoun)
    if ordinal >= capacity(custom):
        raise InputError(
            f"world {world.name!r} has {capacity(custom)} names for {race!r} and a cast needs number {ordinal + 1}: "
            f"give its naming custom more words or syllables, or ask for fewer NPCs"
        )
    chosen, rest, shift = [], ordinal, 0
    for names in _shuffled(custom, seed):
        digit, rest = rest % len(names), rest // len(names)
        chosen.append(names[(digit + shift) % len(names)])
        shift += digit
    return custom.joint.join(chosen)


def capacity(custom: NameCustom) -> int:
    """Return how many different names a custom has."""
    return prod(len(_names(part)) for part in custom.parts)


def check_names(world: World) -> None:
    """Check that no two ordinals can get the same name, whatever their races.

    Raises:
        InputError: The words that make two names alike.
    """
    owner: dict[str, int] = {}
    for number, custom in enumerate(world.names):
        for part in custom.parts[:-1] if not custom.joint else ():
            _check_prefixes(world, sorted(_names(part)))
        for name in _names(custom.parts[0]):
            if owner.setdefault(name.casefold(), number) != number:
                raise InputError(
                    f"world {world.name!r}: names: {name!r} begins names of two customs, so that two people could have "
                    f"the same name; leave it in one of them"
                )


def _check_prefixes(world: World, names: list[str]) -> None:
    for one, two in pairwise(names):
        if two.startswith(one):
            raise InputError(
                f"world {world.name!r}: names: without a joint, {one!r} and {two!r} can make the same name; "
                f"leave one of them out, or set a joint"
            )


@lru_cache(maxsize=64)
def _shuffled(custom: NameCustom, seed: int) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(sorted(_names(part), key=lambda name: content_hash("name", seed, number, name)))
        for number, part in enumerate(custom.parts)
    )


@lru_cache(maxsize=256)
def _names(part: NamePart) -> tuple[str, ...]:
    if part.words:
        return tuple(dict.fromkeys(part.words))
    if prod(len(choices) for choices in part.syllables) > _MAX_PART:
        raise InputError(f"names: the syllables {part.syllables!r:.60}... make over {_MAX_PART:,} names; use fewer")
    return tuple(dict.fromkeys("".join(chosen).capitalize() for chosen in product(*part.syllables)))
