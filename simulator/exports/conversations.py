"""Conversations for training: ``messages``, ``sharegpt`` and ``alpaca`` rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from simulator.errors import ExportError
from simulator.exports.jsonl import write_jsonl
from simulator.models.conversation import Conversation, Turn

__all__ = ["ConversationFormat", "alpaca_row", "export_conversations", "messages_row", "sharegpt_row"]

ConversationFormat = Literal["messages", "sharegpt", "alpaca"]
Row = dict[str, Any]

_SHAREGPT = {"user": "human", "assistant": "gpt"}


def messages_row(conversation: Conversation, system: str = "") -> Row | None:
    """Return ``{"messages": [{"role", "content"}, ...]}``; ``None`` when nobody was answered."""
    turns = _exchanges(conversation)
    head = [{"role": "system", "content": system}] if system else []
    return {"messages": [*head, *({"role": role, "content": text} for role, text in turns)]} if turns else None


def sharegpt_row(conversation: Conversation, system: str = "") -> Row | None:
    """Return ``{"conversations": [{"from", "value"}, ...]}``: humans at odd places, answers at even ones."""
    turns = _exchanges(conversation)
    if not turns:
        return None
    row: Row = {"conversations": [{"from": _SHAREGPT[role], "value": text} for role, text in turns]}
    return {**row, "system": system} if system else row


def alpaca_row(conversation: Conversation, system: str = "") -> Row | None:
    """Return the first turn and its answer as ``instruction`` and ``output``."""
    turns = _exchanges(conversation)
    if not turns:
        return None
    row = {"instruction": turns[0][1], "input": "", "output": turns[1][1]}
    return {**row, "system": system} if system else row


_ROWS: dict[ConversationFormat, Callable[[Conversation, str], Row | None]] = {
    "messages": messages_row,
    "sharegpt": sharegpt_row,
    "alpaca": alpaca_row,
}


def export_conversations(
    path: Path, conversations: Iterable[Conversation], to: ConversationFormat, system: str = ""
) -> int:
    """Write one row per conversation that has an exchange, and return how many.

    Args:
        path: The JSONL file.
        conversations: Read once.
        to: The rows' form.
        system: A system prompt for every row.

    Raises:
        ExportError: No conversation has an exchange, or the file cannot be written.
    """
    rows: Iterator[Row | None] = (_ROWS[to](conversation, system) for conversation in conversations)
    count = write_jsonl(path, (row for row in rows if row is not None))
    if not count:
        path.unlink(missing_ok=True)
        raise ExportError(f"nothing was written to {str(path)!r}: no conversation has a turn and its answer")
    return count


def _exchanges(conversation: Conversation) -> list[tuple[str, str]]:
    """Return role and text in the order that trainers want: from a user's turn to an answer, one after the other.

    Several turns of one side in a row are one; a question that was not answered is left out.
    """
    sides = groupby(conversation.turns, key=_role)
    turns = [(role, "\n\n".join(turn.content for turn in group)) for role, group in sides]
    if turns and turns[0][0] == "assistant":
        turns = turns[1:]
    return turns[: len(turns) - len(turns) % 2]


def _role(turn: Turn) -> str:
    return turn.role
