"""Conversations as a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import Barred, facts, short, table
from simulator.models.conversation import Conversation, Turn

__all__ = ["chat", "conversations_table", "excerpt"]

_STOPS = {
    "goal": "the goal was reached",
    "gave_up": "the user gave up",
    "left": "the user left",
    "max_turns": "all turns were taken",
    "assistant_ended": "the assistant ended it",
    "loop": "it went in circles",
    "budget": "the budget was used up",
    "error": "an error",
}
_SEVERITY = {"note": "dim", "warning": "yellow", "error": "red"}


def conversations_table(conversations: Iterable[Conversation], people: Mapping[str, str]) -> Table:
    """Return one row per conversation: who, how long, how it began."""
    made = table("id", "turns>", "with*", "opens with*")
    for one in conversations:
        made.add_row(
            words(short(one.id), "cyan"),
            str(len(one.turns)),
            words(one_line(people.get(one.persona, one.persona), 90)),
            words(one_line(one.turns[0].content, 90)),
        )
    return made


def chat(conversation: Conversation, people: Mapping[str, str]) -> RenderableType:
    """Return the whole conversation."""
    pairs = [
        ("id", conversation.id),
        ("user", people.get(conversation.persona, conversation.persona)),
        ("partner", people.get(conversation.partner or "", conversation.partner or "")),
        ("ended", ": ".join(filter(None, [_STOPS.get(conversation.stop, conversation.stop), conversation.reason]))),
    ]
    return Group(facts(pairs), *_messages(conversation.turns, conversation))


def excerpt(conversation: Conversation, turns: int, letters: int) -> RenderableType:
    """Return the first ``turns`` messages, each cut to ``letters`` characters, and how many follow."""
    rest = len(conversation.turns) - turns

    def cut(turn: Turn) -> Turn:
        if len(turn.content) <= letters:
            return turn
        return turn.model_copy(update={"content": turn.content[: letters - 1].rstrip() + "…"})

    more = [words(f"  … {rest} more", "dim")] if rest > 0 else []
    return Group(*_messages(map(cut, conversation.turns[:turns]), conversation), *more)


def _messages(turns: Iterable[Turn], conversation: Conversation) -> Iterator[RenderableType]:
    for turn in turns:
        style = "cyan" if turn.role == "user" else "green"
        yield Text()
        yield words(f"  {_speaker(turn, conversation)}", f"bold {style}")
        yield Barred(turn.content, style)
        for label in turn.labels:
            yield words(f"  ! {label.detector}: {label.evidence}", _SEVERITY[label.severity])


def _speaker(turn: Turn, conversation: Conversation) -> str:
    if conversation.partner is None:
        return turn.role
    return f"{turn.role} ({short(turn.speaker)})"
