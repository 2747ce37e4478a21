"""Persona-to-Persona: from a person to another one in a close relation with them (Persona Hub, section 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, normalise_text
from simulator.models.relation import RELATION_KINDS, RelationKind
from simulator.population.quality.granularity import Granularity
from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.prompts.shipped import shown_replies
from simulator.roles.detail import detail_check, detail_values
from simulator.roles.people_words import head_phrase, names_person
from simulator.roles.persona_checks import persona_checks, who_checks
from simulator.roles.persona_text import (
    MAX_CHARACTERS,
    MAX_WHO,
    mend_persona,
    mend_who,
    mended,
    plain_persona,
    plainness,
)
from simulator.roles.relation_names import RELATION_NAMES, SELDOM, offer
from simulator.roles.role import Check, Role

__all__ = ["Relative", "RelatorInput", "relator"]

_NAME_WORDS = 6
_SAME_WORDS = 0.6
"""Jaccard of two descriptions' words from which they describe the same person."""

_NEAR = 0.35
"""Cosine at which a relative is best: of the same world, and somebody else."""

_MANNER = frozenset(
    {
        "a",
        "an",
        "the",
        "experienced",
        "retired",
        "young",
        "old",
        "former",
        "senior",
        "junior",
        "local",
        "professional",
        "skilled",
        "seasoned",
    }
)
"""Words that make a trade no other trade."""

_KNOWN = frozenset(name for kinds in (RELATION_NAMES, *SELDOM.values()) for names in kinds.values() for name in names)
_NOT_NAMES = frozenset({"relation", "relationship", "person", "somebody", "someone", "another person", *RELATION_KINDS})
_BARE = frozenset({"friend", "colleague", "neighbour", "neighbor", "rival", "mentor"})


class RelatorInput(Record):
    """A person, the kind of relation that is asked for, names used enough already, names to offer first, the detail."""

    persona: str = Field(min_length=1)
    kind: RelationKind
    avoid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    granularity: Granularity = "medium"


class Relative(Record):
    """What the other person is to the first, and who that is."""

    # ``who`` is it in a few words, where the prompt asks for that
    relation: str = Field(min_length=1, max_length=80)
    who: str = Field("", max_length=MAX_WHO)
    persona: str = Field(min_length=1, max_length=MAX_CHARACTERS)


def relator() -> Role[RelatorInput, Relative]:
    """Return the Persona-to-Persona role."""
    return Role(
        name="relator",
        inputs=RelatorInput,
        output=Relative,
        values=_values,
        checks=(
            Check("not_a_relation", _not_a_relation, "relation"),
            Check("not_a_relation", _no_known_relation, "relation", crutch=True),
            Check("avoided", _avoided, "relation"),
            *who_checks(),
            Check("same_person", _same_trade, "who"),
            *persona_checks(lambda inputs: inputs.persona, shown_replies("relator", "persona")),
            detail_check(),
            Check("same_person", _same_person, "persona"),
        ),
        score=_score,
        mend=lambda output: mended(output, who=mend_who, persona=mend_persona),
        tidy=lambda output: mended(output, relation=_mend_relation, persona=plain_persona),
    )


def _values(inputs: RelatorInput) -> Mapping[str, str]:
    return {
        "persona": inputs.persona,
        "kind": inputs.kind,
        "choices": ", ".join(offer(inputs.kind, inputs.persona, inputs.avoid, inputs.prefer)),
        "avoid": ", ".join(inputs.avoid) or "none",
        **detail_values(inputs.granularity),
    }


def _mend_relation(text: str) -> str:
    text = normalise_text(text).strip("\"“”'.*:;, ")
    for start in ("a ", "an ", "the ", "their ", "his ", "her ", "my "):
        if text.lower().startswith(start):
            text = text[len(start) :]
            break
    return text if text.isupper() else text[:1].lower() + text[1:]


def _not_a_relation(inputs: RelatorInput, output: Relative) -> str | None:
    name = output.relation.lower()
    words = word_list(name)
    if name in _KNOWN or name in _BARE:
        return None
    if not words or name in _NOT_NAMES or len(words) > _NAME_WORDS or name[-1] in ".!?,;":
        return f"{output.relation!r} does not name what somebody is to somebody"
    if set(words) <= set(word_list(head_phrase(inputs.persona))):
        return f"{output.relation!r} is what the first person is, not what the other is to them"
    return None


def _no_known_relation(_inputs: RelatorInput, output: Relative) -> str | None:
    name = _mend_relation(output.relation).lower()
    known = name in _KNOWN or name in _BARE or not name.isascii() or names_person(head_phrase(name))
    return None if known else f"{output.relation!r} is no relation between people"


def _avoided(inputs: RelatorInput, output: Relative) -> str | None:
    used = {name.lower() for name in inputs.avoid}
    return f"the relation {output.relation!r} is used enough already" if output.relation.lower() in used else None


def _same_person(inputs: RelatorInput, output: Relative) -> str | None:
    mine, theirs = word_grams(inputs.persona), word_grams(output.persona)
    if jaccard(mine, theirs) >= _SAME_WORDS:
        return "it describes the same person again"
    head = head_phrase(output.persona).lower()
    same = _trade(head) == _trade(head_phrase(inputs.persona)) and len(head.split()) > 1
    return f"it is the same person again, {head!r}" if same else None


def _trade(head: str) -> frozenset[str]:
    """Return what somebody is, without words that make it nothing else; of a head of such words alone, all of them."""
    words = word_grams(head)
    return words - _MANNER or words


def _same_trade(inputs: RelatorInput, output: Relative) -> str | None:
    """Catch early what :func:`_same_person` catches late: small models say the first person's trade again."""
    content = word_grams(output.who) - _MANNER
    again = content and content <= word_grams(inputs.persona)
    return f"{output.who!r} is the first person again" if again and output.who.isascii() else None


async def _score(inputs: RelatorInput, outputs: Sequence[Relative], embedder: Embedder) -> Sequence[float]:
    """Return how well each relative fits: of the same world as the source, but somebody else.

    A relation's name alone is not scored: the first that passed is as good as any.
    """
    texts = [getattr(output, "persona", "") or getattr(output, "who", "") for output in outputs]
    if not all(texts):
        return [0.0] * len(outputs)
    vectors = await embedder.embed([inputs.persona, *texts])
    near = vectors[1:] @ vectors[0]
    return [plainness(text) - abs(float(cosine) - _NEAR) for cosine, text in zip(near, texts, strict=True)]
