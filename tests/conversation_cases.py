"""Shared by the tests of conversations: two sides that say what a script says, and short ways to a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from graphs.conversation import ConversationContext, converse
from simulator.embeddings.protocol import Vectors
from simulator.llm.scripted import Answer, ScriptedModel
from simulator.models.base import derive_seed
from simulator.models.conversation import Conversation
from simulator.models.message import ChatRequest
from simulator.models.unit import Unit, UnitResult
from simulator.population.tokens import word_list
from simulator.prompts.template import Prompt, load_prompt
from simulator.roles.assistant import assistant
from simulator.roles.role import RoleContext
from simulator.roles.user import user

PERSONA = "a lock keeper on a rural canal who logs every boat by hand"
OPENER = "How can I keep my paper log dry when it rains sideways?"

ASKED = (
    "My sleeves fog up by noon. Should I leave them open over lunch?",
    "The wind gets in from the weir side. Is there a box with a vent?",
    "I have eleven volumes already. Where do the old ones belong?",
    "The harbour office wants copies each June. What is the cheapest way?",
)
ANSWERED = (
    "Put each page in a clear pocket and write with a grease pencil.",
    "Punch two holes near the lower edge so that moist air can leave.",
    "Ammunition tins close tightly and cost little at army shops.",
    "Store finished books flat, indoors, with a bag of dried rice.",
    "Photograph the pages by the window and print them at the library.",
)

ROOM = {
    "name": "dry-room",
    "about": "The reading room of the lock house smells of mould.",
    "goal": "have the reading room dried before the audit",
    "knows": ["the room has one window"],
    "unknown": ["the age of the roof"],
    "asked": [{"fact": "the audit is on the ninth of May", "when": ["when", "date", "deadline"]}],
    "constraints": ["will not hire anybody"],
    "success": {"said": ["photograph", "cheap|cost little"]},
}


class Bag:
    """An embedder without a model: a bag of words."""

    name = "words"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), 256), 0.01)
        for row, text in zip(rows, texts, strict=True):
            for word in word_list(text):
                row[derive_seed(word) % 256] += 1
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def prompt(name: str, **head: object) -> Prompt:
    """Return the standard prompt of a role with one draft, one round and no repair, unless ``head`` says otherwise."""
    from dataclasses import replace

    loaded = load_prompt(name)
    return replace(loaded, head=loaded.head.model_copy(update={"candidates": 1, "rounds": 1, "repair": False, **head}))


def context(
    users: Sequence[Answer] | Callable[[ChatRequest], Answer],
    assistants: Sequence[Answer] | Callable[[ChatRequest], Answer] | None = ANSWERED,
    **head: object,
) -> ConversationContext:
    """Return a context whose sides say what the scripts say."""
    there = None
    if assistants is not None:
        there = RoleContext(assistant(), prompt("assistant", **head), ScriptedModel(assistants, name="a"), Bag())
    return ConversationContext(
        RoleContext(user(), prompt("user", **head), ScriptedModel(users, name="u"), Bag()), there
    )


def talk(context: ConversationContext, **inputs: object) -> UnitResult:
    """Return how a conversation of the lock keeper ends."""
    given = {"persona": PERSONA, "opener": OPENER, **inputs}
    return asyncio.run(converse(Unit(stage="converse", role="user", inputs=given, seed=7), context))


def said(result: UnitResult) -> list[str]:
    """Return the turns of a conversation that is a product."""
    return [turn.content for turn in product(result).turns]


def product(result: UnitResult) -> Conversation:
    """Return the conversation of a result."""
    assert result.failure is None, result.failure
    return Conversation.model_validate(result.value)


def requests(context: RoleContext) -> list[ChatRequest]:  # type: ignore[type-arg]
    """Return what a scripted side was asked."""
    assert isinstance(context.model, ScriptedModel)
    return context.model.requests
