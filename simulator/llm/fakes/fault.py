"""One fault of a server, as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Edit", "Fault"]

Edit = Callable[[dict[str, Any]], Any]
"""Changes a chat completion, or returns something else to be sent as JSON instead of it."""


@dataclass(frozen=True)
class Fault:
    """How one request is answered wrongly.

    The parts combine: ``Fault(edit=..., drip_s=0.1)`` changes a completion and sends it slowly.

    Attributes:
        status: HTTP status.
        headers: Added to, or in place of, the usual ones.
        body: Sent instead of a completion, as it is.
        content_type: Of whatever is sent.
        edit: Changes the completion that would have been sent (not used when there is a ``body``).
        delay_s: Seconds before the first byte.
        hang: Whether nothing is ever sent; ends when the caller gives up or the server stops.
        drip_s: Seconds between pieces of the body (1/16 of it each).
        drop: Where the connection breaks: before the first byte, or in the middle of the body.
        reset: Whether it breaks with a TCP reset instead of a close.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    edit: Edit | None = None
    delay_s: float = 0.0
    hang: bool = False
    drip_s: float = 0.0
    drop: Literal["", "before", "middle"] = ""
    reset: bool = False

    @classmethod
    def error(cls, status: int, message: str = "scripted fault", headers: Mapping[str, str] | None = None) -> Fault:
        """Return an error in OpenAI's form."""
        return cls(status, headers or {}, _error_body(status, message))

    @classmethod
    def text(cls, text: str, finish: str | None = "stop") -> Fault:
        """Return a completion with this text and finish reason."""

        def edit(completion: dict[str, Any]) -> dict[str, Any]:
            completion["choices"][0]["message"]["content"] = text
            completion["choices"][0]["finish_reason"] = finish
            return completion

        return cls(edit=edit)


def _error_body(status: int, message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "scripted", "code": status}}).encode()
