"""The faults of endpoints by name, each with what must come of it. ``docs/faults.md`` has the table.

>>> sorted({one.expected for one in catalogue().values()})
['failed', 'product', 'redrawn', 'repaired', 'retried']
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from typing import Any, Literal

from simulator.llm.fakes.edits import both, choice, finish, message, said, spoilt, top
from simulator.llm.fakes.fault import Fault

__all__ = ["CUT_MARK", "Expected", "Kind", "NamedFault", "catalogue"]

Kind = Literal[
    "rate limit", "refusal", "server", "no completion", "connection", "stall", "cut", "refused", "form", "text", "usage"
]

Expected = Literal["retried", "failed", "redrawn", "repaired", "product"]
"""What must come of a call that meets the fault.

``retried``: the same request is sent again, and while the fault stays the unit fails. ``failed``: the unit fails, the
request is not sent again. ``redrawn``: the reply is of no use; the role draws another one, and while the fault stays
the unit fails. ``repaired``: characters that cannot be stored are replaced, what is not the answer is removed.
``product``: the reply is as good as any.
"""

CUT_MARK = "cutmark"
"""Stands in every reply that is cut and looks whole otherwise: nothing that a run makes may have it."""


@dataclass(frozen=True)
class NamedFault:
    """One fault and what must come of it.

    Attributes:
        name: What happens, in a few words; the key of the catalogue.
        kind: The group that it belongs to.
        expected: What must come of it.
        fault: How the fake server plays it.
        json_only: Whether it is about JSON in the reply, so that a role whose replies are plain text takes it as text.
        hopeless: Whether it meets every further call too, so that the run stops at once.
    """

    name: str
    kind: Kind
    expected: Expected
    fault: Fault
    json_only: bool = False
    hopeless: bool = False


@cache
def catalogue(now: float | None = None) -> Mapping[str, NamedFault]:
    """Return every named fault.

    Args:
        now: Seconds since 1970 that dates in headers are counted from; by default the time of the first call.
    """
    moment = time.time() if now is None else now
    groups = (
        _rate_limits(moment),
        _refusals(),
        _server(),
        _no_completions(),
        _connection(),
        _cuts(),
        _forms(),
        _texts(),
    )
    every = [one for group in (*groups, _usages()) for one in group]
    return {one.name: one for one in every}


def _raw(body: bytes, content_type: str = "application/json", status: int = 200) -> Fault:
    return Fault(status=status, body=body, content_type=content_type)


def _error(message: str, **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, **more}}).encode()


def _rate_limits(now: float) -> Iterator[NamedFault]:
    rfc_850 = time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(now + 3))
    asks = {
        "429": {},
        "429, Retry-After in seconds": {"Retry-After": "2"},
        "429, Retry-After of a fraction": {"Retry-After": "0.5"},
        "429, Retry-After of zero": {"Retry-After": "0"},
        "429, retry-after-ms": {"retry-after-ms": "1500"},
        "429, Retry-After as a date": {"Retry-After": formatdate(now + 3, usegmt=True)},
        "429, Retry-After as an old-style date": {"Retry-After": rfc_850},
        "429, Retry-After in the past": {"Retry-After": formatdate(now - 900, usegmt=True)},
        "429, Retry-After of nonsense": {"Retry-After": "soon"},
        "429, Retry-After below zero": {"Retry-After": "-3"},
    }
    for name, headers in asks.items():
        yield NamedFault(name, "rate limit", "retried", Fault.error(429, headers=headers))
    yield NamedFault("429 inside a 200", "rate limit", "retried", _raw(_error("slow down", code=429)))
    week = Fault.error(429, headers={"Retry-After": "604800"})
    yield NamedFault("429, Retry-After of a week", "rate limit", "failed", week)
    broke = _raw(_error("pay first", code="insufficient_quota"), status=429)
    yield NamedFault("429 without credit", "rate limit", "failed", broke, hopeless=True)


def _refusals() -> Iterator[NamedFault]:
    for status in (400, 401, 402, 403, 404, 405, 413, 414, 501):
        yield NamedFault(str(status), "refusal", "failed", Fault.error(status), hopeless=status in (401, 402))
    fastapi = _raw(b'{"detail":[{"loc":["body"],"msg":"too long"}]}', status=422)
    yield NamedFault("422 as FastAPI says it", "refusal", "failed", fastapi)
    for status in (301, 307):
        elsewhere = Fault(status=status, headers={"Location": "https://elsewhere.example/v1"}, body=b"")
        yield NamedFault(f"{status} to another host", "refusal", "failed", elsewhere)
    yield NamedFault("400 inside a 200", "refusal", "failed", _raw(_error("bad", code=400)))


def _server() -> Iterator[NamedFault]:
    for status in (408, 409, 425, 500, 503, 529):
        yield NamedFault(str(status), "server", "retried", Fault.error(status))
    asks = Fault.error(503, headers={"Retry-After": "1"})
    yield NamedFault("503, Retry-After in seconds", "server", "retried", asks)
    yield NamedFault("502 with a web page", "server", "retried", _raw(b"<html>Bad gateway</html>", "text/html", 502))
    yield NamedFault("504 with nothing", "server", "retried", _raw(b"", "text/plain", 504))
    yield NamedFault("200 with an error body", "server", "retried", _raw(_error("overloaded")))
    yield NamedFault("200 with an error string", "server", "retried", _raw(b'{"error": "model crashed"}'))


def _no_completions() -> Iterator[NamedFault]:
    bodies = {
        "200 with a web page": _raw(b"<!DOCTYPE html><p>Welcome", "text/html"),
        "200 with nothing": _raw(b""),
        "200 with words": _raw(b"OK", "text/plain"),
        "half of a completion": _raw(b'{"choices": [{"message": {"content": "a'),
        "a list": _raw(b"[1]"),
        "null": _raw(b"null"),
        "no choices": _raw(b'{"id": "x"}'),
        "null choices": _raw(b'{"choices": null}'),
        "empty choices": _raw(b'{"choices": []}'),
        "a choice without a message": _raw(b'{"choices": [{"text": "a"}]}'),
        "content that is a number": _raw(b'{"choices": [{"message": {"content": 5}}]}'),
    }
    for name, fault in bodies.items():
        yield NamedFault(name, "no completion", "retried", fault)
    yield NamedFault("wrong content type", "no completion", "product", Fault(content_type="text/html"))
    yield NamedFault("two choices", "no completion", "product", Fault(edit=_twice))


def _connection() -> Iterator[NamedFault]:
    faults = {
        "closed before the first byte": Fault(drop="before"),
        "reset before the first byte": Fault(drop="before", reset=True),
        "closed in the body": Fault(drop="middle"),
        "reset in the body": Fault(drop="middle", reset=True),
    }
    for name, fault in faults.items():
        yield NamedFault(name, "connection", "retried", fault)
    yield NamedFault("no first byte, ever", "stall", "retried", Fault(hang=True))
    yield NamedFault("a slow drip", "stall", "retried", Fault(drip_s=1.0))
    yield NamedFault("a late first byte", "stall", "product", Fault(delay_s=0.02))


def _cuts() -> Iterator[NamedFault]:
    for reason in ("length", "max_tokens", "model_length"):
        cut = both(spoilt(CUT_MARK), finish(reason))
        yield NamedFault(f"finish {reason!r}", "cut", "redrawn", Fault(edit=cut))
    halved = both(said(lambda text: text[: len(text) // 2]), finish("length"))
    yield NamedFault("half of a reply, finish 'length'", "cut", "redrawn", Fault(edit=halved))
    for named, value in (("null", None), ("'tool_calls'", "tool_calls"), ("'error'", "error")):
        edit = both(spoilt(CUT_MARK), finish(value))
        yield NamedFault(f"finish {named}", "cut", "redrawn", Fault(edit=edit))
    nothing = both(spoilt(CUT_MARK), choice(finish_reason=...))
    yield NamedFault("no finish reason", "cut", "redrawn", Fault(edit=nothing))
    for reason in ("content_filter", "SAFETY"):
        yield NamedFault(f"finish {reason!r}", "refused", "redrawn", Fault(edit=both(spoilt(CUT_MARK), finish(reason))))
    refusal = message(content=None, refusal="I would rather not.")
    yield NamedFault("a refusal", "refused", "redrawn", Fault(edit=refusal))


def _forms() -> Iterator[NamedFault]:
    yield NamedFault("fenced JSON", "form", "product", Fault(edit=said(_fenced)), json_only=True)
    texts = {
        "truncated JSON": lambda text: text[: 2 * len(text) // 3],
        "a key twice": lambda text: '{"a": 1, "a": 2, ' + text[1:],
        "another schema": lambda text: '{"colour": 7}',
        "two objects": lambda text: text + text,
        "words after the JSON": lambda text: text + " That is all.",
        "JSON of a number": lambda text: "7",
        "nested 100,000 deep": lambda text: "[" * 100_000,
    }
    for name, change in texts.items():
        yield NamedFault(name, "form", "redrawn", Fault(edit=said(change)), json_only=True)
    huge = Fault(edit=said(lambda text: '{"a": "' + "x" * 10_000_000 + '"}'))
    yield NamedFault("10 MB of JSON", "form", "redrawn", huge)
    for name, content in {"empty content": "", "white space": " \n\t", "null content": None}.items():
        yield NamedFault(name, "form", "redrawn", Fault(edit=message(content=content)))
    yield NamedFault("reasoning and no answer", "form", "redrawn", Fault(edit=said(lambda text: "<think>hm, hm")))


def _texts() -> Iterator[NamedFault]:
    marks = {
        "a lone surrogate": "\ud800",
        "surrogates in the wrong order": "\udc00\ud800",
        "NUL": "\0",
    }
    for name, characters in marks.items():
        yield NamedFault(name, "text", "repaired", Fault(edit=spoilt(characters)))
    harmless = {"right-to-left marks": "\u202e\u202c", "zero-width characters": "\u200b\ufeff"}
    for name, characters in harmless.items():
        yield NamedFault(name, "text", "product", Fault(edit=spoilt(characters)))
    thinking = said(lambda text: f"<think>well,\nwell</think>\n\n{text}")
    yield NamedFault("reasoning before the answer", "text", "repaired", Fault(edit=thinking))
    odd = message(tool_calls=[{"function": 1}, "x"], function_call={"lc": 1, "type": "secret", "id": ["HOME"]})
    yield NamedFault("hostile objects beside the answer", "text", "product", Fault(edit=odd))
    parts = Fault(edit=_in_parts)
    yield NamedFault("content in parts", "text", "product", parts)


def _usages() -> Iterator[NamedFault]:
    usages: dict[str, Any] = {
        "usage missing": None,
        "usage of nulls": {"prompt_tokens": None, "completion_tokens": None},
        "usage below zero": {"prompt_tokens": -5, "completion_tokens": -1},
        "usage absurd": {"prompt_tokens": 10**15, "completion_tokens": 1e300},
        "usage in words": {"prompt_tokens": "ten", "completion_tokens": [1]},
    }
    for name, usage in usages.items():
        yield NamedFault(name, "usage", "product", Fault(edit=top("usage", usage)))


def _fenced(text: str) -> str:
    return f"Here it is:\n```json\n{text}\n```"


def _twice(completion: dict[str, Any]) -> Any:
    second = {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": CUT_MARK}}
    return {**completion, "choices": [*completion["choices"], second]}


def _in_parts(completion: dict[str, Any]) -> Any:
    first = completion["choices"][0]["message"]
    text = first["content"]
    first["content"] = [{"type": "text", "text": text[:9]}, {"type": "image"}, {"type": "text", "text": text[9:]}]
    return completion
