"""What goes over the wire, and how it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from aiohttp import web

from simulator.llm.called import read_reply, with_ids
from simulator.llm.fakes.fault import Fault
from simulator.llm.fakes.responder import fake_vector
from simulator.models.step import Step, chat_message

__all__ = ["break_off", "embeddings", "error_response", "said", "send"]

DIMENSIONS = 64
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset."""


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to an embeddings request."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    size = body.get("dimensions", DIMENSIONS)
    rows = [{"object": "embedding", "index": i, "embedding": fake_vector(text, size)} for i, text in enumerate(texts)]
    return {"object": "list", "model": body.get("model", "fake"), "data": rows, "usage": {"prompt_tokens": len(texts)}}


def error_response(status: int, message: str, parameter: str) -> web.Response:
    """Return an error in OpenAI's form that blames ``parameter``."""
    return web.json_response({"error": {"message": message, "param": parameter, "code": None}}, status=status)


def said(text: str, *, calling: bool) -> dict[str, Any]:
    """Return the message of a choice; where the request has tools, a text that is a reply with calls makes them."""
    step = read_reply(text) if calling else Step(content=text)
    if not step.calls:
        return {"finish_reason": "stop", "message": {"role": "assistant", "content": step.content}}
    return {"finish_reason": "tool_calls", "message": chat_message(with_ids(step, "call"))}


async def send(request: web.Request, fault: Fault, data: bytes) -> web.StreamResponse:
    """Send ``data`` as slowly and as far as ``fault`` says, or until the caller has had enough."""
    response = web.StreamResponse(status=fault.status, headers=dict(fault.headers))
    response.content_type = fault.content_type
    response.content_length = len(data)
    with contextlib.suppress(ConnectionError):
        return await _send(request, fault, data, response)
    return response


async def _send(request: web.Request, fault: Fault, data: bytes, response: web.StreamResponse) -> web.StreamResponse:
    await response.prepare(request)
    if fault.drop == "middle":
        await response.write(data[: len(data) // 2])
        return break_off(request, reset=fault.reset, response=response)
    size = max(1, len(data) // 16) if fault.drip_s else max(1, len(data))
    for start in range(0, len(data), size):
        await response.write(data[start : start + size])
        await asyncio.sleep(fault.drip_s)
    await response.write_eof()
    return response


def break_off(request: web.Request, *, reset: bool, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Close the connection, or reset it, and return what the handler has to return."""
    transport = request.transport
    if transport is not None:
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()
    return response or web.Response()
