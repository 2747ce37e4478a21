"""The judge role: reads a conversation, answers one question about it, and quotes what decided it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from simulator.models.base import Record, normalise_text
from simulator.models.message import Message
from simulator.models.situation import Situation
from simulator.roles.role import Check, Role
from simulator.roles.script import told

__all__ = ["JudgeInput", "Judgement", "Within", "judge"]

_NEGATIVE = frozenset({"no", "none"})
"""Answers for which there may be nothing to quote."""

_MARKS = re.compile(r"[*`]|(?<!\w)_+|_+(?!\w)")

_QUOTES = "\"'“”‘’ ."


Within = Literal["all", "other", "last", "whole"]


class JudgeInput(Record):
    """What is judged.

    Attributes:
        question: One question about the conversation.
        options: The answers to choose from.
        persona: Who the user is, where that matters.
        situation: What the user is in and wants, where that matters.
        transcript: The conversation, from its beginning.
        within: Whose words count as evidence: anybody's, those of the ``other`` side, or the ``last`` message. With
            ``whole`` anybody's, and none are needed, because the question may be whether something never happens.
    """

    question: str = Field(min_length=1)
    options: tuple[str, ...] = Field(("yes", "no"), min_length=2)
    persona: str = ""
    situation: Situation = Situation()
    transcript: tuple[Message, ...] = Field(min_length=1)
    within: Within = "all"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({option.lower() for option in self.options}) < len(self.options):
            raise ValueError("two of the options are the same")
        return self


class Judgement(Record):
    """What the judge decided.

    Attributes:
        quote: The words of the conversation that decide it; may be empty when the answer is ``no`` or ``none``.
        reason: One sentence.
        answer: One of the options.
    """

    quote: str = Field("", max_length=600)
    reason: str = Field("", max_length=600)
    answer: str = Field(min_length=1, max_length=60)


def judge() -> Role[JudgeInput, Judgement]:
    """Return the judge role."""
    return Role(
        name="judge",
        inputs=JudgeInput,
        output=Judgement,
        values=_values,
        checks=(Check("answer_unknown", _known), Check("quote_missing", _given), Check("quote_invented", _found)),
        tidy=_tidy,
    )


def _values(inputs: JudgeInput) -> Mapping[str, str]:
    sides = {"user": "USER", "assistant": "OTHER SIDE", "system": "SYSTEM"}
    return {
        "persona": inputs.persona or "(not told)",
        "situation": told(inputs.situation),
        "conversation": "\n".join(f"{sides[turn.role]}: {_indented(turn.content)}" for turn in inputs.transcript),
        "question": inputs.question,
        "options": ", ".join(inputs.options),
    }


def _indented(text: str) -> str:
    """Return ``text`` with its further lines set in, so that no side can speak a line in the other's name."""
    return "\n  ".join(text.splitlines())


def _tidy(output: Judgement) -> Judgement:
    quote = normalise_text(output.quote).strip(_QUOTES)
    return output.model_copy(update={"quote": quote, "answer": output.answer.strip().strip(_QUOTES).lower()})


def _known(inputs: JudgeInput, output: Judgement) -> str | None:
    if output.answer in {option.lower() for option in inputs.options}:
        return None
    return f"the answer must be one of {', '.join(inputs.options)}"


def _given(inputs: JudgeInput, output: Judgement) -> str | None:
    if output.quote or output.answer in _NEGATIVE:
        return None
    if inputs.within == "whole":
        return None if output.reason.strip() else "neither a quote nor a reason is given"
    return "the words that decide it are not quoted"


def _found(inputs: JudgeInput, output: Judgement) -> str | None:
    """Refuse a quote that nobody said: a judge that invents its evidence decides nothing.

    The marks of emphasis are no words: who quotes "on **Friday**" may leave them out.
    """
    if output.answer in _NEGATIVE or not output.quote:
        return None
    turns, place = _counted(inputs)
    said, quoted = _words(" ".join(turn.content for turn in turns)), _words(output.quote)
    return None if quoted and quoted in said else f"the quote does not stand in {place} word for word"


def _words(text: str) -> str:
    return normalise_text(_MARKS.sub("", text)).lower()


def _counted(inputs: JudgeInput) -> tuple[Sequence[Message], str]:
    if inputs.within == "last":
        return inputs.transcript[-1:], "the last message"
    if inputs.within == "other":
        return [turn for turn in inputs.transcript if turn.role == "assistant"], "a message of the other side"
    return inputs.transcript, "the conversation"
