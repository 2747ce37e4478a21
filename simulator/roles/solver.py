"""Solutions: a problem worked out several times, and the answer that most agree on.

Of k solutions the one is taken whose answer the most others share (self-consistency, Wang et al., 2022,
arXiv 2203.11171); that share is its score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, normalise_text
from simulator.population.tokens import word_list
from simulator.roles.checks import leftover, unfinished
from simulator.roles.prose import language_differs, tidied
from simulator.roles.role import Check, Role

__all__ = ["SolverInput", "WorkedSolution", "answer_key", "solver"]

MOST_ANSWER = 300
_NUMBER = re.compile(r"(?:(?<!\w)(?<!\d )[-−])?\d+(?:,\d{3})*(?:\.\d+)?(?:\s*/\s*\d+(?:\.\d+)?)?")
_GAVE_UP = re.compile(
    r"\b(?:not enough information|insufficient (?:information|data)|cannot be (?:determined|solved|answered))\b",
    re.IGNORECASE,
)


class SolverInput(Record):
    """The problem."""

    problem: str = Field(min_length=1)


class WorkedSolution(Record):
    """The way to the answer, and the bare answer."""

    steps: str = Field(min_length=1, max_length=8000)
    answer: str = Field(min_length=1, max_length=MOST_ANSWER)


def solver() -> Role[SolverInput, WorkedSolution]:
    """Return the role that solves problems."""
    return Role(
        name="solver",
        inputs=SolverInput,
        output=WorkedSolution,
        values=lambda inputs: {"problem": inputs.problem},
        checks=(
            Check("leftover", _leftover, "steps"),
            Check("unfinished", _unfinished, "steps"),
            Check("language", _language, "steps"),
            Check("unsolved", _unsolved, "answer"),
        ),
        score=_agreement,
        tidy=_tidy,
    )


def _tidy(output: WorkedSolution) -> WorkedSolution:
    """Mend labels and quotes. Asked field by field, the output has no answer while the steps are judged."""
    steps, answer = output.steps, getattr(output, "answer", "")
    mended = {"steps": tidied(steps) or steps, "answer": tidied(normalise_text(answer)) or answer}
    return output.model_copy(update=mended if answer else {"steps": mended["steps"]})


def answer_key(answer: str) -> tuple[str, ...]:
    """Return what two answers must share to be the same: their numbers, or without numbers their words.

    >>> answer_key("1,200 kg") == answer_key("It is 1200.0")
    True
    >>> answer_key("3/4") == answer_key("0.75 of it")
    True
    >>> answer_key("2-5-3") == answer_key("2, 5, 3")  # no minus
    True
    """
    numbers = [_value(found) for found in _NUMBER.findall(answer)]
    return tuple(str(number) for number in numbers) or tuple(word_list(answer))


def _value(text: str) -> Fraction:
    above, _, below = text.replace("−", "-").replace(",", "").replace(" ", "").partition("/")
    under = Fraction(below) if below else Fraction(1)
    return Fraction(above) / under if under else Fraction(above)


async def _agreement(_inputs: SolverInput, outputs: Sequence[WorkedSolution], _embedder: Embedder) -> Sequence[float]:
    """Return for each solution the share of all whose answer is the same, 0 to 1."""
    keys = [answer_key(output.answer) for output in outputs]
    counts = Counter(keys)
    return [counts[key] / len(keys) for key in keys]


def _leftover(_inputs: SolverInput, output: WorkedSolution) -> str | None:
    found = leftover(output.steps)
    return f"it speaks of itself instead of the problem ({found!r})" if found else None


def _unfinished(_inputs: SolverInput, output: WorkedSolution) -> str | None:
    end = unfinished(output.steps)
    reckoned = end and ("=" in end or end[-1].isdigit())  # "... = 210 g"
    return f"its end is missing ({end!r})" if end and not reckoned else None


def _language(inputs: SolverInput, output: WorkedSolution) -> str | None:
    return language_differs(inputs.problem, output.steps)


def _unsolved(_inputs: SolverInput, output: WorkedSolution) -> str | None:
    found = _GAVE_UP.search(output.answer)
    return f"it has no answer ({found.group()!r})" if found else None
