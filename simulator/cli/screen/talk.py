"""Conversations as a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import Barred, facts, short, table
from simulator.evidence.adherence import goal_state
from simulator.models.base import canonical_json
from simulator.models.conversation import STOPS, Conversation, Turn
from simulator.models.outcome import Outcome

__all__ = ["chat", "conversations_table", "excerpt"]

_RESULT = 400  # letters of a tool's answer
_SEVERITY = {"note": "dim", "warning": "yellow", "error": "red"}


def conversations_table(conversations: Iterable[Conversation], people: Mapping[str, str]) -> Table:
    """Return one row per conversation: who, how long, how it began."""
    made = table("id", "turns>", "with*", "opens with*")
    for one in conversations:
        made.add_row(
            words(short(one.id), "cyan"),
            str(len(one.turns)),
            words(one_line(people.get(one.persona, one.persona), 90)),
            words(one_line(one.turns[0].content if one.turns else one.reason, 90)),
        )
    return made


def chat(conversation: Conversation, people: Mapping[str, str], outcome: Outcome | None = None) -> RenderableType:
    """Return the whole conversation, with what the detectors found, what tools were called, and what it took.

    Args:
        conversation: The conversation.
        people: Texts of personas, and who NPCs are, by id.
        outcome: What became of it, if it tests an assistant.
    """
    pairs = [
        ("id", conversation.id),
        ("user", people.get(conversation.persona, conversation.persona)),
        ("partner", people.get(conversation.partner or "", conversation.partner or "")),
        ("npc", people.get(conversation.npc or "", conversation.npc or "")),
        ("situation", conversation.situation or ""),
        ("manner", ", ".join(conversation.behaviours)),
        ("ended", ": ".join(filter(None, [_ended(conversation), conversation.reason]))),
    ]
    checked = outcome is not None and any(check.kind == "goal" for check in outcome.checks)
    after = facts([*_held(conversation, checked), *_costs(conversation), *_verdicts(outcome)])
    end: list[RenderableType] = [Text(), after] if after.rows else []
    return Group(facts(pairs), *_messages(conversation.turns, conversation), *end)


def _ended(conversation: Conversation) -> str:
    return STOPS[conversation.stop].replace("assistant", _other_side(conversation))


def _other_side(conversation: Conversation) -> str:
    return "npc" if conversation.npc is not None else "assistant" if conversation.partner is None else "partner"


def _held(conversation: Conversation, checked: bool) -> Iterator[tuple[str, str]]:
    """Yield what became of the goal (unless it was ``checked``), of the user's behaviours, and where it was forked."""
    goal, forked = conversation.goal, conversation.forked
    if goal is not None and conversation.stop != "goal" and not checked:
        yield "goal", f"{goal_state(goal)} (by {goal.by}): {one_line(goal.evidence, 160)}"
    for one in conversation.verdicts:
        state = "not decided" if one.holds is None else "kept" if one.holds else "BROKEN"
        found = "" if one.by == "rule" or one.holds is None else ", not true" if one.holds else ", true"
        yield one.name, f"{state} (by {one.by}{found}): {one_line(one.statement or one.evidence, 160)}"
    if forked is not None:
        with_whom = f", with {forked.assistant}" if forked.assistant else ""
        turns = "turn" if forked.at == 1 else "turns"
        yield "forked", f"from {short(forked.conversation)} after {forked.at} {turns}{with_whom}"


def _costs(conversation: Conversation) -> Iterator[tuple[str, str]]:
    for role, spent in conversation.spent.items():
        calls = f"{spent.calls:,} {'call' if spent.calls == 1 else 'calls'}"
        usd = "cost not known" if spent.usd is None else f"${spent.usd:,.4f}"
        yield role, f"{calls}, {spent.prompt:,} + {spent.completion:,} tokens, {usd}"


def _verdicts(outcome: Outcome | None) -> Iterator[tuple[str, str]]:
    for check in outcome.checks if outcome is not None else ():
        said = "passed" if check.passed else "DID NOT PASS"
        yield check.name, f"{said}: {one_line(check.evidence, 160)}" if check.evidence else said


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
        yield from _steps(turn, style) if turn.steps else [Barred(turn.content, style)]
        for label in turn.labels:
            said = f"{label.detector}: {label.evidence}"
            yield Barred(said, _SEVERITY[label.severity], edge="  ! ", body=_SEVERITY[label.severity])


def _steps(turn: Turn, style: str) -> Iterator[RenderableType]:
    """Yield what an assistant said and did within a turn, one after the other."""
    for step in turn.steps:
        if step.role == "tool":
            said = one_line(step.content, _RESULT)
            yield Barred(said, "red" if step.problem else "magenta", edge="  ← ", body="dim")
            continue
        if step.content.strip():
            yield Barred(step.content, style)
        for call in step.calls:
            yield Barred(f"{call.name} {canonical_json(call.arguments)}", "magenta", edge="  → ", body="dim")


def _speaker(turn: Turn, conversation: Conversation) -> str:
    return _other_side(conversation) if turn.role == "assistant" else turn.role
