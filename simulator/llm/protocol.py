"""What a language model is to the rest of Sixhop."""

from __future__ import annotations

from typing import Protocol

from simulator.models.message import ChatRequest, Reply

__all__ = ["ChatModel", "ReplyStore"]


class ChatModel(Protocol):
    """A language model that answers one request at a time; many calls may be in flight."""

    @property
    def name(self) -> str:
        """The model's identity: the same name means the same replies to the same requests."""
        ...

    async def reply(self, request: ChatRequest) -> Reply:
        """Return the model's reply.

        Raises:
            EndpointError: The endpoint did not answer, refused, or was busy for too long.
            ReplyError: The answer is cut, refused or not a reply.
        """
        ...


class ReplyStore(Protocol):
    """Where replies are kept so that each is paid for once (the ledger of a run)."""

    async def get_reply(self, key: str) -> Reply | None:
        """Return the reply stored under ``key``, or ``None``."""
        ...

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        """Store ``reply``; when this returns, it survives a SIGKILL."""
        ...
