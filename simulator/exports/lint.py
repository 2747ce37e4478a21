"""What a trainer would choke on in a row of chat messages: found by name, then mended, or dropped with a count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.errors import ExportError

__all__ = ["Finding", "Linted", "lint_file", "lint_row", "linted", "mend"]

Row = dict[str, Any]

_ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a row.

    Attributes:
        rule: Its name.
        place: Index of the message; -1 for the whole row.
        evidence: What stands there.
    """

    rule: str
    place: int
    evidence: str


@dataclass
class Linted:
    """What became of rows: how many were as they should be, mended or dropped, by rule."""

    rows: int = 0
    fixed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """Return the counts as an export tells them."""
        told = {f"fixed: {rule}": count for rule, count in self.fixed.items()}
        return told | {f"dropped: {rule}": count for rule, count in self.dropped.items()}


def lint_row(row: Row) -> list[Finding]:
    """Return everything that is wrong with a row ``{"messages": [...], "tools": [...]}``.

    ``no_messages``, ``unknown_role``, ``system_not_first``, ``role_order`` (user and assistant must take turns, tools
    answer calls), ``ends_unanswered``, ``empty_content``, ``content_not_text``, ``unanswered_call``, ``stray_result``,
    ``arguments`` (neither an object nor the text of one), ``tools_nested`` (a struct that Arrow pads with the keys of
    other rows).
    """
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        has = ", ".join(map(repr, row)) or "nothing"
        return [Finding("no_messages", -1, _short(messages) if "messages" in row else f"it has {has}")]
    found: list[Finding] = []
    for place, message in enumerate(messages):
        found.extend(_message(place, message))
    if not any(one.rule in ("unknown_role", "not_a_message") for one in found):
        found.extend(_order(messages))
        found.extend(_calls(messages))
    if isinstance(row.get("tools"), list) and len({_keys(tool) for tool in row["tools"]}) > 1:
        found.append(Finding("tools_nested", -1, "tools of differing shape; keep them as a JSON text"))
    return found


def mend(row: Row) -> Row | None:
    """Return ``row`` with what can be mended without inventing anything, or ``None`` when nothing of it is left.

    Turns of one side in a row are joined, an answer before the first question and a question without an answer are
    left out, tools of differing shape become a JSON text.
    """
    messages = [message for message in row.get("messages") or [] if isinstance(message, dict)]
    head = [message for message in messages[:1] if message.get("role") == "system" and message.get("content")]
    rest = [message for message in messages[len(head) :] if message.get("role") in _ROLES[1:] and not _void(message)]
    while rest and rest[0]["role"] != "user":
        rest.pop(0)
    rest = _joined(rest)
    while rest and (rest[-1]["role"] != "assistant" or rest[-1].get("tool_calls")):
        rest.pop()
    mended = {**row, "messages": [*head, *rest]}
    if any(one.rule == "tools_nested" for one in lint_row(mended)):
        mended["tools"] = json.dumps(row["tools"], ensure_ascii=False)
    return mended if rest else None


def linted(
    rows: Iterable[Row], told: Linted, note: Callable[[int, Finding], None] = lambda _row, _found: None
) -> Iterator[Row]:
    """Yield the rows that a trainer takes, mended where they were not; what is dropped is counted.

    Args:
        rows: Rows of messages.
        told: Counts.
        note: Told of each finding with the row's number, from 1.
    """
    for number, row in enumerate(rows, 1):
        found = lint_row(row)
        for one in found:
            note(number, one)
        if not found:
            told.rows += 1
            yield row
            continue
        mended = mend(row)
        left = lint_row(mended) if mended is not None else found
        if mended is None or left:
            told.dropped[left[0].rule] += 1
            continue
        told.rows += 1
        told.fixed[found[0].rule] += 1
        yield mended


def lint_file(path: Path) -> Iterator[tuple[int, Row | None, list[Finding]]]:
    """Yield each row of a JSON Lines file with its line number and what is wrong with it.

    Raises:
        ExportError: The file cannot be read.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _line(number, line)
    except OSError as error:
        raise ExportError(f"{str(path)!r} cannot be read: {error.strerror}") from error


def _line(number: int, line: str) -> tuple[int, Row | None, list[Finding]]:
    try:
        row = json.loads(line)
    except ValueError as error:
        return number, None, [Finding("not_json", -1, str(error))]
    if not isinstance(row, dict):
        return number, None, [Finding("not_json", -1, f"a {type(row).__name__} and not an object")]
    return number, row, lint_row(row)


def _message(place: int, message: Any) -> Iterator[Finding]:
    if not isinstance(message, dict):
        yield Finding("not_a_message", place, _short(message))
        return
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        yield Finding("unknown_role", place, _short(role))
    if role == "system" and place:
        yield Finding("system_not_first", place, _short(content))
    if content is not None and not isinstance(content, str):
        yield Finding("content_not_text", place, _short(content))
    elif _void(message):
        yield Finding("empty_content", place, str(role))
    for call in message.get("tool_calls") or ():
        if not _arguments_fit(call):
            yield Finding("arguments", place, _short(call))


def _void(message: Row) -> bool:
    content = message.get("content")
    said = isinstance(content, str) and bool(content.strip())
    return not said and not message.get("tool_calls") and message.get("role") != "tool"


def _arguments_fit(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return False
    return isinstance(arguments, dict)


def _order(messages: list[Row]) -> Iterator[Finding]:
    before = ""
    for place, message in enumerate(messages):
        role = message["role"]
        if role == "system":
            continue
        allowed = _AFTER[before]
        if role not in allowed:
            yield Finding("role_order", place, f"{role} after {before or 'nothing'}")
        before = "calls" if role == "assistant" and message.get("tool_calls") else role
    if before != "assistant":
        yield Finding("ends_unanswered", len(messages) - 1, before or "system")


_AFTER = {
    "": ("user",),
    "user": ("assistant",),
    "assistant": ("user",),
    "calls": ("tool",),
    "tool": ("tool", "assistant"),
}
"""Who may speak after whom; an assistant's message with calls waits for the tools."""


def _calls(messages: list[Row]) -> Iterator[Finding]:
    open_: dict[str, int] = {}
    for place, message in enumerate(messages):
        if message["role"] == "tool":
            if open_.pop(str(message.get("tool_call_id")), None) is None:
                yield Finding("stray_result", place, _short(message.get("tool_call_id")))
            continue
        for id_, asked in open_.items():
            yield Finding("unanswered_call", asked, id_)
        open_ = {str(call.get("id")): place for call in message.get("tool_calls") or () if isinstance(call, dict)}
    for id_, asked in open_.items():
        yield Finding("unanswered_call", asked, id_)


def _joined(messages: list[Row]) -> list[Row]:
    """Return ``messages`` with the texts of one side that stand in a row as one."""
    made: list[Row] = []
    for message in messages:
        last = made[-1] if made else None
        plain = not message.get("tool_calls") and message["role"] in ("user", "assistant")
        if last is not None and plain and last["role"] == message["role"] and not last.get("tool_calls"):
            made[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
        else:
            made.append(message)
    return made


def _keys(value: Any) -> str:
    """Return the shape of a value: its keys, all the way down."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_keys(item)}" for key, item in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({_keys(item) for item in value})) + "]"
    return type(value).__name__


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
