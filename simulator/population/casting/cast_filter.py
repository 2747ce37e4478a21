"""Which personas a scenario lets into its cast."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from simulator.errors import InputError
from simulator.models.base import normalise_text
from simulator.models.persona import Persona
from simulator.models.relation import Relation
from simulator.population.graph.relationship_graph import checked_hops
from simulator.population.quality.granularity import GRANULARITIES, granularity
from simulator.population.tokens import word_grams, word_list

__all__ = ["CastFilter"]


@dataclass(frozen=True)
class CastFilter:
    """Conditions on a persona, all of which it must meet. What is left empty is no condition.

    Attributes:
        hops: Its hop is one of these.
        origins: Its origin is one of these (``text``, ``persona``, ``import``).
        questions: It came from one of these questions (``read``, ``write``, ``like``, ``dislike``).
        kinds: Some relation of one of these kinds leads to it.
        words: Its text has each of these words; of several words, as one phrase.
        without: Its text has none of these words.
        attributes: It has each of these attributes with this value; ``""`` stands for any value.
        granularities: It is drawn as finely as one of these says (``coarse``, ``medium``, ``fine``).
    """

    hops: Collection[int] = ()
    origins: Collection[str] = ()
    questions: Collection[str] = ()
    kinds: Collection[str] = ()
    words: Collection[str] = ()
    without: Collection[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    granularities: Collection[str] = ()

    def __post_init__(self) -> None:
        for hop in self.hops:
            checked_hops(hop)
        for name in self.granularities:
            if name not in GRANULARITIES:
                raise InputError(f"The granularity {name!r} is not known: use {', '.join(GRANULARITIES)}.")
        for word in (*self.words, *self.without):
            if not word_grams(word):
                raise InputError(f"{word!r} has no word in it: give the words that a persona's text must have.")

    def select(self, personas: Iterable[Persona], relations: Iterable[Relation] = ()) -> list[Persona]:
        """Return the personas that meet all conditions, in their order.

        Args:
            personas: Whom to choose from.
            relations: The relations between them; only looked at for ``kinds``.
        """
        related = {relation.target for relation in relations if relation.kind in self.kinds} if self.kinds else set()
        return [p for p in personas if self._meets(p) and (not self.kinds or p.id in related)]

    def _meets(self, persona: Persona) -> bool:
        return (
            (not self.hops or persona.hop in self.hops)
            and (not self.origins or persona.origin in self.origins)
            and (not self.questions or persona.question in self.questions)
            and (not self.granularities or granularity(persona.text) in self.granularities)
            and all(_has(persona.text, words) for words in self.words)
            and not any(_has(persona.text, words) for words in self.without)
            and all(_matches(persona.attributes.get(name), value) for name, value in self.attributes.items())
        )


def _matches(actual: str | None, wanted: str) -> bool:
    return actual is not None and (not wanted or normalise_text(actual).lower() == normalise_text(wanted).lower())


def _has(text: str, words: str) -> bool:
    """Return whether ``words`` stand in ``text`` in a row, as whole words, in any case."""
    wanted, present = word_list(words), word_list(text)
    return any(present[at : at + len(wanted)] == wanted for at in range(len(present) - len(wanted) + 1))
