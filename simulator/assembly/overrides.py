"""What the caller of a run says instead of its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from simulator.errors import ScenarioError, UsageError
from simulator.runs.stop import Limits
from simulator.scenario.conversations import Conversations
from simulator.scenario.endpoints import ModelChoice
from simulator.scenario.schema import Budget, Scenario
from simulator.scenario.section import Section
from simulator.scenario.subject import SubjectSpec

__all__ = ["Overrides"]


@dataclass(frozen=True)
class Overrides:
    """What the caller says instead of the scenario; ``None`` leaves it to the scenario.

    ``allow_code`` is what no scenario can say: that code which a model writes may be run on this machine.

    Raises:
        UsageError: A value is not one that the scenario's own may have.
    """

    model: str | None = None
    seed: int | None = None
    concurrency: int | None = None
    max_calls: int | None = None
    max_tokens: int | None = None
    max_minutes: float | None = None
    max_usd: float | None = None
    assistant: str | None = None
    allow_code: bool = False

    def __post_init__(self) -> None:
        for section, names in ((Scenario, ("seed", "concurrency")), (Budget, tuple(Budget.model_fields))):
            for name in names:
                if (value := getattr(self, name)) is not None:
                    _check(section, name, value)
        for name in ("model", "assistant"):
            if (text := getattr(self, name)) is not None and not text.strip():
                raise UsageError(f"{name} is {text!r}; name one, or leave it out")

    def apply(self, scenario: Scenario) -> Scenario:
        """Return the scenario with these values in it, but for the budget."""
        changes: dict[str, Any] = {
            name: getattr(self, name) for name in ("seed", "concurrency") if getattr(self, name) is not None
        }
        if self.model is not None:
            changes["models"] = scenario.models.model_copy(
                update={"default": ModelChoice(spec=self.model), "roles": {}}
            )
        if self.assistant is not None:
            changes["conversations"] = self._tested(scenario)
        return scenario.model_copy(update=changes)

    def _tested(self, scenario: Scenario) -> Conversations:
        """Return the scenario's conversations with the assistant that the caller names."""
        talks = scenario.conversations
        if talks is None:
            raise ScenarioError(f"the scenario {scenario.name!r} has no 'conversations', so no assistant can be tested")
        spec = (talks.assistant or SubjectSpec()).model_copy(update={"use": self.assistant})
        return talks.model_copy(update={"assistant": spec})

    def limits(self, scenario: Scenario) -> Limits:
        """Return the budget of this execution. It is not kept with the run: the next execution has its own."""
        budget = scenario.budget
        return Limits(
            budget.max_calls if self.max_calls is None else self.max_calls,
            budget.max_tokens if self.max_tokens is None else self.max_tokens,
            budget.max_minutes if self.max_minutes is None else self.max_minutes,
            budget.max_usd if self.max_usd is None else self.max_usd,
        )


def _check(section: type[Section], name: str, value: Any) -> None:
    field = section.model_fields[name]
    allowed: Any = Annotated[field.annotation, *field.metadata]
    try:
        TypeAdapter(allowed).validate_python(value, strict=True)
    except ValidationError as error:
        raise UsageError(f"{name} is {value!r}: {error.errors()[0]['msg'].lower()}") from error
