"""Bytes to JSON and back, for servers that are not always careful."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

__all__ = ["MOST_DEPTH", "clean", "decode", "encode", "scrub", "shorten", "too_deep"]

REPLACEMENT = "\ufffd"
MOST_DEPTH = 100
"""Levels of a JSON text that a model wrote; no type of ours has ten."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_UNSTORABLE = dict.fromkeys((0, *range(55296, 57344)), REPLACEMENT)


def clean(text: str) -> str:
    """Return ``text`` with NUL and lone surrogates replaced by U+FFFD: SQLite, UTF-8 files and orjson refuse them."""
    if "\0" not in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return text.translate(_UNSTORABLE)


def scrub(value: Any) -> Any:
    """Return ``value`` (JSON-able) with every string in it, keys included, cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {scrub(key): scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item) for item in value]
    return value


def encode(value: Any) -> bytes:
    """Return the JSON of ``value``; characters that UTF-8 cannot hold become U+FFFD.

    Raises:
        TypeError: ``value`` holds something that JSON cannot.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(scrub(value))


def decode(data: bytes) -> tuple[Any, bool]:
    """Return the JSON value of ``data`` and whether bytes that are not UTF-8 had to be replaced.

    What orjson refuses (escaped lone surrogates, raw control characters, a byte order mark) is read the slow way.

    Raises:
        ValueError: ``data`` is not JSON.
    """
    try:
        return orjson.loads(data), False
    except orjson.JSONDecodeError:
        text = data.decode("utf-8-sig", "replace")
    try:
        value = json.loads(text, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value, REPLACEMENT in text and REPLACEMENT.encode() not in data


def too_deep(text: str) -> bool:
    """Return whether a JSON text is nested deeper than :data:`MOST_DEPTH`: what walks it would run out of stack."""
    if text.count("[") + text.count("{") <= MOST_DEPTH:
        return False
    level = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        if level > MOST_DEPTH:
            return True
    return False


def shorten(text: str, limit: int = 300) -> str:
    """Return ``text`` on one line, at most ``limit`` characters of it."""
    line = " ".join(clean(text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
