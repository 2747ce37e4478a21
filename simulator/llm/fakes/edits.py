"""Changes to a chat completion that faults are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from simulator.llm.fakes.fault import Edit

__all__ = ["both", "choice", "finish", "message", "said", "spoilt", "top"]


def top(name: str, value: Any) -> Edit:
    """Set a field of the completion."""

    def edit(completion: dict[str, Any]) -> Any:
        return {**completion, name: value}

    return edit


def choice(**fields: Any) -> Edit:
    """Set fields of the first choice; ``...`` takes a field out."""

    def edit(completion: dict[str, Any]) -> Any:
        _set(completion["choices"][0], fields)
        return completion

    return edit


def message(**fields: Any) -> Edit:
    """Set fields of the first choice's message; ``...`` takes a field out."""

    def edit(completion: dict[str, Any]) -> Any:
        _set(completion["choices"][0]["message"], fields)
        return completion

    return edit


def finish(reason: str | None) -> Edit:
    """Set the finish reason."""
    return choice(finish_reason=reason)


def said(change: Callable[[str], str]) -> Edit:
    """Change the text as a whole."""

    def edit(completion: dict[str, Any]) -> Any:
        first = completion["choices"][0]["message"]
        first["content"] = change(first["content"])
        return completion

    return edit


def spoilt(characters: str) -> Edit:
    """Put ``characters`` behind the first word of the text; where it is JSON, of its last string."""
    return said(lambda text: _in_json(text, characters) or _behind_first_word(text, characters))


def both(*edits: Edit) -> Edit:
    """Make several changes, one after the other."""

    def edit(completion: dict[str, Any]) -> Any:
        for one in edits:
            completion = one(completion)
        return completion

    return edit


def _set(target: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if value is ...:
            target.pop(name, None)
        else:
            target[name] = value


def _in_json(text: str, characters: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    names = [name for name, item in value.items() if isinstance(item, str)] if isinstance(value, dict) else []
    if not names:
        return ""
    return json.dumps({**value, names[-1]: _behind_first_word(value[names[-1]], characters)}, ensure_ascii=False)


def _behind_first_word(text: str, characters: str) -> str:
    first, space, rest = text.partition(" ")
    return f"{first}{characters}{space}{rest}"
