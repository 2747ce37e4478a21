"""The base of everything that is stored or sent: strict, frozen, and hashed by content."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Record",
    "canonical_json",
    "content_hash",
    "content_id",
    "derive_seed",
    "hash_text",
    "listed",
    "normalise_text",
]

_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class Record(BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def normalise_text(text: str) -> str:
    """Return ``text`` in Unicode NFC with every run of white space as one space, and trimmed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def canonical_json(value: Any) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, UTF-8 kept as it is.

    Args:
        value: Anything that JSON can hold; a pydantic model is dumped in JSON mode.

    Raises:
        TypeError: ``value`` holds something that JSON cannot.
        ValueError: ``value`` holds a NaN or an infinity.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return _ENCODE(value)


def content_hash(*parts: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``parts``, as 64 hexadecimal digits."""
    return hash_text(canonical_json(list(parts)))


def hash_text(text: str) -> str:
    """Return the SHA-256 of ``text`` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def content_id(prefix: str, *parts: Any) -> str:
    """Return ``prefix-`` and the first 16 hexadecimal digits (64 bits) of :func:`content_hash`.

    >>> content_id("p", "a lock keeper") == content_id("p", "a lock keeper")
    True
    """
    return f"{prefix}-{content_hash(*parts)[:16]}"


def derive_seed(*parts: Any) -> int:
    """Return a seed in 0..2**31-1 that depends on nothing but ``parts``."""
    return int(content_hash("seed", *parts)[:8], 16) & 0x7FFFFFFF


def listed(value: Any) -> Any:
    """Return a single text as a list of one."""
    return [value] if isinstance(value, str) else value
