"""The variables of a template: ``$name`` or ``${name}`` in small letters, and ``$$`` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Template

__all__ = ["fill", "flaw_of", "names_in"]

_NAME = re.compile(r"\$(?:\{([a-z_]+)\}|([a-z_]+))")


def names_in(text: str) -> frozenset[str]:
    """Return the names of the variables in ``text``."""
    return frozenset(a or b for a, b in _NAME.findall(text.replace("$$", "")))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with ``values`` in place; others than those of its variables are not looked at."""
    return Template(text).substitute({key: values[key] for key in names_in(text)})


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
