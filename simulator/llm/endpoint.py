"""A language model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from simulator.errors import EndpointRefused
from simulator.llm.dialect import TEACHING, Dialect, refused_tools
from simulator.llm.reading import CUT, check_completion, repair_completion
from simulator.llm.spec import EndpointSpec
from simulator.models.base import canonical_json
from simulator.models.message import FORMS, ChatRequest, Reply, ReplySchema, Sampling, Usage
from simulator.transport.client import HttpClient
from simulator.transport.rates import Cost
from simulator.transport.setback import Answer

if TYPE_CHECKING:
    from langchain_core.outputs import ChatResult

    from simulator.llm.chat import HttpChat

__all__ = ["Connect", "Endpoint"]

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[HttpClient]]

CALLED = frozenset({"tool_calls", "function_call"})
"""Finish reasons of a reply that ends with calls: it is whole."""

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English, for the estimate that a token cap needs before the reply is there."""


class Endpoint:
    """A ``ChatModel`` behind an OpenAI-compatible endpoint.

    :meth:`reply` returns every reply that arrived, cut and refused ones included, because it is paid for and has to be
    stored; :func:`simulator.llm.reading.usable` tells which of them count.

    Args:
        spec: What was opened.
        connect: Makes the transport; called once, at first use.
        tell: Told, in a sentence, what the server does not take and is no longer sent.

    Attributes:
        spec: What was opened.
        dialect: How the server is spoken to.
    """

    def __init__(self, spec: EndpointSpec, connect: Connect, tell: Callable[[str], None] = log.warning) -> None:
        self.spec = spec
        self.dialect = Dialect(
            spec.structured,
            strict=spec.kind == "openai",
            model=spec.model,
            tell=lambda text: tell(f"{spec.model}: {text}"),
        )
        self._name = spec.name
        self._connect = connect
        self._connecting = asyncio.Lock()
        self._client: HttpClient | None = None
        self._chat: HttpChat | None = None
        self._form = lru_cache(maxsize=FORMS)(self._make_form)

    @property
    def name(self) -> str:
        """The model's identity."""
        return self._name

    @property
    def client(self) -> HttpClient | None:
        """The transport with its counters; ``None`` before the first use."""
        return self._client

    @property
    def chat(self) -> HttpChat:
        """The same model as a LangChain chat model (``ainvoke`` only)."""
        if self._chat is None:
            from simulator.llm.chat import HttpChat

            openai = self.spec.kind == "openai"
            self._chat = HttpChat(model=self.spec.model, url=self.spec.url, post=self._post, new_limit_name=openai)
        return self._chat

    async def ready(self) -> HttpClient:
        """Do what the first use needs: load LangChain, start the embedded server. Later calls return at once.

        Raises:
            ModelSpecError: The embedded server cannot load the file.
        """
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    await asyncio.to_thread(importlib.import_module, "simulator.llm.chat")
                    self._client = await self._connect()
        return self._client

    async def reply(self, request: ChatRequest) -> Reply:
        """Return what the model answered, usable or not.

        Raises:
            EndpointError: It did not answer, refused, or was busy for too long.
            InvalidReply: What it answered is not a chat completion.
        """
        await self.ready()
        result = await self.chat.complete(self._payload(request))
        return self._reply(result, tools=bool(request.tools))

    async def payload(self, request: ChatRequest) -> dict[str, Any]:
        """Return the body that :meth:`reply` would send, in the words that the server is known to understand."""
        await self.ready()
        return self.dialect.translate(self._payload(request))

    def read(self, data: bytes, *, tools: bool = False) -> Reply:
        """Return the reply that an answer's body holds; it must have been checked.

        Args:
            data: A chat completion, as it came.
            tools: Whether the request offered tools.
        """
        return self._reply(self.chat.result(data), tools=tools)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        if self._client is not None:
            await self._client.aclose()

    async def __aenter__(self) -> Endpoint:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _reply(self, result: ChatResult, *, tools: bool) -> Reply:
        reply = _to_reply(result, self.spec.model, tools=tools)
        if reply.finish.lower() in CUT and (result.generations[0].generation_info or {})["reasoned"]:
            self.dialect.learn_reasoning()
        return reply

    def _payload(self, request: ChatRequest) -> dict[str, Any]:
        more: dict[str, Any] = {} if request.seed is None else {"seed": request.seed}
        if request.tools:
            more["tools"] = list(request.tools)
        return self.chat.payload(self._form(request.sampling, request.reply_schema), _messages(request), **more)

    def _make_form(self, sampling: Sampling, schema: ReplySchema | None) -> dict[str, Any]:
        """Return what all requests with the same parameters have in common."""
        named = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
        }
        parameters: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        parameters["extra_body"] = {**self.spec.extra, **sampling.extra}
        if schema is not None:
            told = {"name": schema.name, "schema": schema.body}
            parameters["response_format"] = {"type": "json_schema", "json_schema": told}
        return self.chat.form(**parameters)

    async def _post(self, payload: dict[str, Any]) -> bytes:
        """Send ``payload`` in the words that the server is known to understand, and learn from its refusals."""
        client = await self.ready()
        cost = _cost(payload) if client.tokens is not None else None
        check = partial(check_completion, place=client.place)
        while True:
            sent = self.dialect.translate(payload)
            answer = await client.post("/chat/completions", sent, check=check, hand_back=TEACHING, cost=cost)
            if 200 <= answer.status < 300:
                return client.place.strike_data(answer.data)
            if not self.dialect.learn(sent, answer) or self.dialect.translate(payload) == sent:
                raise _refusal(client, sent, answer)


def _refusal(client: HttpClient, sent: dict[str, Any], answer: Answer) -> Exception:
    error = client.refusal(answer)
    if not refused_tools(sent, answer):
        return error
    text = f"{error} The request offers tools, which this endpoint does not take: use a model that does"
    return EndpointRefused(text, raw=getattr(error, "raw", ""), attempts=getattr(error, "attempts", 0))


def _messages(request: ChatRequest) -> list[tuple[str, str] | dict[str, Any]]:
    return [*request.thread] if request.thread else [(message.role, message.content) for message in request.messages]


def _cost(payload: dict[str, Any]) -> Cost:
    limit = payload.get("max_tokens") or payload.get("max_completion_tokens") or 0
    text = sum(len(str(message.get("content") or "")) for message in payload["messages"])
    estimate = text / CHARACTERS_PER_TOKEN + limit

    def spent(answer: Answer) -> float:
        if not 200 <= answer.status < 300:
            return 0.0
        return float(repair_completion(answer.data)[0]["usage"]["total_tokens"]) or estimate

    return Cost(estimate, spent)


def _to_reply(result: ChatResult, model: str, *, tools: bool = False) -> Reply:
    generation = result.generations[0]
    told = generation.generation_info or {}
    usage = (result.llm_output or {})["token_usage"]
    finish = "refusal" if told["refusal"] else told["finish_reason"]
    return Reply(
        text=_with_calls(generation) if tools else generation.text,
        finish="stop" if tools and finish in CALLED else finish,
        model=(result.llm_output or {}).get("model_name") or model,
        usage=Usage(
            prompt=usage["prompt_tokens"],
            completion=usage["completion_tokens"],
            cached=usage["prompt_tokens_details"]["cached_tokens"],
        ),
        repaired=told["repaired"],
    )


def _with_calls(generation: Any) -> str:
    """Return text and tool calls as one JSON object; arguments that are no JSON object stay a text."""
    message = generation.message
    good = [{"id": call["id"], "name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
    bad = [
        {"id": call["id"], "name": call["name"], "arguments": call["args"] or ""} for call in message.invalid_tool_calls
    ]
    return canonical_json({"content": generation.text, "tool_calls": [*good, *bad]})
