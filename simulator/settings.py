"""The environment, read once at the edge.

Explicit beats environment beats default: what a caller passes (a scenario's value, an option of the command line)
wins over what stands here, and what stands here wins over the defaults of the rooms.

============================  =======================================================================
variable                      meaning
============================  =======================================================================
``SIXHOP_MODEL``              model SPEC used when neither the scenario nor the command line names one
``SIXHOP_EMBEDDER``           embedder SPEC used likewise
``SIXHOP_THREADS``            threads of the embedded model's server, 1 to 512
``SIXHOP_SLOTS``              requests that the embedded server works on at once, 1 to 64
``SIXHOP_CONTEXT``            tokens of context for each of these slots, 512 to 1048576
``SIXHOP_PRICES``             prices of models: ``MODEL=INPUT/OUTPUT[/CACHED]``, US dollars for a million tokens
``OPENAI_API_KEY``            key of an OpenAI-compatible endpoint, unless the scenario names another variable
``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``   proxies for endpoints that are not on this machine
============================  =======================================================================
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from simulator.errors import UsageError
from simulator.redaction import Redactor

__all__ = ["DEFAULT_EMBEDDER", "DEFAULT_KEY", "DEFAULT_MODEL", "Proxy", "Settings", "on_this_machine"]

DEFAULT_KEY = "OPENAI_API_KEY"
"""The variable that holds an endpoint's key when none is named."""

DEFAULT_MODEL, DEFAULT_EMBEDDER = "local", "wordllama"
"""SPECs of what comes with Sixhop."""


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        url: Scheme, host and port, as messages may name it.
        user: Whom it knows us as; empty when it asks nobody.
        password: Apart from the URL, which stands in error messages and logs.
    """

    url: str
    user: str = ""
    password: SecretStr | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that tell it who asks; none when it has not to know."""
        if not self.user and self.password is None:
            return {}
        known = f"{self.user}:{self.password.get_secret_value() if self.password else ''}"
        return {"Proxy-Authorization": f"Basic {base64.b64encode(known.encode()).decode()}"}


@dataclass(frozen=True)
class Settings:
    """What the environment says, as it was when this object was made.

    Attributes:
        model: ``SIXHOP_MODEL``, or ``None``.
        embedder: ``SIXHOP_EMBEDDER``, or ``None``.
        threads: ``SIXHOP_THREADS``, or ``None``.
        slots: ``SIXHOP_SLOTS``, or ``None``.
        context: ``SIXHOP_CONTEXT``, or ``None``.
        prices: ``SIXHOP_PRICES``, or empty.
    """

    model: str | None = None
    embedder: str | None = None
    threads: int | None = None
    slots: int | None = None
    context: int | None = None
    prices: str = ""
    _environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Args:
            environ: What to read instead of ``os.environ``.

        Raises:
            UsageError: A ``SIXHOP_`` variable holds a value that is not allowed.
        """
        values = dict(os.environ if environ is None else environ)
        return cls(
            model=values.get("SIXHOP_MODEL") or None,
            embedder=values.get("SIXHOP_EMBEDDER") or None,
            threads=_number(values, "SIXHOP_THREADS", 1, 512),
            slots=_number(values, "SIXHOP_SLOTS", 1, 64),
            context=_number(values, "SIXHOP_CONTEXT", 512, 1 << 20),
            prices=values.get("SIXHOP_PRICES", ""),
            _environ=values,
        )

    def model_spec(self, given: str | None = None) -> str:
        """Return the SPEC of the model to use: the given one, else the environment's, else the embedded model's."""
        return given or self.model or DEFAULT_MODEL

    def embedder_spec(self, given: str | None = None) -> str:
        """Return the SPEC of the embedder to use, likewise."""
        return given or self.embedder or DEFAULT_EMBEDDER

    def key(self, variable: str) -> SecretStr | None:
        """Return the key that ``variable`` holds; ``None`` when it is not set or blank."""
        value = self._environ.get(variable, "").strip()
        return SecretStr(value) if value else None

    def redactor(self, names: Iterable[str] = ()) -> Redactor:
        """Return what strikes keys out of text: those of variables that are named like one, and of ``names``."""
        return Redactor.from_environ(self._environ, {DEFAULT_KEY, *names})

    def proxy_for(self, url: str) -> Proxy | None:
        """Return the proxy that the environment names for ``url``, if any.

        None is used for this machine, nor for hosts that ``NO_PROXY`` lists by name or by the end of their name.

        Raises:
            UsageError: What the environment names is no HTTP proxy.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if on_this_machine(url):
            return None
        exempt = [name.strip().lstrip(".").lower() for name in self._either("no_proxy").split(",") if name.strip()]
        if any(name == "*" or host == name or host.endswith(f".{name}") for name in exempt):
            return None
        for variable in (f"{parts.scheme}_proxy", "all_proxy"):
            if named := self._either(variable).strip():
                return _proxy(variable.upper(), named)
        return None

    def _either(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper()) or ""


def on_this_machine(url: str) -> bool:
    """Return whether the host of ``url`` is the loopback: by its address, or by a name that always means it."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy(variable: str, text: str) -> Proxy:
    parts = _split(text if "://" in text else f"http://{text}")
    if parts is None or not parts.hostname or parts.scheme not in {"http", "https"}:
        kind = repr(parts.scheme) if parts is not None and parts.hostname else "no URL"
        raise UsageError(
            f"{variable} names a proxy of the kind {kind}; allowed is http://HOST:PORT or https://HOST:PORT"
        )
    host = parts.netloc.rpartition("@")[2]
    password = SecretStr(unquote(parts.password)) if parts.password else None
    return Proxy(f"{parts.scheme}://{host}", unquote(parts.username or ""), password)


def _split(text: str) -> SplitResult | None:
    """Return the parts of a URL; ``None`` when it is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # checked when it is read
    except ValueError:
        return None
    return parts


def _number(values: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise UsageError(f"{name} is {text!r}; allowed is a whole number from {low} to {high}. Correct or unset it.")
    return int(text)
