"""An OpenAI-compatible endpoint whose models are the personas of a run, so that any chat client can talk with them."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from simulator.assembly.voices import Voices
from simulator.errors import EndpointError, ReplyError
from simulator.models.base import content_hash
from simulator.models.message import Message
from simulator.models.persona import Persona
from simulator.transport.body import clean, shorten

__all__ = ["make_app"]

_MOST_BYTES = 1_000_000  # of a request
_PIECES = re.compile(r"\S+\s*|\s+")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _text(value: Any) -> Any:
    """Return a message's content as a text; clients may send it in parts."""
    if isinstance(value, list):
        return "".join(str(part.get("text", "")) for part in value if isinstance(part, dict))
    return "" if value is None else value


class _Heard(BaseModel):
    """A message of the client's; what a persona has no use for is passed over."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, BeforeValidator(_text)] = ""


class _Asked(BaseModel):
    """A chat completion request; parameters of sampling are the run's own and are passed over."""

    model_config = ConfigDict(extra="ignore")
    model: str
    messages: list[_Heard] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    seed: int = 0
    n: Literal[1] = 1


class _Refusal(Exception):
    """An error in OpenAI's form."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.code = status, kind, code


def make_app(personas: Mapping[str, Persona], voices: Voices, key: str) -> web.Application:
    """Return the application.

    Args:
        personas: The models by name.
        voices: Who speaks.
        key: The bearer key that every request needs.
    """
    app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_in_openai_form, _with_key(key)])

    async def models(_request: web.Request) -> web.Response:
        listed = [_listed(name, one) for name, one in personas.items()]
        return web.json_response({"object": "list", "data": listed})

    async def model(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response(_listed(name, _known(personas, name)))

    async def complete(request: web.Request) -> web.StreamResponse:
        return await _complete(request, personas, voices)

    app.router.add_get("/v1/models", models)
    app.router.add_get("/v1/models/{name}", model)
    app.router.add_post("/v1/chat/completions", complete)
    return app


@web.middleware
async def _in_openai_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _Refusal as error:
        return _error(error.status, str(error), error.kind, error.code)
    except web.HTTPException as error:
        return _error(error.status, error.reason, "invalid_request_error")
    except (EndpointError, ReplyError) as error:
        return _error(502, str(error), "server_error")


def _with_key(key: str) -> Any:
    expected = f"Bearer {key}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise _Refusal(401, "the key is missing or wrong", code="invalid_api_key")
        return await handler(request)

    return check


def _error(status: int, message: str, kind: str, code: str | None = None) -> web.Response:
    body = {"error": {"message": clean(message), "type": kind, "param": None, "code": code}}
    return web.json_response(body, status=status)


def _listed(name: str, persona: Persona) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "sixhop", "description": persona.text}


def _known(personas: Mapping[str, Persona], name: str) -> Persona:
    if name not in personas:
        raise _Refusal(
            404, f"there is no persona {shorten(name, 80)!r}; GET /v1/models lists them", code="model_not_found"
        )
    return personas[name]


async def _complete(request: web.Request, personas: Mapping[str, Persona], voices: Voices) -> web.StreamResponse:
    asked = await _read(request)
    persona = _known(personas, asked.model)
    situation = "\n".join(one.content for one in asked.messages if one.role in ("system", "developer"))
    heard = [
        Message(role=one.role, content=clean(one.content))
        for one in asked.messages
        if one.role in ("user", "assistant")
    ]
    said = await voices.say(persona.text, heard, clean(situation), asked.seed)
    id_ = f"chatcmpl-{content_hash(asked.model_dump(mode='json'), said)[:24]}"
    known = {"id": id_, "created": int(time.time()), "model": asked.model}
    words = sum(len(one.content.split()) for one in asked.messages)
    usage = {"prompt_tokens": words, "completion_tokens": len(said.split())}  # words: nobody pays for them here
    usage["total_tokens"] = sum(usage.values())
    if asked.stream:
        with_usage = bool((asked.stream_options or {}).get("include_usage"))
        return await _stream(request, known, said, usage if with_usage else None)
    message = {"role": "assistant", "content": said}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return web.json_response({**known, "object": "chat.completion", "choices": [choice], "usage": usage})


async def _read(request: web.Request) -> _Asked:
    try:
        return _Asked.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise _Refusal(400, f"{place}: {first['msg']}") from error


async def _stream(
    request: web.Request, known: Mapping[str, Any], said: str, usage: Mapping[str, int] | None
) -> web.StreamResponse:
    """Send the answer word by word. It was made and checked as a whole before: a turn may be drawn again."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _PIECES.findall(said)]
    for delta in [*deltas, None]:
        choice = {"index": 0, "delta": delta or {}, "finish_reason": None if delta else "stop"}
        await _send(response, {**known, "object": "chat.completion.chunk", "choices": [choice]})
    if usage is not None:
        await _send(response, {**known, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _send(response: web.StreamResponse, body: Mapping[str, Any]) -> None:
    await response.write(f"data: {json.dumps(body)}\n\n".encode())
