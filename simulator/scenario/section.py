"""What every section of a scenario is."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from simulator.models.base import Record

__all__ = ["Section", "listed"]


class Section(Record):
    """A part of the scenario: unknown keys are errors, and its defaults are checked too."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def listed(value: Any) -> Any:
    """Return a single text as a list of one."""
    return [value] if isinstance(value, str) else value
