"""Outcomes: each conversation is checked for what the scenario says has to hold of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from graphs.admission import unrivalled
from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from simulator.errors import InputError
from simulator.models.base import canonical_json, content_hash, content_id, derive_seed
from simulator.models.conversation import Conversation, Turn
from simulator.models.message import Message
from simulator.models.outcome import CheckResult, Outcome
from simulator.models.step import Step
from simulator.models.unit import Unit, UnitResult
from simulator.roles.judge import JudgeInput, Judgement
from simulator.runs.entry import Entry
from simulator.runs.pool import Ended
from simulator.scenario.subject import CheckSpec
from simulator.subjects.checks import answered, check_names, examine
from simulator.transport.body import shorten

__all__ = ["check", "pair_of"]

STAGE = "check"

_QUESTION = "Is this statement true of the conversation? {rubric}"
_FREE = ("system", "forked")
"""Inputs of a conversation that belong to the assistant under test and not to what it is tested with."""

_HELD = "SELECT id FROM products WHERE kind = 'conversation' AND json_extract(body, '$.forked') IS NULL ORDER BY seq"
"""A fork is somebody's try at another course, and no case of the test."""

_SQL = (
    "SELECT p.body, u.inputs FROM products p JOIN units u ON u.id = p.unit WHERE p.kind = 'conversation' AND p.id = ?"
)


async def check(context: ProductionContext) -> Counts:
    """Check what became of the conversations."""
    return await run_stage(context, STAGE, _units(context), lambda unit: _perform(unit, context), _settle)


def pair_of(inputs: dict[str, Any]) -> str:
    """Return what a conversation's inputs share with that of the same persona in the same situation in another run."""
    return content_hash({key: value for key, value in inputs.items() if key not in _FREE})[:16]


def _units(context: ProductionContext) -> Iterator[Unit]:
    talks = context.scenario.conversations
    if talks is None:
        return
    checks = content_hash([one.model_dump(mode="json") for one in talks.checks])[:16]
    for (id_,) in list(context.ledger.rows(_HELD)):
        inputs = {"conversation": id_, "checks": checks}
        yield Unit(stage=STAGE, role="judge", inputs=inputs, seed=derive_seed(context.scenario.seed, STAGE, inputs))


async def _perform(unit: Unit, context: ProductionContext) -> UnitResult:
    body, given = next(context.ledger.rows(_SQL, (unit.inputs["conversation"],)))
    talk, inputs = Conversation.model_validate_json(body), json.loads(given)
    results = [answered(talk)]
    for spec, name in _wanted(context, talk):
        results.append(await _decide(spec, name, talk, inputs, context, unit.seed))
    outcome = Outcome(
        id=content_id("o", unit.id),
        conversation=talk.id,
        persona=talk.persona,
        situation=talk.situation,
        pair=pair_of(inputs),
        passed=all(one.passed for one in results),
        checks=tuple(results),
    )
    return UnitResult(value=outcome.model_dump(mode="json"))


def _wanted(context: ProductionContext, talk: Conversation) -> Iterator[tuple[CheckSpec, str]]:
    """Yield the checks for the conversation's situation; its goal is one, where it can be checked, named or not."""
    section = context.scenario.conversations
    checks = section.checks if section else ()
    if talk.goal is not None and not any(one.goal for one in checks):
        yield CheckSpec(goal=True), "goal"
    for spec, name in zip(checks, check_names(checks), strict=True):
        if not spec.situations or talk.situation in spec.situations:
            yield spec, name


async def _decide(
    spec: CheckSpec, name: str, talk: Conversation, inputs: dict[str, Any], context: ProductionContext, seed: int
) -> CheckResult:
    if spec.python is not None:
        return await _examined(spec, name, talk, context)
    if spec.rubric is None:
        return examine(spec, name, talk)
    if not talk.turns:
        return CheckResult(name=name, kind="rubric", passed=False, evidence="nothing was said")
    return await _judged(spec, name, talk, inputs, context, seed)


async def _examined(spec: CheckSpec, name: str, talk: Conversation, context: ProductionContext) -> CheckResult:
    """Return what a function of the user's says of a conversation; it is asked once, as a judge is.

    A function that fails itself decided nothing, so that is not kept: a run that goes on asks it again.
    """
    assert spec.python is not None  # noqa: S101 - for the type checker: that is the kind
    code = context.ledger.meta("code", {}).get(spec.python)
    key = content_hash("check", code, name, spec.model_dump(mode="json"), talk.model_dump(mode="json"))
    kept = context.ledger.finding(key)
    if kept is not None:
        return CheckResult.model_validate(kept)
    found = await context.examine[spec.python](spec, name, talk)
    if not found.broken:
        await context.ledger.put_finding(key, STAGE, found.model_dump(mode="json"))
    return found


async def _judged(
    spec: CheckSpec, name: str, talk: Conversation, inputs: dict[str, Any], context: ProductionContext, seed: int
) -> CheckResult:
    judge = context.roles.get("judge")
    if judge is None:
        raise InputError(f"the check {name!r} wants a judge and the run has none; give it the role 'judge'")
    given = JudgeInput(
        question=_QUESTION.format(rubric=spec.rubric),
        persona=inputs["persona"],
        situation=inputs["situation"],
        transcript=tuple(Message(role=turn.role, content=_read_aloud(turn)) for turn in talk.turns),
        within="whole",
    ).model_dump(mode="json")
    asked = Unit(stage=STAGE, role="judge", inputs=given, seed=derive_seed(seed, name))
    result = await perform_unit(asked, judge)
    if result.value is None:
        why = f"the judge gave no usable verdict: {result.failure.message if result.failure else ''}"
        return CheckResult(name=name, kind="rubric", passed=False, evidence=why, broken=True)
    said = Judgement.model_validate(result.value)
    evidence = said.quote or said.reason
    return CheckResult(name=name, kind="rubric", passed=(said.answer == "yes") != spec.absent, evidence=evidence)


def _read_aloud(turn: Turn) -> str:
    """Return a turn for the judge, with the tools that were called in it."""
    if not turn.steps:
        return turn.content
    return "\n".join(line for step in turn.steps for line in _lines(step))


def _lines(step: Step) -> Iterator[str]:
    if step.role == "tool":
        yield f"({step.name or 'the tool'} answers: {shorten(step.content)})"
        return
    if step.content:
        yield step.content
    for call in step.calls:
        yield f"(calls {call.name} with {shorten(canonical_json(call.arguments))})"


async def _settle(batch: Sequence[Ended]) -> list[Entry]:
    return unrivalled(batch, "outcome", Outcome)
