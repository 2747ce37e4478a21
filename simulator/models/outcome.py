"""What became of a conversation that tests an assistant: each check with its evidence, and whether all passed."""

from __future__ import annotations

from typing import Literal

from simulator.models.base import Record

__all__ = ["CheckKind", "CheckResult", "Outcome"]

CheckKind = Literal["answered", "goal", "rubric", "regex", "json_path", "python", "tool"]


class CheckResult(Record):
    """One check of one conversation.

    Attributes:
        name: The check's.
        kind: What was looked at; ``answered`` is there for every conversation: the assistant did not fail.
        passed: Whether it holds.
        evidence: What was found, or what was missing.
        broken: Whether the check itself failed, so that nothing is known; it counts as not passed.
    """

    name: str
    kind: CheckKind
    passed: bool
    evidence: str = ""
    broken: bool = False


class Outcome(Record):
    """The outcome of one conversation.

    Attributes:
        id: Content hash.
        conversation: Id of the conversation.
        persona: Id of the persona.
        situation: Name of the situation, if it has one.
        pair: The same for the same persona in the same situation, whoever the assistant is: what runs are compared by.
        passed: Whether every check passed.
        checks: In the scenario's order.
    """

    id: str
    conversation: str
    persona: str
    situation: str | None = None
    pair: str
    passed: bool
    checks: tuple[CheckResult, ...]
