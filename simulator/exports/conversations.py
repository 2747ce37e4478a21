"""Conversations for training: ``messages``, ``sharegpt`` and ``alpaca`` rows, each looked over before it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from simulator.errors import ExportError
from simulator.exports.jsonl import write_jsonl
from simulator.exports.lint import Linted, linted
from simulator.exports.scenario_facts import NO_FACTS, ScenarioFacts
from simulator.models.conversation import Conversation
from simulator.models.step import chat_message

__all__ = [
    "ConversationFormat",
    "alpaca_row",
    "export_conversations",
    "message_rows",
    "messages_row",
    "sharegpt_row",
    "tools_of",
]

ConversationFormat = Literal["messages", "messages-trl", "sharegpt", "alpaca"]
Row = dict[str, Any]
Arguments = Literal["string", "object"]

_IDS = ("id", "persona")
_SHAREGPT = {"user": "human", "assistant": "gpt"}


def messages_row(
    conversation: Conversation, system: str = "", tools: Sequence[Row] = (), arguments: Arguments = "string"
) -> Row:
    """Return ``{"messages": [{"role", "content"}, ...]}``, as the conversation was; :mod:`lint` looks it over.

    Args:
        conversation: With the steps of an assistant that called tools as messages of their own.
        system: The scenario's system prompt, for a conversation that does not know its own.
        tools: The scenario's tools; they make the row's ``tools`` if this conversation's assistant had them.
        arguments: OpenAI's API wants the arguments of calls as a JSON ``string``, TRL as an ``object``.
    """
    given = system if conversation.system is None else conversation.system
    messages: list[Row] = [{"role": "system", "content": given}] if given else []
    for turn in conversation.turns:
        if turn.steps:
            messages.extend(chat_message(step, arguments=arguments) for step in turn.steps)
        else:
            messages.append({"role": turn.role, "content": turn.content})
    had = tools_of(conversation, tools)
    return {"messages": messages, "tools": list(had)} if had else {"messages": messages}


def tools_of(conversation: Conversation, tools: Sequence[Row]) -> Sequence[Row]:
    """Return those of the scenario's tools that the assistant had: all, or none when another model took its place."""
    forked = conversation.forked
    another = forked is not None and forked.assistant is not None
    return () if another and not any(turn.steps for turn in conversation.turns) else tools


def message_rows(
    conversations: Iterable[Conversation],
    told: Linted,
    facts: ScenarioFacts = NO_FACTS,
    arguments: Arguments = "string",
    ids: bool = False,
) -> Iterator[Row]:
    """Yield a row per conversation that a trainer can take; what was mended or dropped is counted in ``told``.

    With ``ids``, rows begin with the ``id`` of the conversation and of the ``persona``.
    """
    rows = (
        ({"id": one.id, "persona": one.persona} if ids else {})
        | messages_row(one, facts.system_of(one), facts.tools_of(one), arguments)
        for one in conversations
    )
    return linted(rows, told)


def sharegpt_row(row: Row) -> Row:
    """Return ``{"conversations": [{"from", "value"}, ...]}``: humans at odd places, answers at even ones.

    LLaMA-Factory's form has tool calls as turns of their own (``function_call``, ``observation``), which would break
    the order that other readers want; they are left out, and what was said stays.
    """
    made: Row = {"conversations": [{"from": _SHAREGPT[role], "value": text} for role, text in _spoken(row)]}
    system = _system(row)
    if system:
        made["system"] = system
    if row.get("tools"):
        tools = row["tools"]
        made["tools"] = tools if isinstance(tools, str) else json.dumps(tools, ensure_ascii=False)
    return made


def alpaca_row(row: Row) -> Row:
    """Return the first turn and its answer as ``instruction`` and ``output``."""
    turns = _spoken(row)
    made = {"instruction": turns[0][1], "input": "", "output": turns[1][1]}
    system = _system(row)
    return {**made, "system": system} if system else made


_FORMS: dict[ConversationFormat, Callable[[Row], Row]] = {
    "messages": lambda row: row,
    "messages-trl": lambda row: row,
    "sharegpt": sharegpt_row,
    "alpaca": alpaca_row,
}


def export_conversations(
    path: Path,
    conversations: Iterable[Conversation],
    to: ConversationFormat,
    facts: ScenarioFacts = NO_FACTS,
    ids: bool = False,
) -> dict[str, int]:
    """Write one row per conversation that a trainer can take, and return how many, and what was mended or dropped.

    Args:
        path: The JSONL file.
        conversations: Read once.
        to: The rows' form.
        facts: System prompts and tools.
        ids: Whether rows have the conversation's ``id`` and its ``persona``.

    Raises:
        ExportError: No conversation has an exchange, or the file cannot be written.
    """
    told = Linted()
    rows = message_rows(conversations, told, facts, "object" if to == "messages-trl" else "string", ids)
    count = write_jsonl(path, ({name: row[name] for name in _IDS if name in row} | _FORMS[to](row) for row in rows))
    if not count:
        path.unlink(missing_ok=True)
        why = "no conversation has a turn and its answer"
        if not told.dropped:
            why = "the run has no conversations. 'conversations: {exchanges: 1}' in the scenario gives requests replies"
        raise ExportError(f"nothing was written to {str(path)!r}: {why}")
    return {"conversations": count, **told.counts()}


def _system(row: Row) -> str:
    first = row["messages"][0]
    return str(first["content"]) if first["role"] == "system" else ""


def _spoken(row: Row) -> list[tuple[str, str]]:
    """Return role and text, user and assistant in turn, without what went to and fro between assistant and tools."""
    turns: list[tuple[str, str]] = []
    for message in row["messages"]:
        role, text = message["role"], message["content"] or ""
        if role not in _SHAREGPT or not text.strip():
            continue
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n\n{text}")
        else:
            turns.append((role, text))
    return turns
