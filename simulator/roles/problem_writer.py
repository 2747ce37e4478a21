"""Problems: what a person's life would pose to a pupil or a thinker (Persona Hub, section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, normalise_text
from simulator.population.tokens import word_grams, word_list
from simulator.roles.choice import nearness
from simulator.roles.prose import length_flaw, prose_checks, tidied
from simulator.roles.role import Check, Role

__all__ = ["MOST_WORDS", "PosedProblem", "ProblemInput", "problem_writer"]

LEAST_WORDS, MOST_WORDS = 10, 220

_TASK = re.compile(
    r"\?|\b(?:find|calculate|compute|determine|show that|prove|work out|estimate|how (?:many|much|long|far)|decide|"
    r"explain|derive|express|simplify|solve|write down|give|state|name|list|compare|arrange)\b",
    re.IGNORECASE,
)
_SOLVED = re.compile(
    r"\b(?:answer|solution|hint)\s*:|\bthe answer is\b|\b(?:step 1|first, we|let us solve)\b", re.IGNORECASE
)
_FIGURE = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|half|twice|third|quarter|hundred)\b", re.IGNORECASE
)
_RECKONED = re.compile(r"math|arithmetic|algebra|geometry|statistic|probabilit|calculus|physics|finance", re.IGNORECASE)
_PROOF = re.compile(r"\b(?:prove|show that|why)\b", re.IGNORECASE)
_ACTIVITIES = word_grams(
    "skills services lessons classes ideas things days hours years people animals patients clients customers tools "
    "repairs offices products"
)
_ASCII = re.compile(r"[a-zA-Z]")


class ProblemInput(Record):
    """Whose life it is from, in which subject, and for whom it is; an empty ``level`` leaves that open."""

    persona: str = Field(min_length=1)
    subject: str = Field("mathematics", min_length=1)
    level: str = ""


class PosedProblem(Record):
    """The problem, without its solution."""

    # what it counts, where the prompt asks for that
    goods: str = Field("", max_length=60)
    problem: str = Field(min_length=1, max_length=2000)


def problem_writer() -> Role[ProblemInput, PosedProblem]:
    """Return the role that poses problems."""
    return Role(
        name="problem_writer",
        inputs=ProblemInput,
        output=PosedProblem,
        values=_values,
        checks=(
            Check("goods", _goods, "goods"),
            *prose_checks("problem", "problem_writer"),
            Check("no_task", _no_task, "problem"),
            Check("no_figures", _no_figures, "problem"),
            Check("solved", _solved, "problem"),
            Check("length", _length, "problem"),
        ),
        score=_score,
        tidy=_tidy,
    )


def _values(inputs: ProblemInput) -> Mapping[str, str]:
    return {"persona": inputs.persona, "subject": inputs.subject, "level": inputs.level or "any that suits the person"}


def _tidy(output: PosedProblem) -> PosedProblem:
    """Mend labels and quotes. Asked field by field, the output has no problem while the goods are judged."""
    said = {name: getattr(output, name, "") for name in ("goods", "problem")}
    mended = {"goods": normalise_text(said["goods"]).lower(), "problem": tidied(said["problem"]) or said["problem"]}
    return output.model_copy(update={name: text for name, text in mended.items() if said[name]})


def _goods(inputs: ProblemInput, output: PosedProblem) -> str | None:
    """Find goods that nobody counts: none but in a prompt that asks for them."""
    text = output.goods
    if not text or not _ASCII.search(text):
        return None
    words = word_list(text)
    if not 1 <= len(words) <= 3 or not words[-1].endswith("s") or words[-1].endswith("ss"):
        return f"{text!r} are not things in the plural, in one to three words"
    used = set(words) & _ACTIVITIES
    return f"{text!r} are nothing that is used up" if used else None


def _no_task(_inputs: ProblemInput, output: PosedProblem) -> str | None:
    if not _ASCII.search(output.problem):
        return None  # how a task sounds is known for English only
    return None if _TASK.search(output.problem) else "it sets no task"


def _no_figures(inputs: ProblemInput, output: PosedProblem) -> str | None:
    text = output.problem
    if not _RECKONED.search(inputs.subject) or not _ASCII.search(text) or _PROOF.search(text):
        return None
    found = _FIGURE.findall(text)
    return None if len(found) >= 2 else f"it gives {len(found)} figures to reckon with; at least 2 are needed"


def _solved(_inputs: ProblemInput, output: PosedProblem) -> str | None:
    found = _SOLVED.search(output.problem)
    return f"it solves itself ({found.group()!r})" if found else None


def _length(_inputs: ProblemInput, output: PosedProblem) -> str | None:
    return length_flaw(output.problem, LEAST_WORDS, MOST_WORDS)


async def _score(inputs: ProblemInput, outputs: Sequence[PosedProblem], embedder: Embedder) -> Sequence[float]:
    """Return how near each problem (while there is none, its goods) is to the person's life."""
    said = [getattr(output, "problem", "") or output.goods for output in outputs]
    return await nearness(inputs.persona, said, embedder)
