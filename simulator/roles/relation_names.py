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


def offer(kind: RelationKind, person: str, avoid: tuple[str, ...] = (), count: int = 4) -> tuple[str, ...]:
    """Return ``count`` names of ``kind`` that suit any person, different for different people.

    Args:
        kind: The kind of relation.
        person: Decides the choice, so that each person is offered other names.
        avoid: Names that are not offered, unless fewer than ``count`` others are left.
        count: How many.
    """
    names = RELATION_NAMES[kind]
    used = {name.lower() for name in avoid}
    fresh = [name for name in names if name not in used]
    pool = fresh if len(fresh) >= count else list(names)
    return tuple(sorted(pool, key=lambda name: derive_seed(kind, person, name))[:count])
