"""From a template and values to the chat that is sent: what is shared first, the persona last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from simulator.models.base import derive_seed
from simulator.models.message import REMEMBERED, Message, Speaker
from simulator.prompts.neutral import neutralise, neutralise_turn
from simulator.prompts.template import Prompt

__all__ = ["chat", "each_chat", "field_chat", "lead", "offered", "repair_turn"]


_SPREAD = 3
"""Leads that the k replies to a varied field begin with: the score has a choice, and another unit has other ones."""


def chat(prompt: Prompt, values: Mapping[str, str], history: Sequence[Message] = ()) -> tuple[Message, ...]:
    """Return the messages for one reply: rules, examples, the user part, then the history so far.

    A history that the other side began stands in the user part: many chat templates refuse two user messages in a row.

    Raises:
        PromptError: A variable is missing or unknown.
    """
    system, user = prompt.render(offered(prompt, values))
    said = [_said(turn.role, turn.content) for turn in history]
    if said and said[0].role == "user":
        user = f"{user}\n<message>\n{said.pop(0).content}\n</message>"
    return (Message(role="system", content=system), *_shown(prompt), Message(role="user", content=user), *said)


@lru_cache(maxsize=REMEMBERED)
def _said(role: Speaker, content: str) -> Message:
    return Message(role=role, content=neutralise_turn(content))


@lru_cache(maxsize=64)
def _shown(prompt: Prompt) -> tuple[Message, ...]:
    """Return the examples as turns, which are the same in every chat."""
    messages: list[Message] = []
    for example in prompt.examples:
        messages.append(Message(role="user", content=prompt.render_user(example.values)))
        messages.extend(example.history)
        messages.append(Message(role="assistant", content=_reply_text(prompt, example.reply)))
    return tuple(messages)


def field_chat(prompt: Prompt, values: Mapping[str, str], done: Mapping[str, Any], field: str) -> tuple[Message, ...]:
    """Return the messages that ask for ``field`` when the fields in ``done`` are answered."""
    system, user = prompt.render(offered(prompt, values))
    messages = [Message(role="system", content=system)]
    for example in prompt.examples:
        asked = list(prompt.head.questions)
        messages.extend(_field_turns(prompt, prompt.render_user(example.values), example.reply, asked))
    messages.extend(_field_turns(prompt, user, done, [*done, field]))
    return tuple(messages)


def each_chat(
    prompt: Prompt, values: Mapping[str, str], done: Mapping[str, Any], field: str, begun: str = ""
) -> tuple[Message, ...]:
    """Return the messages that ask for ``field`` alone: its own examples, its question, and the reply as it begins."""
    values = offered(prompt, values)
    system, user = prompt.render(values)
    messages = [Message(role="system", content=system)]
    for example in prompt.examples:
        if field in example.reply:
            known = {**example.values, **_texts(example.reply)}
            asked = prompt.fill(prompt.head.questions[field], known)
            messages.append(Message(role="user", content=f"{prompt.render_user(known)}\n{asked}"))
            messages.append(Message(role="assistant", content=str(example.reply[field])))
    asked = prompt.fill(prompt.head.questions[field], {**values, **_texts(done)})
    messages.append(Message(role="user", content=f"{user}\n{asked}"))
    if begun:
        messages.append(Message(role="assistant", content=begun))
    return tuple(messages)


def lead(
    prompt: Prompt, values: Mapping[str, str], done: Mapping[str, Any], field: str, seed: int, number: int = 0
) -> str:
    """Return how the reply to ``field`` begins; empty when that is left to the model.

    Args:
        prompt: The template.
        values: The role's values.
        done: The fields before this one.
        field: The field.
        seed: The unit's seed, which chooses among several leads.
        number: Of the reply; the next lead for the next reply where the prompt lets the field ``vary``.
    """
    leads = prompt.head.leads.get(field)
    if not leads:
        return ""
    place = derive_seed(seed, field) + (number % _SPREAD if field in prompt.head.vary else 0)
    return prompt.fill(leads[place % len(leads)], {**offered(prompt, values), **_texts(done)})


def offered(prompt: Prompt, values: Mapping[str, str]) -> dict[str, str]:
    """Return those of a role's values that the prompt uses: a small prompt uses fewer than a standard one."""
    wanted = prompt.variables
    return {name: value for name, value in values.items() if name in wanted}


def repair_turn(reply: str, flaw: str) -> tuple[Message, Message]:
    """Return the two messages that show a flawed reply and ask for a better one."""
    return (
        Message(role="assistant", content=neutralise_turn(reply)),
        Message(
            role="user",
            content=f"That answer cannot be used. What is wrong with it:\n<flaw>\n{neutralise(flaw)}\n</flaw>\n"
            f"Answer again, in the same form.",
        ),
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


def _texts(answers: Mapping[str, Any]) -> dict[str, str]:
    return {field: neutralise(str(answer)) for field, answer in answers.items()}


def _reply_text(prompt: Prompt, reply: Mapping[str, Any]) -> str:
    if prompt.head.ask in ("text", "call"):
        return str(next(iter(reply.values())))
    return _compact(reply)


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
