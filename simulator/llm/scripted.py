"""A language model that says what a script says. For tests, examples and dry runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from simulator.errors import InvalidReply
from simulator.models.message import ChatRequest, Reply, Usage

__all__ = ["Answer", "ScriptedModel"]

Answer = str | Reply | Exception
"""A text becomes a whole reply, a reply is returned as it is, an exception is raised."""


class ScriptedModel:
    """A ``ChatModel`` without a model.

    A function makes it deterministic whatever the order of the calls; a sequence is used up in the order in which they
    start. Like an endpoint it returns cut and refused replies as they are (see ``simulator.llm.reading.usable``).

    Args:
        script: What to answer to a request, or the answers in order.
        name: The model's identity.
        latency: Seconds that a request takes; none by default.

    Attributes:
        requests: Every request so far, in the order in which they started.
        in_flight: Requests being answered.
        most_in_flight: The most there were at once.

    >>> import asyncio
    >>> from simulator.models.message import ChatRequest, Message
    >>> model = ScriptedModel(lambda request: request.messages[-1].content.upper())
    >>> asyncio.run(model.reply(ChatRequest(messages=(Message(role="user", content="hm"),)))).text
    'HM'
    """

    def __init__(
        self,
        script: Callable[[ChatRequest], Answer] | Sequence[Answer],
        *,
        name: str = "scripted",
        latency: Callable[[ChatRequest], float] | None = None,
    ) -> None:
        self.requests: list[ChatRequest] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._name = name
        self._script = script
        self._latency = latency

    @property
    def name(self) -> str:
        """The model's identity."""
        return self._name

    async def reply(self, request: ChatRequest) -> Reply:
        """Return what the script says.

        Raises:
            InvalidReply: The script is a sequence and at its end.
            Exception: The one that the script holds.
        """
        self.requests.append(request)
        answer = self._answer(request, len(self.requests) - 1)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            # Even without latency: a real model always lets others run.
            await asyncio.sleep(self._latency(request) if self._latency else 0)
        finally:
            self.in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else self._reply(request, answer)

    def _answer(self, request: ChatRequest, index: int) -> Answer:
        if callable(self._script):
            return self._script(request)
        if index >= len(self._script):
            count = len(self._script)
            return InvalidReply(f"the script of {self._name!r} has {count} answers and was asked for one more")
        return self._script[index]

    def _reply(self, request: ChatRequest, text: str) -> Reply:
        words = sum(len(message.content.split()) for message in request.messages)
        return Reply(
            text=text, finish="stop", model=self._name, usage=Usage(prompt=words, completion=len(text.split()))
        )
