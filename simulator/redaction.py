"""Keys struck out of what is written for people: logs and tracebacks."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

__all__ = ["Redactor"]

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SHORTEST = 8  # characters: "none" or "EMPTY" is what servers without keys are given, and an ordinary word
_STRUCK = "***"


class Redactor:
    """Strikes secrets out of text: as they are, in base64 and URL-encoded.

    Args:
        secrets: What must not be seen; those of fewer than 8 characters are no secrets.

    >>> Redactor(["sk-0123456789"]).strike("Authorization: Bearer sk-0123456789")
    'Authorization: Bearer ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None, names: Iterable[str] = ()) -> Redactor:
        """Return one for every variable whose name ends like that of a secret, and for ``names``.

        What a URL in any variable says before its ``@`` is a secret too: the password, or a user without one.

        Args:
            environ: What to read instead of ``os.environ``.
            names: Further variables that hold secrets.
        """
        values = os.environ if environ is None else environ
        named = {values[name] for name in names if name in values}
        ending = {value for name, value in values.items() if _SECRET_NAME.search(name)}
        return cls(named.union(ending, *map(_within_url, values.values())))

    def strike(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        return self._pattern.sub(_STRUCK, text) if self._pattern else text

    def strike_all(self, value: Any) -> Any:
        """Return a JSON-able ``value`` without the secrets, keys of objects included."""
        if isinstance(value, str):
            return self.strike(value)
        if isinstance(value, dict):
            return {self.strike(str(key)): self.strike_all(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.strike_all(part) for part in value]
        return value


def _within_url(value: str) -> set[str]:
    """Return the secret of a URL with a user, as it is written and as it is meant."""
    head, at, _ = value.partition("://")[2].rpartition("@")
    if not at or "://" not in value:
        return set()
    try:
        parts = urlsplit(value)
        secret = parts.password or parts.username or ""
    except ValueError:
        secret = head.partition(":")[2] or head
    return {secret, unquote(secret)} - {""}


def _forms(secret: str) -> set[str]:
    """Return ``secret`` as it may be written; base64 at each of the three places that it can have in a longer text."""
    secret = secret.strip()
    data = secret.encode("utf-8", "surrogatepass")
    coded = {secret, repr(secret)[1:-1], quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).decode()
        # Only what no neighbour has a part in: a character of base64 holds six bits.
        text = text[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]
        coded |= {text, text.replace("+", "-").replace("/", "_")}
    return {form for form in coded if len(form) >= _SHORTEST}
