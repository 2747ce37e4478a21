"""The batch endpoints of a fake server: files, batches, and what can befall them."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from simulator.llm.fakes.answers import error_response

__all__ = ["FakeBatches", "Fate"]

Complete = Callable[[dict[str, Any]], dict[str, Any]]
"""The body of a chat completion request to that of its answer."""


@dataclass(frozen=True)
class Fate:
    """What becomes of one batch.

    Attributes:
        status: How it ends: ``completed``, ``failed``, ``expired`` or ``cancelled``.
        done: Share of its requests that are answered before it ends so, 0 to 1.
        polls: Looks at it before it has ended; more than can be had when nobody is to see the end.
        confirmed: Whether its creation is answered; without, the connection ends after the batch was made.
        message: Why it failed.
    """

    status: str = "completed"
    done: float = 1.0
    polls: int = 1
    confirmed: bool = True
    message: str = ""


@dataclass
class FakeBatches:
    """Files and batches of a fake server. They outlive its connections, as a provider's do.

    Args:
        complete: Answers one request.

    Attributes:
        fates: Used up by the next batches, in order; then all are completed.
        refuse: Chooses requests that are answered with an error: their body to a status and a message, or ``None``.
        files: Contents of the files by id.
        batches: The batches by id, as the provider tells of them.
        asked: The requests of all batches in the order in which they were submitted, as (custom id, body).
    """

    complete: Complete
    fates: deque[Fate] = field(default_factory=deque)
    refuse: Callable[[dict[str, Any]], tuple[int, str] | None] = lambda body: None
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _fate_of: dict[str, Fate] = field(default_factory=dict)
    _looks: dict[str, int] = field(default_factory=dict)
    _numbers: Any = field(default_factory=itertools.count)

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the endpoints."""
        return [
            web.post("/v1/files", self._upload),
            web.get("/v1/files/{id}/content", self._content),
            web.post("/v1/batches", self._create),
            web.get("/v1/batches", self._list),
            web.get("/v1/batches/{id}", self._status),
        ]

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form.get("file")
        if form.get("purpose") != "batch" or not isinstance(file, web.FileField):
            return error_response(400, "a batch's file has the purpose 'batch'", "purpose")
        return web.json_response({"id": self._keep(file.file.read()), "object": "file", "purpose": "batch"})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        data = self.files.get(request.match_info["id"])
        return error_response(404, "No such file", "id") if data is None else web.Response(body=data)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        data = self.files.get(body.get("input_file_id"))
        if data is None or body.get("endpoint") != "/v1/chat/completions" or body.get("completion_window") != "24h":
            return error_response(400, "Invalid batch", "input_file_id")
        fate, id_ = (self.fates.popleft() if self.fates else Fate()), f"batch_{next(self._numbers)}"
        rows = [json.loads(line) for line in data.splitlines()]
        self.asked += [(row["custom_id"], row["body"]) for row in rows]
        self._fate_of[id_], self._looks[id_] = fate, 0
        self.batches[id_] = {
            "id": id_,
            "object": "batch",
            "status": "validating",
            "metadata": body.get("metadata") or {},
            "input_file_id": body["input_file_id"],
        }
        if not fate.confirmed and request.transport is not None:
            request.transport.close()
        return web.json_response(self.batches[id_])

    async def _list(self, request: web.Request) -> web.StreamResponse:
        newest = list(self.batches.values())[::-1]
        after, limit = request.query.get("after"), int(request.query.get("limit", 20))
        start = 1 + next((place for place, one in enumerate(newest) if one["id"] == after), -1)
        page = newest[start : start + limit]
        return web.json_response({"object": "list", "data": page, "has_more": start + limit < len(newest)})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return error_response(404, "No such batch", "id")
        fate = self._fate_of[batch["id"]]
        self._looks[batch["id"]] += 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if self._looks[batch["id"]] > fate.polls:
                self._finish(batch, fate)
        return web.json_response(batch)

    def _finish(self, batch: dict[str, Any], fate: Fate) -> None:
        batch["status"] = fate.status
        if fate.status == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "invalid", "message": fate.message}]}
            return
        rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        good, bad = list[Any](), list[Any]()
        for row in rows[: round(fate.done * len(rows))][::-1]:  # a provider keeps no order
            refused = self.refuse(row["body"])
            status, body = refused or (200, "")
            answer = {"error": {"message": body, "param": ""}} if refused else self.complete(row["body"])
            response = {"status_code": status, "request_id": "r", "body": answer}
            line = {"id": "l", "custom_id": row["custom_id"], "response": response, "error": None}
            (bad if refused else good).append(line)
        for row in rows[round(fate.done * len(rows)) :]:
            error = {"code": f"batch_{fate.status}", "message": "This request could not be executed in time."}
            bad.append({"id": "l", "custom_id": row["custom_id"], "response": None, "error": error})
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                batch[name] = self._keep(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def _keep(self, data: bytes) -> str:
        id_ = f"file-{next(self._numbers)}"
        self.files[id_] = data
        return id_
