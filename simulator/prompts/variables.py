"""The variables of a template: ``$name`` or ``${name}`` in small letters, and ``$$`` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from string import Template

__all__ = ["fill", "flaw_of", "names_in"]

_DOLLAR = re.compile(r"\$(?:(\$)|\{([a-z_]+)\}|([a-z_]+))")


def names_in(text: str) -> frozenset[str]:
    """Return the names of the variables in ``text``."""
    return frozenset(piece for is_name, piece in _pieces(text) if is_name)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return ``text``, which has no flaw, with ``values`` in place; others than those of its variables are ignored."""
    return "".join(values[piece] if is_name else piece for is_name, piece in _pieces(text))


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[tuple[bool, str], ...]:
    """Return ``text`` in pieces, and of each whether it is a variable's name: read once, filled often."""
    pieces, end = list[tuple[bool, str]](), 0
    for match in _DOLLAR.finditer(text):
        dollar, *names = match.groups()
        pieces.append((False, text[end : match.start()] + (dollar or "")))
        pieces.extend((True, name) for name in names if name)
        end = match.end()
    return (*pieces, (False, text[end:]))


def flaw_of(text: str) -> str | None:
    """Return what is wrong with the ``$`` of ``text``: :func:`fill` would fail on it."""
    template = Template(text)
    if not template.is_valid():
        bad = next(match for match in template.pattern.finditer(text) if match["invalid"] is not None)
        return f"{text[bad.start() : bad.start() + 12]!r} is no variable; write '$$' for a dollar sign"
    other = next((name for name in template.get_identifiers() if name not in names_in(text)), None)
    if other is None:
        return None
    return f"'${other}' is no variable: they have small letters and '_' only; write '$$' for a dollar sign"
