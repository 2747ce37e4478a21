"""Texts: what a person would write of what they know (Persona Hub, section 4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record
from simulator.population.tokens import word_list
from simulator.roles.checks import leftover
from simulator.roles.choice import nearness
from simulator.roles.guards.words import sentences
from simulator.roles.prose import language_differs, length_flaw, prose_checks, tidied
from simulator.roles.role import Check, Role

__all__ = ["MOST_ASKED", "TextInput", "Written", "text_writer"]

MOST_ASKED = 1000
"""Words that can be asked for: longer texts are rather several."""

_MOST_TITLE = 20
_LEAST = 40  # words of any text: a small model writes as many when it is asked for more
_SLACK = 1.6


class TextInput(Record):
    """Who writes, what kind of text it is to be, and how many words long."""

    persona: str = Field(min_length=1)
    kind: str = Field("article", min_length=1)
    words: int = Field(200, ge=_LEAST, le=MOST_ASKED)


class Written(Record):
    """The text, and what it is called."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=16_000)


def text_writer() -> Role[TextInput, Written]:
    """Return the role that writes texts."""
    return Role(
        name="text_writer",
        inputs=TextInput,
        output=Written,
        values=_values,
        checks=(
            Check("title", _title, "title"),
            *prose_checks("text", "text_writer"),
            Check("repetition", _repetition, "text"),
            Check("length", _length, "text"),
        ),
        score=_score,
        tidy=_tidy,
    )


def _values(inputs: TextInput) -> Mapping[str, str]:
    return {"persona": inputs.persona, "kind": inputs.kind, "words": str(inputs.words)}


def _tidy(output: Written) -> Written:
    """Mend labels and quotes. Asked field by field, the output has no text while the title is judged."""
    mended = {name: tidied(said) or said for name in ("title", "text") if (said := getattr(output, name, None))}
    if "title" in mended:
        mended["title"] = mended["title"].removeprefix("# ").rstrip(".")
    return output.model_copy(update=mended)


def _title(inputs: TextInput, output: Written) -> str | None:
    found = leftover(output.title) or language_differs(inputs.persona, output.title)
    if found:
        return f"the title does not do ({found})"
    count = len(word_list(output.title))
    return None if 1 <= count <= _MOST_TITLE else f"the title has {count} words; 1 to {_MOST_TITLE} are wanted"


def _repetition(_inputs: TextInput, output: Written) -> str | None:
    counts = Counter(one.casefold() for one in sentences(output.text) if len(word_list(one)) > 3)
    twice = next((one for one, count in counts.items() if count > 1), None)
    return f"it says a sentence twice ({twice[:60]!r})" if twice else None


def _length(inputs: TextInput, output: Written) -> str | None:
    return length_flaw(output.text, min(_LEAST, inputs.words / 2), max(_SLACK * inputs.words, 2 * _LEAST))


async def _score(inputs: TextInput, outputs: Sequence[Written], embedder: Embedder) -> Sequence[float]:
    """Return how near each text (while there is none, its title) is to the person's life."""
    return await nearness(inputs.persona, [getattr(output, "text", "") or output.title for output in outputs], embedder)
