"""The turn of an assistant under test. It is taken as it is: what is wrong with it is a label or an outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphs.talk.state import ConversationState, inputs_of, turns_of
from simulator.models.base import derive_seed
from simulator.models.conversation import Turn
from simulator.models.step import chat_message, spoken
from simulator.models.unit import Attempt, Failure, UnitResult
from simulator.subjects.protocol import Answer, Subject, Task

__all__ = ["answered", "fault_of", "task_of"]

_FAULT = "assistant_"
"""How the cause of a turn begins that the assistant under test failed to make: ``assistant_raised`` ..."""


async def answered(state: ConversationState, subject: Subject) -> dict[str, Any]:
    """Return the assistant's turn as a draft, and its state to carry on."""
    answer = await subject.answer(task_of(state))
    carried = answer.state if answer.cause is None else state.get("carried")
    return {"draft": _draft(answer), "carried": carried}


def fault_of(lost: Failure | None) -> str:
    """Return how the assistant under test failed to make a turn; empty when it did not, or when it is not its fault."""
    return lost.cause.removeprefix(_FAULT) if lost is not None and lost.cause.startswith(_FAULT) else ""


def task_of(state: ConversationState) -> Task:
    """Return what the assistant gets: its system prompt, and the talk with the steps of its own turns."""
    inputs = inputs_of(state)
    head: tuple[dict[str, Any], ...] = ({"role": "system", "content": inputs.system},) if inputs.system else ()
    turns = turns_of(state.get("messages", ()), "user")
    seed = derive_seed(state.get("seed", 0), "assistant", len(turns))
    return Task(messages=(*head, *_messages(turns)), state=state.get("carried"), seed=seed)


def _messages(turns: Sequence[Turn]) -> Iterator[dict[str, Any]]:
    for turn in turns:
        if turn.steps:
            yield from (chat_message(step) for step in turn.steps)
        else:
            yield {"role": turn.role, "content": turn.content}


def _draft(answer: Answer) -> UnitResult:
    steps = [step.model_dump(mode="json") for step in answer.steps]
    if answer.cause is None:
        plain = len(answer.steps) == 1 and not answer.steps[0].calls
        kept = {} if plain else {"steps": steps}
        return UnitResult(value={"message": spoken(answer.steps), "ended": answer.ended, **kept})
    failure = Failure(
        unit="",
        stage="converse",
        role="assistant",
        cause=f"{_FAULT}{answer.cause}",
        message=answer.problem,
        raw=spoken(answer.steps),
        attempts=1,
    )
    flawed = Attempt(flaw=answer.cause, message=answer.problem, raw=spoken(answer.steps))
    return UnitResult(failure=failure, rejected=(flawed,))
