"""Transcripts that conversations go on from: rows of chat messages, as the ``messages`` export writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.models.base import Record, content_id
from simulator.models.conversation import MOST_EXCHANGES, Turn
from simulator.models.unit import Failure
from simulator.scenario.rows import Row, check_row_file, clean_text, read_rows

__all__ = ["Transcript", "read_transcripts"]

_SIDES = ("user", "assistant")


class Transcript(Record):
    """What was said before.

    Attributes:
        id: By content.
        turns: In turn, the user's first.
        system: The assistant's system prompt, if the row has one.
    """

    id: str
    turns: tuple[Turn, ...]
    system: str = ""


def read_transcripts(path: Path, more: int = 1) -> tuple[list[Transcript], list[Failure]]:
    """Read the rows of a ``.jsonl`` or ``.parquet`` file: ``{"messages": [{"role": ..., "content": ...}]}``.

    Messages of one side that follow each other are one turn.

    Args:
        path: The file.
        more: Exchanges that are to follow; a talk that is too long for them is a bad row.

    Returns:
        The transcripts in order, each once, and a failure for each bad row.

    Raises:
        InputError: The file cannot be read.
    """
    check_row_file(path)
    found, failures = dict[str, Transcript](), list[Failure]()
    for row in read_rows(path):
        turns, system, problem = _turns(row)
        if problem is None and len(turns) // 2 + more > MOST_EXCHANGES:
            problem = (
                f"it has {len(turns) // 2} exchanges, and {more} are to follow; a conversation has at most "
                f"{MOST_EXCHANGES}: cut it"
            )
        if problem is not None:
            unit = f"row {row.place}"
            failures.append(Failure(unit=unit, stage="converse", role="reader", cause="input", message=problem))
            continue
        id_ = content_id("h", system, [turn.content for turn in turns])
        found.setdefault(id_, Transcript(id=id_, turns=tuple(turns), system=system))
    return list(found.values()), failures


def _turns(row: Row) -> tuple[list[Turn], str, str | None]:
    if row.problem is not None:
        return [], "", row.problem
    messages = row.value.get("messages") if isinstance(row.value, dict) else None
    if not isinstance(messages, list) or not messages:
        return [], "", "it has no list 'messages'"
    said = [(_text(message, "role"), clean_text(_field(message, "content"))) for message in messages]
    problem = next((f"message {i}: {wrong}" for i, (_, (_, wrong)) in enumerate(said, 1) if wrong), None)
    system = said[0][1][0] if said[0][0] == "system" else ""
    spoken = said[1:] if system else said
    problem = problem or _order(spoken)
    return ([], "", problem) if problem else (list(_merged(spoken)), system, None)


def _field(message: Any, name: str) -> Any:
    return message.get(name) if isinstance(message, dict) else None


def _text(message: Any, name: str) -> str:
    return str(_field(message, name))


def _order(said: Sequence[tuple[str, Any]]) -> str | None:
    roles = [role for role, _ in said]
    other = next((role for role in roles if role not in _SIDES), None)
    if other is not None:
        return f"it has a message of the role {other!r}; a talk can go on from 'user' and 'assistant' messages only"
    return None if roles and roles[0] == "user" else "it does not begin with the user"


def _merged(said: Sequence[tuple[str, tuple[str, str | None]]]) -> Iterator[Turn]:
    """Yield the turns; the speakers' ids are set when the talk has its persona."""
    role, texts = "user", list[str]()
    for side, (text, _) in [*said, ("", ("", None))]:
        if side != role:
            yield Turn.model_validate({"role": role, "speaker": role, "content": "\n\n".join(texts)})
            role, texts = side, []
        texts.append(text)
