"""A provider's batch endpoints, in OpenAI's shape: upload a JSONL file, create a batch of it, poll, fetch what came.

Documented at platform.openai.com/docs/guides/batch; others (Azure, Groq, Mistral's gateway, vLLM's runner) follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from simulator.errors import EndpointBusy, EndpointError, EndpointRefused
from simulator.models.base import Record
from simulator.models.batch import Batch
from simulator.transport.body import decode, encode
from simulator.transport.client import HttpClient
from simulator.transport.setback import Answer, Place, Setback, kept

__all__ = ["ENDPOINT", "MARK", "BatchApi", "Line", "Status", "line_of", "missing"]

ENDPOINT = "/v1/chat/completions"
MARK = "sixhop"
"""The name under which our own id stands in a batch's metadata."""

_MOST_BYTES = 256 << 20  # of an output file: the input may have 200 MB, and answers are shorter than prompts
_PAGES = 10  # of 100 batches, looked through for one whose creation was not confirmed
_BOUNDARY = "sixhop-7f3a1c0b5d2e4968"


class Status(Record):
    """How a batch is getting on.

    Attributes:
        id: The provider's.
        status: ``validating``, ``in_progress``, ``finalizing``, ``completed``, ``failed``, ``expired``, ``cancelling``
            or ``cancelled``.
        output: File of the answers; empty while there is none.
        errors: File of the requests that failed; likewise.
        told: Why it failed.
    """

    id: str
    status: str
    output: str = ""
    errors: str = ""
    told: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in ("completed", "failed", "expired", "cancelled")


class Line(Record):
    """One line of an output or error file: an answer to the request ``key``; its status is 0 when there is none."""

    key: str
    status: int
    body: bytes


class BatchApi:
    """The batch endpoints of one provider.

    Args:
        client: Speaks to it.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def submit(self, id: str, lines: Iterable[bytes], window: str) -> Status:
        """Upload the requests and create a batch of them; sent once, because twice would be paid for twice.

        Args:
            id: Ours.
            lines: The requests, as :func:`line_of` writes them.
            window: Within which the provider is to be done.

        Raises:
            EndpointError: It was refused, or whether it was created is not known: :meth:`find` tells.
        """
        uploaded = await self._json("POST", "/files", data=_upload(lines), content_type=_FORM)
        body = {
            "input_file_id": uploaded["id"],
            "endpoint": ENDPOINT,
            "completion_window": window,
            "metadata": {MARK: id},
        }
        return _status(await self._json("POST", "/batches", data=encode(body), attempts=1))

    async def find(self, id: str) -> Status | None:
        """Return the batch that was created with our ``id``, if there is one.

        Raises:
            EndpointError: The provider does not say.
        """
        path = "/batches?limit=100"
        for _ in range(_PAGES):
            page = await self._json("GET", path)
            for one in page.get("data") or ():
                if (one.get("metadata") or {}).get(MARK) == id:
                    return _status(one)
            if not page.get("has_more") or not page.get("data"):
                break
            path = f"/batches?limit=100&after={page['data'][-1]['id']}"
        return None

    async def status(self, remote: str) -> Status:
        """Return how the batch ``remote`` is getting on.

        Raises:
            EndpointError: The provider does not say.
        """
        return _status(await self._json("GET", f"/batches/{remote}"))

    async def lines(self, file: str) -> list[Line]:
        """Return the lines of an output or error file; what is no line of ours is left out.

        Raises:
            EndpointError: It cannot be fetched.
        """
        answer = await self._client.send("GET", f"/files/{file}/content", check=lambda _: None, max_bytes=_MOST_BYTES)
        return list(_lines(answer.data))

    async def _json(
        self, method: str, path: str, *, data: bytes | None = None, content_type: str = "", attempts: int | None = None
    ) -> dict[str, Any]:
        check = partial(_check, place=self._client.place)
        answer = await self._client.send(
            method, path, check=check, data=data, content_type=content_type, attempts=attempts
        )
        found: dict[str, Any] = decode(answer.data)[0]
        return found


_FORM = f"multipart/form-data; boundary={_BOUNDARY}"


def line_of(key: str, body: Mapping[str, Any]) -> bytes:
    """Return the line of a request in a batch's file."""
    return encode({"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}) + b"\n"


def _upload(lines: Iterable[bytes]) -> bytes:
    return (
        (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="sixhop.jsonl"\r\n'
            f"Content-Type: application/jsonl\r\n\r\n"
        ).encode()
        + b"".join(lines)
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )


def _check(answer: Answer, place: Place) -> Setback | None:
    try:
        body, _ = decode(answer.data)
    except ValueError:
        body = None
    if isinstance(body, dict) and ("id" in body or isinstance(body.get("data"), list)):
        return None
    text = f"{place.host} answered a question about batches with something else; check that it has batch endpoints"
    return Setback(EndpointBusy(text, raw=kept(answer.data, place)), again=True)


def _status(body: Mapping[str, Any]) -> Status:
    problems = ((body.get("errors") or {}).get("data")) or ()
    told = "; ".join(str(one.get("message")) for one in problems if isinstance(one, dict))
    return Status(
        id=str(body["id"]),
        status=str(body.get("status") or "validating"),
        output=str(body.get("output_file_id") or ""),
        errors=str(body.get("error_file_id") or ""),
        told=told,
    )


def _lines(data: bytes) -> Iterator[Line]:
    for raw in data.splitlines():
        try:
            row, _ = decode(raw)
        except ValueError:
            continue
        if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
            continue
        response = row.get("response")
        response = response if isinstance(response, dict) else {}
        status = response.get("status_code")
        body = encode(response.get("body") or {"error": row.get("error")})
        yield Line(key=row["custom_id"], status=status if isinstance(status, int) else 0, body=body)


def missing(batch: Batch, status: Status) -> EndpointError:
    """Return why a request has no line: the batch expired, was cancelled, or failed as a whole."""
    if status.status == "expired":
        return EndpointBusy(f"the batch {batch.remote} expired before the provider came to this request")
    if status.status == "cancelled":
        return EndpointRefused(f"the batch {batch.remote} was cancelled at the provider")
    if status.status == "failed":
        return EndpointRefused(f"the provider refused the batch {batch.remote}: {status.told or 'it does not say why'}")
    return EndpointBusy(f"the provider gave no answer to this request of the batch {batch.remote}")
