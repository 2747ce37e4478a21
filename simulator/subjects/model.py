"""An assistant that is a language model, with or without tools."""

from __future__ import annotations

import json
from typing import Any

from simulator.errors import CutReply, RefusedReply, ReplyError
from simulator.llm.called import read_reply, with_ids
from simulator.llm.protocol import ChatModel
from simulator.models.base import content_hash, derive_seed
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.models.step import Step, ToolCall, chat_message, spoken
from simulator.subjects.protocol import Answer, Cause, Task
from simulator.subjects.reading import failed
from simulator.subjects.toolbox import Toolbox

__all__ = ["ModelSubject"]


class ModelSubject:
    """A chat model as the assistant under test: its replies are taken as they are.

    Args:
        model: The model; one that keeps its replies, if they are to be paid for once.
        toolbox: Its tools.
        identity: What its tools depend on, for the name.
        rounds: Most replies with calls in one turn.
        sampling: Sampling parameters.
    """

    def __init__(
        self,
        model: ChatModel,
        toolbox: Toolbox | None = None,
        *,
        identity: str = "",
        rounds: int = 8,
        sampling: Sampling | None = None,
    ) -> None:
        self._model = model
        self._toolbox = toolbox or Toolbox()
        self._rounds = rounds
        self._sampling = sampling or Sampling()
        tools = content_hash(self._toolbox.definitions, identity)[:8] if self._toolbox else ""
        self._name = f"{model.name}+tools-{tools}" if tools else model.name

    @property
    def name(self) -> str:
        """The model's identity, and that of its tools."""
        return self._name

    async def answer(self, task: Task) -> Answer:
        """Return the model's reply, after the tool calls that it asks for.

        Raises:
            EndpointError: The endpoint did not answer.
        """
        steps: list[Step] = []
        for number in range(self._rounds + 1):
            try:
                said = await self._ask(task, steps, number)
            except ReplyError as error:
                return failed(_cause(error), str(error), steps)
            steps.append(said)
            if not said.calls:
                break
            for place, call in enumerate(said.calls):
                seed = derive_seed(task.seed, number, place)
                steps.append(await self._toolbox.execute(call, seed, _calls(task, steps)))
        else:
            return failed("nonsense", f"it called tools {self._rounds + 1} times and said nothing", steps)
        if not spoken(steps):
            return failed("nonsense", "it says nothing", steps)
        return Answer(steps=tuple(steps))

    async def _ask(self, task: Task, steps: list[Step], number: int) -> Step:
        """Return the next message of this turn.

        Raises:
            ReplyError: It is cut, refused or empty.
        """
        seed = derive_seed(task.seed, number)
        if not self._toolbox:
            messages = tuple(Message(role=one["role"], content=one["content"]) for one in task.messages)
            request = ChatRequest(messages=messages, sampling=self._sampling, seed=seed, attempt=number)
            return Step(content=(await self._model.reply(request)).text)
        thread = (*task.messages, *(chat_message(step) for step in steps))
        tools = self._toolbox.definitions
        request = ChatRequest(thread=thread, tools=tools, sampling=self._sampling, seed=seed, attempt=number)
        return with_ids(read_reply((await self._model.reply(request)).text), f"call-{len(task.messages)}-{number}")


def _calls(task: Task, steps: list[Step]) -> list[tuple[ToolCall, str]]:
    """Return the calls so far with their results, those of earlier turns first."""
    found: list[tuple[ToolCall, str]] = []
    waiting: list[dict[str, Any]] = []  # calls of the latest message that made any: servers use their ids again
    for one in (*task.messages, *(chat_message(step) for step in steps)):
        if one.get("tool_calls"):
            waiting = list(one["tool_calls"])
        elif one["role"] == "tool":
            place = next((place for place, call in enumerate(waiting) if call["id"] == one["tool_call_id"]), None)
            if place is not None:
                found.append((_as_call(waiting.pop(place)), one["content"]))
    return found


def _as_call(call: dict[str, Any]) -> ToolCall:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"])
    except ValueError:
        arguments = function["arguments"]
    return ToolCall(id=call["id"], name=function["name"], arguments=arguments)


def _cause(error: ReplyError) -> Cause:
    if isinstance(error, CutReply):
        return "cut"
    return "refused" if isinstance(error, RefusedReply) else "nonsense"
