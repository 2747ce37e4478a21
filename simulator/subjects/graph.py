"""An assistant that is a LangGraph graph with ``messages`` in its state."""

from __future__ import annotations

from typing import Any

from simulator.errors import InputError
from simulator.models.step import spoken
from simulator.subjects.function import attempt
from simulator.subjects.protocol import Answer, Task
from simulator.subjects.reading import failed, jsonable, read_steps, usage_of
from simulator.subjects.workshop import Workshop

__all__ = ["GraphSubject", "is_graph"]


def is_graph(value: Any) -> bool:
    """Return whether ``value`` is a graph, compiled or not."""
    return hasattr(value, "ainvoke") or hasattr(value, "compile")


class GraphSubject:
    """A LangGraph graph of the user's as the assistant under test.

    At each turn it is invoked anew with the whole talk as its ``messages`` and with what the rest of its state was at
    the end of the last turn; what it adds to the messages is its turn. So it needs no checkpointer (one that it has is
    left out), a stored turn need not be run again, and a conversation can be forked.

    Args:
        graph: Compiled or not.
        name: Its identity.
        workshop: Where it runs.
        timeout_s: Seconds for one turn.

    Raises:
        InputError: It cannot be compiled.
    """

    def __init__(self, graph: Any, name: str, workshop: Workshop, timeout_s: float) -> None:
        self._graph = _ready(graph, name)
        self._name = name
        self._workshop = workshop
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Its identity."""
        return self._name

    async def answer(self, task: Task) -> Answer:
        """Return what the graph adds to the talk, and the rest of its state."""
        messages = _messages(task)
        known = {message.id for message in messages}
        given = {**(task.state or {}), "messages": messages}

        async def invoke() -> Any:
            return await self._graph.ainvoke(given)

        return await attempt(self._workshop, invoke, (), self._timeout_s, lambda end: _read(end, known))


def _ready(graph: Any, name: str) -> Any:
    try:
        compiled = graph if hasattr(graph, "ainvoke") else graph.compile()
    except Exception as error:
        raise InputError(f"{name!r} cannot be compiled: {type(error).__name__}: {error}") from error
    if getattr(compiled, "checkpointer", None) is not None:
        return compiled.copy(update={"checkpointer": None})
    return compiled


def _messages(task: Task) -> list[Any]:
    """Return the talk as LangChain messages, whose ids tell old ones from new ones."""
    from langchain_core.messages import convert_to_messages

    messages = convert_to_messages([dict(message) for message in task.messages])
    for number, message in enumerate(messages):
        message.id = f"sixhop-{number}"
    return messages


def _read(end: Any, known: set[str]) -> Answer:
    if not isinstance(end, dict) or not isinstance(end.get("messages"), list):
        return failed("nonsense", "its final state has no list of 'messages'")
    if "__interrupt__" in end:
        return failed("nonsense", "it interrupted itself to wait for a person; nobody is there to go on with it")
    fresh = [message for message in end["messages"] if getattr(message, "id", None) not in known]
    try:
        steps = read_steps(fresh)
        state = jsonable({key: value for key, value in end.items() if key != "messages"})
    except ValueError as error:
        return failed("nonsense", f"its final state cannot be kept: {error}")
    if not spoken(steps):
        return failed("nonsense", "it added no message that says anything", steps)
    return Answer(steps=steps, state=state, ended=state.get("ended") is True, usage=usage_of(fresh))
