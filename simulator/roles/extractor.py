"""Text-to-Persona: from a text to the person who would read, write, like or dislike it (Persona Hub, section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record
from simulator.models.persona import Question
from simulator.population.quality.granularity import Granularity
from simulator.prompts.shipped import shown_replies
from simulator.roles.checks import shared_run
from simulator.roles.choice import FIELDS_OF_LIFE, agreement, margin
from simulator.roles.detail import detail_check, detail_values
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
from simulator.roles.role import Check, Role
from simulator.roles.topics import topic_words

__all__ = ["ExtractorInput", "FoundPersona", "extractor"]

_STANCE: dict[Question, tuple[str, str]] = {
    "read": ("has to read about", "has to deal with"),
    "write": ("writes at work about", "works with"),
    "like": ("loves", "loves"),
    "dislike": ("has trouble with", "is tired of"),
}
"""What the person of a question has to do with the text's subject, in words that a small model understands: as the
question puts it, and as the description goes on."""


class ExtractorInput(Record):
    """A text, what the wanted person would do with it, and how finely they are to be drawn."""

    text: str = Field(min_length=1)
    question: Question
    granularity: Granularity = "medium"


class FoundPersona(Record):
    """A person found from a text."""

    # where the prompt asks for it: what they are in a few words
    who: str = Field("", max_length=MAX_WHO)
    persona: str = Field(min_length=1, max_length=MAX_CHARACTERS)


def extractor() -> Role[ExtractorInput, FoundPersona]:
    """Return the Text-to-Persona role."""
    return Role(
        name="extractor",
        inputs=ExtractorInput,
        output=FoundPersona,
        values=_values,
        checks=(
            *who_checks(),
            *persona_checks(lambda inputs: inputs.text, shown_replies("extractor", "persona")),
            detail_check(),
            Check("lists_words", _lists_words, "persona", crutch=True),
        ),
        score=_score,
        mend=lambda output: mended(output, who=mend_who, persona=mend_persona),
        tidy=lambda output: mended(output, persona=plain_persona),
    )


def _values(inputs: ExtractorInput) -> Mapping[str, str]:
    stance, verb = _STANCE[inputs.question]
    return {
        "text": inputs.text,
        "question": inputs.question,
        "topics": topic_words(inputs.text),
        "stance": stance,
        "verb": verb,
        **detail_values(inputs.granularity),
    }


def _lists_words(inputs: ExtractorInput, output: FoundPersona) -> str | None:
    run = shared_run(output.persona, [topic_words(inputs.text)], 3)
    return f"it lists words of the text ({run!r}) instead of describing a life" if run else None


async def _score(inputs: ExtractorInput, outputs: Sequence[FoundPersona], embedder: Embedder) -> Sequence[float]:
    """Return how much each person belongs to the text: 0 is no more than to something unrelated.

    While only ``who`` is there, it also counts how near a guess is to the other guesses: several words for one trade
    are a better sign than a word that the text happens to hold.
    """
    described = [getattr(output, "persona", "") for output in outputs]
    texts = described if all(described) else [output.who for output in outputs]
    vectors = await embedder.embed([inputs.text, *FIELDS_OF_LIFE, *texts])
    source, fields, drafts = vectors[0], vectors[1 : len(FIELDS_OF_LIFE) + 1], vectors[len(FIELDS_OF_LIFE) + 1 :]
    belongs = margin(drafts, source, fields)
    if not all(described):
        return [float(score) for score in 0.6 * belongs + 0.4 * agreement(drafts)]
    return [float(score) + plainness(text) for score, text in zip(belongs, described, strict=True)]
