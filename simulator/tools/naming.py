"""Names that OpenAI, MCP and Python take, from whatever somebody wrote, and each only once."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Container, Iterable

__all__ = ["identifier", "unique_name"]

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_LONGEST = 64  # of a function's name at OpenAI


def identifier(text: str, most: int = _LONGEST) -> str:
    """Return ``text`` as snake_case in ASCII, at most ``most`` characters; ``""`` when nothing of it is left.

    Accents go; other scripts, paths, quotes, tags and emoji become nothing but a gap between words.

    >>> identifier("getÉtat  (PDF)"), identifier("../../etc/passwd"), identifier("<b>🦊</b>"), identifier("3d_scan")
    ('get_etat_pdf', 'etc_passwd', 'b_b', 'n3d_scan')
    """
    plain = unicodedata.normalize("NFKD", text[: 8 * most]).encode("ascii", "ignore").decode()
    name = _OTHER.sub("_", _CAMEL.sub("_", plain).lower()).strip("_")
    if name[:1].isdigit():
        name = f"n{name}"
    name = name[:most].rstrip("_")
    return f"{name}_value" if keyword.iskeyword(name) else name


def unique_name(name: str, taken: Container[str], hints: Iterable[str] = ()) -> str:
    """Return ``name``, or when it is taken that with a hint of what is different, or with a number.

    Args:
        name: A name by :func:`identifier`.
        taken: The names that others have.
        hints: Words that tell it from the others (its parameters), tried in order.

    >>> unique_name("get_forecast", {"get_forecast"}, ["city"]), unique_name("get_forecast", {"get_forecast"})
    ('get_forecast_by_city', 'get_forecast_2')
    """
    if name not in taken:
        return name
    for hint in hints:
        if len(longer := f"{name}_by_{hint}") <= _LONGEST and longer not in taken:
            return longer
    number = 2
    while (numbered := f"{name[: _LONGEST - 7]}_{number}") in taken:
        number += 1
    return numbered
