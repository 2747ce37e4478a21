"""Where an endpoint is and which model is meant: the ``URL#MODEL`` form of a SPEC."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from simulator.errors import ModelSpecError

__all__ = ["OPENAI_URL", "Remote", "parse_remote"]

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Remote:
    """A model at an endpoint.

    Attributes:
        url: Base URL without a slash at its end.
        model: The model's name there.
    """

    url: str
    model: str

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own endpoint, which always needs a key."""
        return urlsplit(self.url).hostname == "api.openai.com"


def parse_remote(text: str) -> Remote | None:
    """Return what ``openai:MODEL`` or ``URL#MODEL`` means; ``None`` when ``text`` has neither form.

    A URL without a path gets ``/v1``, where nearly all servers have their API.

    Raises:
        ModelSpecError: It begins like one of them and is malformed.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "openai" and rest:
        return Remote(OPENAI_URL, rest)
    if scheme not in {"http", "https"}:
        return None
    url, _, model = text.partition("#")
    if "@" in url:
        raise ModelSpecError("a SPEC must not hold a user or password; put the key into an environment variable")
    if not model:
        raise ModelSpecError(f"SPEC {text!r} lacks a model; write URL#MODEL, such as {url + '#my-model'!r}")
    return Remote(_base(url, text), model)


def _base(url: str, text: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is checked when it is read
    except ValueError as error:
        raise ModelSpecError(f"SPEC {text!r} has no valid URL: {error}") from error
    if not host or parts.query:
        raise ModelSpecError(f"SPEC {text!r} needs a host and no query, such as 'http://localhost:11434/v1#llama3.2'")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/embeddings") or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"
