"""Names of relations, by kind: what is offered to a model to choose from, and what counts as a relation."""

from __future__ import annotations

from simulator.models.base import derive_seed
from simulator.models.relation import RelationKind

__all__ = ["RELATION_NAMES", "offer"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


RELATION_NAMES: dict[RelationKind, tuple[str, ...]] = {
    "family": _names(
        "younger sister, older brother, mother, father, grandmother, grandfather, aunt, uncle, niece, nephew, cousin, "
        "daughter, son, wife, husband, mother-in-law, brother-in-law, stepson, twin sister, godfather"
    ),
    "friend": _names(
        "childhood friend, best friend, pen friend, old school friend, travelling companion, former flatmate, "
        "friend from the army, gym partner, dance partner, chess partner, bandmate, friend from night school"
    ),
    "colleague": _names(
        "supervisor, assistant, business partner, newest colleague, shift partner, department head, intern, deputy, "
        "accountant, union representative, office manager, night-shift colleague, substitute"
    ),
    "service": _names(
        "family doctor, hairdresser, car mechanic, bank adviser, dentist, cleaner, taxi driver, lawyer, main supplier, "
        "regular customer, delivery driver, babysitter, insurance agent, physiotherapist, travel agent"
    ),
    "neighbour": _names(
        "next-door neighbour, upstairs neighbour, landlord, caretaker, neighbour across the street, lodger, "
        "corner shop owner, new neighbour, elderly neighbour, neighbour with a dog, garden neighbour"
    ),
    "rival": _names(
        "business rival, rival for promotion, competitor from the next town, old school rival, strict inspector, "
        "sporting rival, harshest critic, opponent in court, former partner turned rival, younger rival"
    ),
    "mentor": _names(
        "former teacher, first employer, coach, old professor, apprentice, star pupil, retired predecessor, godmother, "
        "trainee, singing teacher, driving instructor, thesis supervisor"
    ),
    "community": _names(
        "choir leader, parish priest, town councillor, volunteer organiser, club treasurer, scout leader, librarian, "
        "market trader, school board member, fellow volunteer, community nurse, village postwoman, festival organiser"
    ),
}
"""Relations as the person in the middle would say them ("my ...")."""


SELDOM: dict[str, dict[RelationKind, tuple[str, ...]]] = {
    "children": {
        "family": _names("youngest daughter, little brother, niece, nephew, granddaughter, stepson"),
        "friend": _names("youngest friend"),
        "service": _names("youngest customer, babysitter"),
        "neighbour": _names("neighbour's daughter, neighbour's son"),
        "mentor": _names("star pupil, youngest pupil"),
        "community": _names("youngest choir member"),
    },
    "old people": {
        "family": _names("grandmother, grandfather, great-aunt"),
        "friend": _names("oldest friend"),
        "neighbour": _names("elderly neighbour"),
        "mentor": _names("old professor, retired predecessor, former teacher"),
        "rival": _names("old school rival"),
        "community": _names("oldest club member"),
    },
    "without work": {
        "family": _names("brother-in-law between jobs"),
        "friend": _names("former flatmate"),
        "colleague": _names("laid-off colleague"),
        "neighbour": _names("neighbour out of work"),
    },
    "unseen work": {
        "friend": _names("friend from night school"),
        "colleague": _names("night-shift colleague, night porter, office cleaner"),
        "service": _names("cleaner, delivery driver, car mechanic"),
        "neighbour": _names("caretaker, lodger"),
        "community": _names("village postwoman, market trader"),
    },
    "at home": {
        "family": _names("mother, mother-in-law, foster mother"),
        "service": _names("babysitter, child minder"),
        "neighbour": _names("neighbour who stays at home"),
    },
}
"""Names that lead to people whom texts seldom speak of, by kind.

The groups are those of :mod:`simulator.population.quality.presence`.
"""


def offer(
    kind: RelationKind,
    person: str,
    avoid: tuple[str, ...] = (),
    prefer: tuple[str, ...] = (),
    count: int = 4,
) -> tuple[str, ...]:
    """Return ``count`` names of ``kind`` that suit any person, different for different people.

    Args:
        kind: The kind of relation.
        person: Decides the choice, so that each person is offered other names.
        avoid: Names that are not offered, unless fewer than ``count`` others are left.
        prefer: Names of which up to half of the offer is made, first in it.
        count: How many.
    """

    def order(name: str) -> int:
        return derive_seed(kind, person, name)

    used = {name.lower() for name in avoid}
    first = sorted((name for name in prefer if name not in used), key=order)[: count // 2]
    names = [name for name in RELATION_NAMES[kind] if name not in first]
    fresh = [name for name in names if name not in used]
    pool = fresh if len(first) + len(fresh) >= count else names
    return (*first, *sorted(pool, key=order)[: count - len(first)])
