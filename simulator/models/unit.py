"""Units: the smallest pieces of work that are paid for once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field

from simulator.models.base import Record, content_id

__all__ = ["NOT_RUN", "UNANSWERED", "UNDECIDED", "Attempt", "Failure", "Unit", "UnitResult"]

UNANSWERED = "endpoint"
"""The cause of a failure when nobody answered."""

NOT_RUN = "not_run"
"""The cause of a failure when this machine did not run what was to be run."""

UNDECIDED = (UNANSWERED, NOT_RUN)
"""Causes that say nothing of the unit or of what came of it: a run that goes on does it anew, and asks the same."""


class Unit(Record):
    """One piece of work: a role, its inputs and a seed.

    Attributes:
        stage: The stage of the production that asked for it.
        role: The role that performs it.
        inputs: JSON-able inputs of the role.
        seed: Seed of all randomness within.
    """

    stage: str
    role: str
    inputs: dict[str, Any]
    seed: int = Field(ge=0)

    @cached_property
    def id(self) -> str:
        """``u-`` and 16 hexadecimal digits of the content hash."""
        return content_id("u", self.stage, self.role, self.inputs, self.seed)

    def reseeded(self, seed: int) -> Unit:
        """Return the unit as it is performed with another seed: its id, and so what its product is called, stays."""
        other = self.model_copy(update={"seed": seed})
        other.__dict__["id"] = self.id  # where cached_property looks first
        return other


class Attempt(Record):
    """A candidate output that was not used, with the flaw that a check found or the reply error."""

    flaw: str
    message: str
    raw: str = ""


class Failure(Record):
    """A unit that ended without a product."""

    unit: str
    stage: str
    role: str
    cause: str
    message: str
    raw: str = ""
    attempts: int = Field(0, ge=0)


class UnitResult(Record):
    """How a unit ended: with ``value`` or with ``failure``, and the attempts that were rejected on the way.

    Attributes:
        value: The role's output as JSON-able data; ``None`` when it failed.
        failure: Why there is no value; ``None`` when there is one.
        rejected: Attempts that the checks turned down.
        prompt: Hash of the prompt that was used.
        score: The best-of-k score of the value, if the role scores and there was a choice.
    """

    value: dict[str, Any] | None = None
    failure: Failure | None = None
    rejected: tuple[Attempt, ...] = ()
    prompt: str = ""
    score: float | None = None
