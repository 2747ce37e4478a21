"""How the people of a population are described: how finely, and with which flaws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from simulator.models.base import Record
from simulator.population.quality.flaws import count_flaws
from simulator.population.quality.granularity import GRANULARITIES, attribute_count, granularity
from simulator.runs.ledger import Ledger

__all__ = ["Descriptions", "descriptions", "filtered_by", "told"]


class Descriptions(Record):
    """How personas are described, by heuristics that know no grammar.

    Attributes:
        attributes: Mean number of attributes that a persona states.
        granularity: Personas by how finely they are drawn.
        quality: Admitted personas by the first flaw that the filters would see in them.
        filtered: Imported personas that were kept out, by the flaw.
    """

    attributes: float
    granularity: dict[str, int]
    quality: dict[str, int]
    filtered: dict[str, int] = Field(default_factory=dict)


def descriptions(texts: Sequence[str], language: str, filtered: dict[str, int]) -> Descriptions | None:
    """Return how ``texts`` describe people, or ``None`` when there are none.

    Args:
        texts: The admitted personas.
        language: What they should be written in, a code of ISO 639-1.
        filtered: Imported personas that were kept out, by the flaw.
    """
    if not texts:
        return None
    found = Counter(granularity(text) for text in texts)
    flaws = count_flaws(texts, language)
    return Descriptions(
        attributes=round(sum(map(attribute_count, texts)) / len(texts), 2),
        granularity={name: found[name] for name in GRANULARITIES},
        quality={name: count for name, count in flaws.items() if count},
        filtered=filtered,
    )


def filtered_by(ledger: Ledger) -> dict[str, int]:
    """Return how many imported personas each filter kept out of the run, by the name of the flaw, most first."""
    sql = (
        "SELECT substr(d.reason, 1, instr(d.reason, ':') - 1), COUNT(*) FROM decisions d JOIN units u ON u.id = d.unit"
        " WHERE u.stage = 'import' AND d.stage = 'check' GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return dict(ledger.rows(sql))


def told(made: Descriptions) -> list[tuple[str, str]]:
    """Return it as names and sentences."""
    drawn = ", ".join(f"{count:,} {name}" for name, count in made.granularity.items() if count)
    pairs = [("attributes", f"{made.attributes:.1f} a persona on average ({drawn})")]
    for title, counts in (("look flawed", made.quality), ("filtered", made.filtered)):
        if counts:
            pairs.append((title, ", ".join(f"{count:,} {name}" for name, count in counts.items())))
    return pairs
