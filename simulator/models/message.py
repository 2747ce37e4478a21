"""What is sent to a language model and what comes back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from simulator.models.base import Record, canonical_json, content_hash, hash_text

__all__ = [
    "FORMS",
    "REMEMBERED",
    "ChatRequest",
    "Message",
    "Reply",
    "ReplySchema",
    "Sampling",
    "Speaker",
    "Usage",
    "spoken",
]

REMEMBERED = 4096
"""Messages that are remembered: those of some hundred conversations, which come again in each later turn."""

FORMS = 64
"""Samplings and schemas that are remembered: those of all roles of a run."""

Speaker = Literal["system", "user", "assistant"]


class Message(Record):
    """One chat message."""

    role: Speaker
    content: str


@lru_cache(maxsize=REMEMBERED)
def spoken(role: Speaker, content: str) -> Message:
    """Return the message, made once."""
    return Message(role=role, content=content)


@lru_cache(maxsize=REMEMBERED)
def _written(role: Speaker, content: str) -> str:
    return canonical_json({"content": content, "role": role})


class Sampling(Record):
    """Sampling parameters. ``None`` leaves a parameter to the endpoint.

    ``extra`` holds parameters that only some servers know (DRY, min_p, ...); they are sent in the request's body.
    """

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    stop: tuple[str, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)

    def __hash__(self) -> int:
        """Return a hash; those that differ in ``extra`` alone share it."""
        return hash((self.temperature, self.top_p, self.max_tokens, self.stop))


class ReplySchema(Record):
    """The JSON Schema that a reply must satisfy."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    body: dict[str, Any]

    def __hash__(self) -> int:
        return hash(self.name)


@lru_cache(maxsize=FORMS)
def _canonical(part: Sampling | ReplySchema) -> str:
    return canonical_json(part)


class ChatRequest(Record):
    """One request to a language model: all that its reply depends on.

    Attributes:
        messages: The chat.
        thread: The chat as a chat completion request has it, instead of ``messages``: for those with tool calls.
        tools: Functions that the model may call, as a chat completion request has them. The reply's text is then a
            JSON object, ``{"content": ..., "tool_calls": [{"id", "name", "arguments"}, ...]}``.
        reply_schema: What the reply must satisfy.
        sampling: Sampling parameters.
        seed: For the model's own randomness.
        attempt: Which draft this is.
    """

    messages: tuple[Message, ...] = ()
    thread: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    reply_schema: ReplySchema | None = None
    sampling: Sampling = Sampling()
    seed: int | None = None
    attempt: int = Field(0, ge=0)

    def key(self, model: str) -> str:
        """Return the hash under which ``model``'s reply to this request is stored (contract 2)."""
        if self.thread or self.tools:
            return content_hash(model, self.model_dump(mode="json"))
        # The canonical JSON of the whole from that of its parts, which come again and again.
        parts = {
            "attempt": self.attempt,
            "messages": f"[{','.join(_written(one.role, one.content) for one in self.messages)}]",
            "reply_schema": "null" if self.reply_schema is None else _canonical(self.reply_schema),
            "sampling": _canonical(self.sampling),
            "seed": "null" if self.seed is None else self.seed,
        }
        request = ",".join(f'"{name}":{part}' for name, part in parts.items())
        return hash_text(f"[{canonical_json(model)},{{{request}}}]")


class Usage(Record):
    """Tokens of one reply. ``cached`` is the part of ``prompt`` that the server did not compute again."""

    prompt: int = Field(0, ge=0)
    completion: int = Field(0, ge=0)
    cached: int = Field(0, ge=0)

    def __add__(self, other: Usage) -> Usage:
        """Return the sum, field by field."""
        return Usage(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cached=self.cached + other.cached,
        )


class Reply(Record):
    """One reply of a language model.

    ``finish`` is the endpoint's finish reason (``stop``, ``length``, ``content_filter``, ...), ``repaired`` says that
    the text had characters that cannot be stored (a lone surrogate, NUL) and were replaced with U+FFFD. ``usd`` is what
    it cost in US dollars; ``None`` when the price is not known.
    """

    text: str
    finish: str
    model: str
    usage: Usage = Usage()
    repaired: bool = False
    usd: float | None = Field(None, ge=0)
