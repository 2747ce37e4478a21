"""From a template and values to the chat that is sent: what is shared first, the persona last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.models.message import Message
from simulator.prompts.template import Prompt

__all__ = ["chat", "field_chat", "repair_turn"]


def chat(prompt: Prompt, values: Mapping[str, str], history: Sequence[Message] = ()) -> tuple[Message, ...]:
    """Return the messages for one reply: rules, examples, the user part, then the history so far.

    Raises:
        PromptError: A variable is missing or unknown.
    """
    system, user = prompt.render(values)
    messages = [Message(role="system", content=system)]
    for example in prompt.examples:
        messages.append(Message(role="user", content=prompt.render_user(example.values)))
        messages.extend(example.history)
        messages.append(Message(role="assistant", content=_reply_text(prompt, example.reply)))
    messages.append(Message(role="user", content=user))
    messages.extend(history)
    return tuple(messages)


def field_chat(prompt: Prompt, values: Mapping[str, str], done: Mapping[str, Any], field: str) -> tuple[Message, ...]:
    """Return the messages that ask for ``field`` when the fields in ``done`` are answered."""
    system, user = prompt.render(values)
    messages = [Message(role="system", content=system)]
    for example in prompt.examples:
        asked = list(prompt.head.questions)
        messages.extend(_field_turns(prompt, prompt.render_user(example.values), example.reply, asked))
    messages.extend(_field_turns(prompt, user, done, [*done, field]))
    return tuple(messages)


def repair_turn(reply: str, flaw: str) -> tuple[Message, Message]:
    """Return the two messages that show a flawed reply and ask for a better one."""
    return (
        Message(role="assistant", content=reply),
        Message(role="user", content=f"That answer cannot be used: {flaw}. Answer again, in the same form."),
    )


def _field_turns(prompt: Prompt, user: str, answers: Mapping[str, Any], fields: Sequence[str]) -> list[Message]:
    turns: list[Message] = []
    for position, field in enumerate(fields):
        question = prompt.head.questions[field]
        content = f"{user}\n\n{question}" if position == 0 else question
        turns.append(Message(role="user", content=content))
        if field in answers:
            turns.append(Message(role="assistant", content=_compact({field: answers[field]})))
    return turns


def _reply_text(prompt: Prompt, reply: Mapping[str, Any]) -> str:
    if prompt.head.ask == "text":
        return str(next(iter(reply.values())))
    return _compact(reply)


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
