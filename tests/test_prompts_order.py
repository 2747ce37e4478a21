"""What is shared stands first in every prompt, so that an endpoint's prefix cache serves all units of a role."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from fault_cases import ROLE_NAMES, inputs_of, role_named
from prefix_cases import asked_of, measured

from simulator.llm.structured import schema_of
from simulator.models.base import canonical_json
from simulator.models.message import ChatRequest, Message
from simulator.prompts.chat import chat, each_chat, field_chat
from simulator.prompts.template import Prompt, load_prompt
from simulator.scenario.world import load_world
from simulator.settings import Settings

WORLD = Path(__file__).parents[1] / "scenarios" / "worlds" / "saltmere"
OTHER = "a tax adviser of 61 who is learning the accordion on a windy peninsula"
CHANGED = {"extractor": "text", "assistant": "history", "solver": "problem"}
"""The input that differs from unit to unit, where it is not the persona."""

ORDER = {
    "extractor": "rules, examples, text",
    "relator": "rules, examples, persona",
    "poser": "rules, examples, persona",
    "user": "rules, examples, persona, history",
    "assistant": "rules, examples, history",
    "tool_designer": "rules, examples, persona",
    "npc_writer": "rules and lore, examples, persona",
    "problem_writer": "rules, examples, persona",
    "solver": "rules, examples, problem",
    "text_writer": "rules, examples, persona",
}
"""The golden order of each role's prompt."""


def units(name: str) -> tuple[Any, Any]:
    """Return the inputs of two units of a role that differ in what differs between units."""
    first = inputs_of(name)
    field = CHANGED.get(name, "persona")
    second = [{"role": "user", "content": OTHER}] if field == "history" else OTHER
    made = role_named(name).inputs
    return made.model_validate(first), made.model_validate({**first, field: second})


def chats(name: str, prompt: Prompt, inputs: Any) -> list[tuple[Message, ...]]:
    """Return the chats that one unit begins with: one, or one for each field."""
    role = role_named(name)
    values = role.values(inputs)
    if prompt.head.ask == "each":
        done = dict.fromkeys(prompt.head.questions, "something")
        return [each_chat(prompt, values, done, field) for field in prompt.head.questions]
    if prompt.head.ask == "fields":
        return [field_chat(prompt, values, {}, next(iter(prompt.head.questions)))]
    return [chat(prompt, values, role.history(inputs))]


@pytest.mark.parametrize("variant", ["standard", "small"])
@pytest.mark.parametrize("name", ORDER)
def test_what_is_shared_stands_first_and_what_differs_last(name: str, variant: Any) -> None:
    prompt, (first, second) = load_prompt(name, variant), units(name)
    history = len(role_named(name).history(first))
    for one, other in zip(chats(name, prompt, first), chats(name, prompt, second), strict=True):
        head, own = one[: len(one) - history - 1], one[len(one) - history - 1]
        assert head == other[: len(head)], "rules, lore and examples are the same for all units"
        assert [m.role for m in head] == ["system"] + ["user", "assistant"] * (len(head) // 2)
        assert own.role == "user"
        assert prompt.head.ask == "each" or own != other[len(head)], "what is the unit's own follows"
    assert ("history" in ORDER[name].split(", ", 2)[2]) == (name in ("user", "assistant"))
    assert ("lore" in ORDER[name]) == (name == "npc_writer")


@pytest.mark.parametrize("name", ["user", "assistant"])
@pytest.mark.parametrize("variant", ["standard", "small"])
def test_a_turn_begins_with_the_whole_prompt_of_the_turn_before(name: str, variant: Any) -> None:
    prompt, role = load_prompt(name, variant), role_named(name)
    said = [{"role": "user", "content": "Where do I begin?"}, {"role": "assistant", "content": "At the lower gate."}]
    said += [{"role": "user", "content": "And then?"}, {"role": "assistant", "content": "Up the hill."}]
    persona = {"persona": "a lock keeper who logs boats"} if name == "user" else {}
    ends = (2, 4) if name == "user" else (1, 3)
    early, late = (role.inputs.model_validate({**persona, "history": said[:end]}) for end in ends)
    before, after = (chats(name, prompt, inputs)[0] for inputs in (early, late))
    assert after[: len(before)] == before


def test_npcs_of_a_world_share_the_rules_and_the_lore() -> None:
    """Golden order: rules; then, in the first message, the world's lore, who the NPC is, and what was said."""
    given = inputs_of("npc")
    other = {**given["npc"], "id": "n-2", "name": "Tam Oakes", "occupation": "ferry rower", "place": "Lantern Quay"}
    role, prompt = role_named("npc"), load_prompt("npc")
    texts = []
    for npc in (given["npc"], other):
        inputs = role.inputs.model_validate({**given, "npc": npc})
        texts.append("\n".join(message.content for message in chat(prompt, role.values(inputs))))
    same = next(place for place, (one, two) in enumerate(zip(*texts, strict=False)) if one != two)
    shared = texts[0][:same]
    lore = load_world(WORLD).passages
    assert all(passage in shared for passage in lore)
    assert shared.endswith("You are "), "what differs begins with the name"
    assert (
        texts[0].index(lore[0]) < texts[0].index(given["npc"]["name"]) < texts[0].index(given["history"][0]["content"])
    )


def test_the_tools_of_npcs_are_told_the_lore_once() -> None:
    given = inputs_of("npc_tool_designer")
    system, *_, user = chats(
        "npc_tool_designer",
        load_prompt("npc_tool_designer"),
        role_named("npc_tool_designer").inputs.model_validate(given),
    )[0]
    lore = load_world(WORLD).story
    assert lore in system.content
    assert lore not in user.content


@pytest.mark.parametrize("name", sorted(set(ROLE_NAMES) - set(ORDER)))
def test_other_roles_keep_their_rules_free_of_what_differs(name: str) -> None:
    inputs = role_named(name).inputs.model_validate(inputs_of(name))
    prompt, values = load_prompt(name), role_named(name).values(inputs)
    (system, *_), *_ = chats(name, prompt, inputs)
    texts = [text for name, text in values.items() if name in prompt.head.data and len(text) > 20]
    assert system.role == "system"
    assert not [text for text in texts if text in system.content]


def test_the_same_request_is_the_same_bytes() -> None:
    first, _ = units("poser")
    made = [chats("poser", load_prompt("poser"), first)[0] for _ in range(2)]
    schema = schema_of(role_named("poser").output)
    assert len({canonical_json(ChatRequest(messages=m, reply_schema=schema)) for m in made}) == 1


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("relator", "standard"),
        ("poser", "standard"),
        ("user", "standard"),
        ("assistant", "small"),
        ("npc", "small"),
        ("judge", "standard"),
    ],
)
def test_from_the_second_call_on_the_shared_prefix_comes_from_the_cache(name: str, variant: Any) -> None:
    """llama.cpp says how much of a prompt it did not compute again: of unit after unit, and of turn after turn."""
    for chats in asked_of(name, variant).values():
        for share in asyncio.run(measured(chats, "local", Settings.from_environ(os.environ))):
            assert share.shared > 20
            assert share.cached >= 0.95 * share.shared, share
