"""A LangChain chat model that posts through Sixhop's own transport.

This module imports ``langchain_openai`` (1.5 s): import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from simulator.errors import UsageError
from simulator.llm.reading import repair_completion

__all__ = ["HttpChat", "Post"]

Post = Callable[[dict[str, Any]], Awaitable[bytes]]
"""Sends a chat completion request and returns the body of an answer that is a chat completion."""

_NO_CLIENT = object()
"""Stands where LangChain would put OpenAI's clients: nothing but ``post`` can send, and no TLS is set up in vain."""


class HttpChat(ChatOpenAI):
    """``ChatOpenAI`` without the OpenAI client: requests are built and answers read by LangChain, sent by ``post``.

    The key stays in the transport: this object never holds it. Streaming falls back to whole replies.
    """

    _post: Post = PrivateAttr()
    _new_limit_name: bool = PrivateAttr()
    _shapes: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict)

    def __init__(self, *, model: str, url: str, post: Post, new_limit_name: bool) -> None:
        """Make a model.

        Args:
            model: The model's name at the endpoint.
            url: The endpoint's base URL; only for LangChain's records.
            post: The transport.
            new_limit_name: Whether the server wants ``max_completion_tokens`` (OpenAI) or ``max_tokens`` (all others;
                Ollama and older vLLM ignore the new name and then never stop).
        """
        super().__init__(
            model=model,
            base_url=url,
            api_key=SecretStr("held-by-the-transport"),
            use_responses_api=False,
            max_retries=0,
            disable_streaming=True,
            client=_NO_CLIENT,
            async_client=_NO_CLIENT,
        )
        self._post = post
        self._new_limit_name = new_limit_name

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        if not self._new_limit_name and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        payload.update(payload.pop("extra_body", None) or {})
        payload.pop("stream", None)
        return payload

    def form(self, **parameters: Any) -> dict[str, Any]:
        """Return the body of a request with ``parameters``, without messages."""
        return self._get_request_payload([], **parameters)

    def payload(
        self, form: Mapping[str, Any], messages: Sequence[tuple[str, str] | dict[str, Any]], **more: Any
    ) -> dict[str, Any]:
        """Return the body of a request.

        Args:
            form: What :meth:`form` gave; it may serve many requests.
            messages: Pairs of ``system``, ``user`` or ``assistant`` and a text, or messages as a request has them.
            more: What this request has besides, unless the form says something else of it.
        """
        shapes = self._shapes  # a private attribute of a pydantic model is slow to reach
        sent = []
        for message in messages:
            if isinstance(message, dict):
                sent.append(self._shape(message))
                continue
            role, content = message
            if role not in shapes:
                shapes[role] = self._shape(message)
            sent.append({**shapes[role], "content": content})
        return {**more, **form, "messages": sent}

    def _shape(self, message: tuple[str, str] | dict[str, Any]) -> dict[str, Any]:
        """Return a message as LangChain puts it into a request; of plain ones, only the text differs for a role."""
        shape: dict[str, Any] = self._get_request_payload([message])["messages"][0]
        return shape

    async def complete(self, payload: dict[str, Any]) -> ChatResult:
        """Return the answer without LangChain's callbacks: ``ainvoke`` doubles the cost of a call, and traces it."""
        return self.result(await self._post(payload))

    def result(self, data: bytes) -> ChatResult:
        """Return what an answer's body says; it must have been checked."""
        body, known = repair_completion(data)
        return self._create_chat_result(body, known)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self.result(await self._post(self._get_request_payload(messages, stop=stop, **kwargs)))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise UsageError("Sixhop's models are asynchronous: use ainvoke instead of invoke.")
