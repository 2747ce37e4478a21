"""What the judge is asked about a conversation: its goal when somebody claims it or all ends, the manner at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from graphs.role import perform_unit
from graphs.talk.goal import claims, goal_by_rule
from graphs.talk.state import (
    ConversationContext,
    ConversationState,
    inputs_of,
    next_side,
    situation_of,
    turns_here,
    whole,
)
from simulator.errors import InputError
from simulator.models.base import derive_seed
from simulator.models.conversation import ConversationInputs, Goal, Turn, Verdict
from simulator.models.message import Message
from simulator.models.unit import Unit
from simulator.roles.draft import together
from simulator.roles.judge import JudgeInput, Judgement, Within

__all__ = ["ask_judge", "judge", "wants_judge"]

_GOAL = (
    "Was the goal of the user reached by the end of this conversation? It is reached when: {criterion} If it was, "
    "quote the words of the other side that settle it."
)
_RUBRIC = "Is this statement true of the conversation? {rubric}"


def wants_judge(state: ConversationState) -> bool:
    """Return whether there is something for the judge to decide before the conversation goes on or ends."""
    inputs, ends = inputs_of(state), bool(state.get("stop"))
    if not ends and next_side(state) != "user":
        return False  # a question waits for its answer
    return bool(inputs.judge) and (_asks_goal(state, inputs) or _asks_manner(state, inputs))


def _asks_goal(state: ConversationState, inputs: ConversationInputs) -> bool:
    """Whether the goal is to be judged: it has a criterion, its rules hold, and it is claimed or all is over."""
    turns = whole(turns_here(state))
    if "goal" not in inputs.judge or not inputs.situation.success.criterion or not turns:
        return False
    rule = goal_by_rule(inputs.situation.success, turns)
    if rule is not None:
        return bool(rule.holds)
    return bool(state.get("stop")) or claims(turns[-2].content)


def _asks_manner(state: ConversationState, inputs: ConversationInputs) -> bool:
    rubrics = [rubric for one in inputs.behaviours for rubric in one.violation_rubrics]
    ends = bool(state.get("stop")) or _asks_goal(state, inputs)
    return "behaviours" in inputs.judge and bool(rubrics) and ends and bool(whole(turns_here(state)))


async def judge(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Let the judge decide; a goal that was reached ends the conversation."""
    inputs, turns = inputs_of(state), whole(turns_here(state))
    changes: dict[str, Any] = {}
    if _asks_goal(state, inputs):
        goal = await _goal(runtime.context, inputs, turns, state.get("seed", 0))
        changes["goal"] = goal.model_dump(mode="json")
        if goal.holds:
            changes |= {"stop": "goal", "reason": goal.evidence}
    if changes.get("stop", state.get("stop")) and _asks_manner(state, inputs):
        verdicts = await _manner(runtime.context, inputs, turns, state.get("seed", 0))
        changes["verdicts"] = tuple(verdict.model_dump(mode="json") for verdict in verdicts)
    return changes


async def _goal(context: ConversationContext, inputs: ConversationInputs, turns: Sequence[Turn], seed: int) -> Goal:
    question = _GOAL.format(criterion=inputs.situation.success.criterion)
    found = await ask_judge(context, inputs, turns, question, seed, within="other")
    claimed = any(turn.role == "user" and claims(turn.content) for turn in turns)
    if isinstance(found, str):
        return Goal(name="goal", holds=None, by="judge", evidence=found, claimed=claimed)
    evidence = found.quote or found.reason
    return Goal(name="goal", holds=found.answer == "yes", by="judge", evidence=evidence, claimed=claimed)


async def _manner(
    context: ConversationContext, inputs: ConversationInputs, turns: Sequence[Turn], seed: int
) -> list[Verdict]:
    rubrics = [(one.name, rubric) for one in inputs.behaviours for rubric in one.violation_rubrics]
    asked = [
        ask_judge(context, inputs, turns, _RUBRIC.format(rubric=rubric), seed, within="whole") for _, rubric in rubrics
    ]
    return [
        _verdict(name, rubric, answer) for (name, rubric), answer in zip(rubrics, await together(asked), strict=True)
    ]


def _verdict(name: str, rubric: str, found: Judgement | str) -> Verdict:
    if isinstance(found, str):
        return Verdict(name=name, holds=None, by="judge", evidence=found, statement=rubric)
    evidence = found.quote or found.reason
    return Verdict(name=name, holds=found.answer == "no", by="judge", evidence=evidence, statement=rubric)


async def ask_judge(
    context: ConversationContext,
    inputs: ConversationInputs,
    turns: Sequence[Turn],
    question: str,
    seed: int,
    options: tuple[str, ...] = ("yes", "no"),
    within: Within = "all",
) -> Judgement | str:
    """Return what the judge says of ``turns``, or why it said nothing that can be used.

    Args:
        context: Who performs the judge.
        inputs: The conversation.
        turns: What is judged.
        question: One question.
        seed: Of the conversation.
        options: The answers to choose from.
        within: Whose words count as evidence.

    Raises:
        InputError: The conversation wants a judge and its context has none.
        EndpointError: The judge's endpoint failed.
    """
    if context.judge is None:
        raise InputError("this conversation wants a judge and its context has none; give it the role 'judge'")
    given = JudgeInput(
        question=question,
        options=options,
        persona=inputs.persona,
        situation=situation_of(inputs, "user"),
        transcript=tuple(Message(role=turn.role, content=turn.content) for turn in turns),
        within=within,
    ).model_dump(mode="json")
    unit = Unit(stage="converse", role="judge", inputs=given, seed=derive_seed(seed, "judge", question))
    result = await perform_unit(unit, context.judge)
    if result.value is None:
        return f"the judge gave no usable verdict: {result.failure.message if result.failure else ''}"
    return Judgement.model_validate(result.value)
