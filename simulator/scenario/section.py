"""What every section of a scenario is."""

from __future__ import annotations

from pydantic import ConfigDict

from simulator.models.base import Record

__all__ = ["Section"]


class Section(Record):
    """A part of the scenario: unknown keys are errors, and its defaults are checked too."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
