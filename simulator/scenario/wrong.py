"""What is wrong with a file that people write, in their words: the place, what came, what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

__all__ = ["wrong_values"]

_LONGEST = 80  # characters of a value in a message
_NEAR = 0.7  # of two keys that are the same but for a slip; 0 to 1
_HIDDEN = {"base"}
"""Fields that no file has."""

_WORDS = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text; put it in quotes",
    "tuple_type": "must be a list, such as [a, b]",
    "list_type": "must be a list, such as [a, b]",
    "dict_type": "must be keys and values",
    "model_type": "must be keys and values",
    "model_attributes_type": "must be keys and values",
}
_PATTERNS = {
    "{0,63}$": "must be of lower-case letters, digits and hyphens, at most 64",
    "^[a-z]{2,3}$": "must be the code of a language, such as 'en'",
    "{1,64}$": "must be of letters, digits, '_' and '-', at most 64",
    "{0,39}$": "must be of lower-case letters, digits and '_', at most 40",
}
"""What the patterns of names mean, by how they end."""

_PREFIX = re.compile(r"^(?:Value error, )?(?:(?:Input|String|Tuple|List|Dictionary|Value) should )?")


def wrong_values(error: ValidationError, model: type[BaseModel], whole: str) -> Iterator[str]:
    """Yield a line for each wrong value, its place first.

    Args:
        error: What the check of a file found.
        model: What the file should have been.
        whole: What to call the place of what is wrong with the whole.
    """
    for item in error.errors(include_url=False):
        place = ".".join(str(part) for part in item["loc"] if part != "[key]") or whole
        yield f"  {place}: {_told(item, model)}"


def _told(item: Any, model: type[BaseModel]) -> str:
    kind, given = item["type"], item["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _unknown(str(item["loc"][-1]), _keys(model, item["loc"][:-1]))
    if kind in ("model_type", "model_attributes_type"):
        keys = _keys(model, item["loc"])
        return f"{_WORDS[kind]}{_listed(keys)} (got {_short(given)})"
    said = _WORDS.get(kind) or (_pattern(item) if kind == "string_pattern_mismatch" else "")
    if not said:
        plain = _PREFIX.sub("", item["msg"])
        said = f"must {plain}" if plain.startswith(("be ", "have ")) else plain[0].lower() + plain[1:]
    return said if isinstance(given, dict) else f"{said} (got {_short(given)})"


def _unknown(key: str, keys: list[str]) -> str:
    near = difflib.get_close_matches(key, keys, 1, _NEAR)
    return (
        f"unknown key; did you mean {near[0]!r}? Allowed: {', '.join(keys)}" if near else f"unknown key{_listed(keys)}"
    )


def _listed(keys: list[str]) -> str:
    return f"; allowed: {', '.join(keys)}" if keys else ""


def _pattern(item: Any) -> str:
    pattern, given = item["ctx"]["pattern"].removesuffix("|^$"), item["input"]
    said = next((words for end, words in _PATTERNS.items() if pattern.endswith(end)), f"must match {pattern}")
    better = re.sub(r"[^a-z0-9]+", "-", str(given).lower()).strip("-")[:64]
    return f"{said}, such as {better!r}" if pattern.endswith("{0,63}$") and better else said


def _keys(model: Any, place: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at ``place``; none where any are."""
    kinds = [model]
    for part in place:
        fields = [one.model_fields[part] for one in kinds if part in getattr(one, "model_fields", {})]
        if fields:  # otherwise a number in a list, or a key of a mapping: what stands there is of the same kinds
            kinds = [kind for field in fields for kind in _models(field.annotation)]
    names = [name for kind in kinds for name in getattr(kind, "model_fields", {})]
    return [name for name in dict.fromkeys(names) if name not in _HIDDEN]


def _models(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _short(value: Any) -> str:
    text = repr(dict(value)) if isinstance(value, Mapping) else repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
