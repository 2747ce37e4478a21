"""The application: which address answers which question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from importlib import resources
from typing import Any, TypeVar, get_args

import orjson
from aiohttp import web
from pydantic import ValidationError

from simulator.errors import InputError, SixhopError, UsageError
from simulator.explorer import asked
from simulator.explorer.finder import Finder
from simulator.explorer.guard import HEADERS, Handler, guarded_by
from simulator.explorer.overview import figures, now, overview
from simulator.explorer.people import listed, person, relations_of
from simulator.explorer.reader import Look, Reader
from simulator.explorer.records import record, records
from simulator.explorer.surroundings import around, path
from simulator.settings import Settings

__all__ = ["make_app"]

Q = TypeVar("Q", bound=asked.Nothing)

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


def make_app(reader: Reader, token: str, settings: Settings) -> web.Application:
    """Return the application.

    Args:
        reader: The run.
        token: The first part of every path.
        settings: The environment, for the embedder.
    """
    app = web.Application(middlewares=[guarded_by(token), _in_json])
    app.on_response_prepare.append(_with_headers)
    finder = Finder(reader, settings)

    async def closing(_app: web.Application) -> AsyncIterator[None]:
        yield
        await finder.aclose()
        reader.close()

    app.cleanup_ctx.append(closing)
    _add_files(app, f"/{token}")
    _add_questions(app, f"/{token}/api", reader, finder)
    return app


def _add_files(app: web.Application, root: str) -> None:
    """Serve the files of the page; they are few, and are read now so that no address can name another one."""

    def serving(body: bytes, kind: str) -> Handler:
        async def serve(_request: web.Request) -> web.Response:
            return web.Response(body=body, content_type=kind, charset="utf-8")

        return serve

    for file in (resources.files("simulator.explorer") / "web").iterdir():
        kind = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is None:
            continue
        name = "" if file.name == "index.html" else file.name
        app.router.add_get(f"{root}/{name}", serving(file.read_bytes(), kind))

    async def whole(_request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": f"{root}/"})

    app.router.add_get(root, whole)


def _add_questions(app: web.Application, root: str, reader: Reader, finder: Finder) -> None:
    async def find(request: web.Request) -> web.Response:
        return _answer(await finder.find(_asked(request, asked.Find)))

    def add(place: str, kind: type[Q], answer: Callable[[Look, Q, Mapping[str, str]], Any]) -> None:
        async def ask(request: web.Request) -> web.Response:
            wanted, parts = _asked(request, kind), dict(request.match_info)
            return _answer(await reader.ask(lambda look: answer(look, wanted, parts)))

        app.router.add_get(f"{root}/{place}", ask)

    app.router.add_get(f"{root}/find", find)
    add("now", asked.Nothing, lambda look, _q, _p: now(look))
    add("overview", asked.Nothing, lambda look, _q, _p: overview(look))
    add("figures", asked.Nothing, lambda look, _q, _p: figures(look))
    add("people", asked.People, lambda look, q, _p: listed(look, q))
    add("path", asked.Path, lambda look, q, _p: path(look, q))
    add("person/{id}", asked.Nothing, lambda look, _q, p: person(look, p["id"]))
    add("person/{id}/relations", asked.Page, lambda look, q, p: relations_of(look, p["id"], q))
    add("person/{id}/around", asked.Around, lambda look, q, p: around(look, p["id"], q))
    add("{kind}", asked.RecordPage, lambda look, q, p: records(look, _kind(p), q))
    add("{kind}/{id}", asked.Nothing, lambda look, _q, p: record(look, _kind(p), p["id"]))


def _kind(parts: Mapping[str, str]) -> Any:
    allowed = get_args(asked.RecordsKind)
    if parts["kind"] not in allowed:
        raise InputError(f"There is no kind of record {parts['kind']!r}; allowed: {', '.join(allowed)}.")
    return parts["kind"]


def _asked(request: web.Request, kind: type[Q]) -> Q:
    try:
        return kind.model_validate(dict(request.query))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{place}: {first['msg']} (got {str(first['input'])[:80]!r})") from error


def _answer(value: Any, status: int = 200) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into answers that the page can show."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _answer({"error": error.reason, "notes": []}, error.status)
    except SixhopError as error:
        status = 404 if isinstance(error, InputError) else 400 if isinstance(error, UsageError) else 503
        return _answer({"error": str(error), "notes": list(getattr(error, "__notes__", ()))}, status)
    except ValidationError as error:
        told = f"a record of the run is not of the form that this version writes: {str(error).splitlines()[0]}"
        return _answer({"error": told, "notes": []}, 503)


async def _with_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.popall("Server", None)
