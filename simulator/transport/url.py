"""Where an endpoint is, which model is meant and which key it gets: the ``URL#MODEL`` form of a SPEC."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from simulator.errors import ModelSpecError
from simulator.settings import DEFAULT_KEY, Settings, on_this_machine

__all__ = ["OPENAI_URL", "Remote", "key_for", "parse_remote"]

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


def key_for(remote: Remote, settings: Settings, named: str | None, otherwise: str) -> SecretStr | None:
    """Return the key that goes to an endpoint, from the variable that somebody named or else ``OPENAI_API_KEY``.

    A key that nobody named for this endpoint is not sent where others can read it on the way: over plain ``http``, to
    another machine.

    Args:
        remote: The endpoint.
        settings: The environment.
        named: The variable that was named for this endpoint.
        otherwise: What to use where no key is at hand.

    Raises:
        ModelSpecError: The endpoint needs a key that is not set, or would get one unencrypted that nobody named.
    """
    variable, place = named or DEFAULT_KEY, f"{remote.url}#{remote.model}"
    key = settings.key(variable)
    if key is None and (named or remote.is_openai):
        raise ModelSpecError(
            f"{place} needs a key in the environment variable {variable!r}, which is not set. Set it, {otherwise}."
        )
    if key is not None and named is None and remote.url.startswith("http:") and not on_this_machine(remote.url):
        raise ModelSpecError(
            f"{place} would get the key in {variable!r} unencrypted, for anybody on the way to read. Use https; or, if "
            f"the key is meant for that server, name its variable with 'key_env'; or, if the server wants none, start "
            f"with {variable}= in front of the command."
        )
    return key


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
