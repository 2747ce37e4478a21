"""NPCs of a small model: one settled thing is asked at a time, and nothing is said twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import story
from npc_talk_cases import SALTMERE, calls, scenario

from graphs.talk.settled import choices_of
from simulator.assembly import simulate_sync
from simulator.models.npc import Npc
from simulator.models.tool import ToolParameter
from simulator.roles.npc_replies import replies_of
from simulator.scenario.world import load_world
from simulator.tools.schema import argument_flaw
from simulator.tools.vocabulary import Vocabulary


def small(request: Any) -> str:
    """A small model: it chooses what the grammar leaves, and goes on from a lead."""
    grammar = str(request.sampling.extra.get("grammar", ""))
    if grammar.startswith('root ::= "'):
        return str(json.loads(re.findall(r'"(?:[^"\\]|\\.)*"', grammar)[0]))
    told = "\n".join(message.content for message in request.messages[-2:])
    return f" it is {story.pick(story.DEEDS, told, request.seed)} {story.pick(story.PLACES, told, request.seed)}."


def test_a_small_prompt_is_asked_for_one_settled_thing_at_a_time(tmp_path: Path) -> None:
    def visitor(request: Any) -> str:
        said = sum(message.role == "assistant" for message in request.messages)
        return [
            "Can you look after the eel baskets at the counter of the harbour, all 3 of them?",
            "My cart waits at Gull Tower. What do the lamp globes and the boat ropes cost at the counter?",
            "That is too dear for me. Who else has boat ropes at the harbour?",
        ][said]

    prompts = {"npc": str(story.ROOT / "simulator" / "prompts" / "npc.small.md")}
    models = story.models(npc=small, user=visitor)
    with simulate_sync(scenario(prompts=prompts), tmp_path, models=models) as run:
        assert len(run.conversations) >= 5, [one.message for one in run.failures if one.stage == "converse"]
        tools = {tool.name: tool for tool in run.tools}
        called = [(talk, turn) for talk in run.conversations for turn in talk.turns if turn.steps]
        assert len(called) >= 5
        for _, turn in called:
            call, answer, said = turn.steps
            assert argument_flaw(tools[call.calls[0].name], call.calls[0].arguments) is None
            price = json.loads(answer.content)["one_price"]
            assert said.content.startswith(f"The price of one is {price}")
        for talk in run.conversations:
            own = [turn.content for turn in talk.turns if turn.speaker == talk.npc]
            assert len(set(own)) == len(own), "nothing is said twice"
        first = [call.arguments for talk in run.conversations for call in calls(talk)[:1]]
        assert {"quantity": 3} in first, "figures that the visitor said are taken"


def test_what_an_npc_may_say_is_not_said_twice_and_names_what_it_has() -> None:
    world = load_world(SALTMERE)
    lines = ("The tide decides.", "Sit down.")
    npc = Npc(
        id="n-1", persona="p-1", world="w", name="Pella Larkin", occupation="cook", place="Kettle Lane", lines=lines
    )
    said: list[str] = []
    while options := replies_of(npc, world, said):
        assert not set(options) & set(said)
        assert all("$" not in one and one[-1] in ".?!" for one in options)
        said.append(options[0])
    assert said[:2] == list(lines)
    assert len(said) > 6, "who wants nothing speaks of nothing that is wanted"
    assert replies_of(npc, load_world(SALTMERE.parent / "ninefords"), []) == ()


def test_what_can_be_settled_is_settled_before_a_small_model_is_asked() -> None:
    npc = Npc(id="n-1", persona="p-1", world="w", name="Pella Larkin", occupation="cook", place="Kettle Lane")
    words = Vocabulary(places=("Kettle Lane", "Gull Tower"), people=("Orrin Saltby",), names=(), times=("at noon",))

    def settled(name: str, said: str, **more: Any) -> tuple[str, ...]:
        parameter = ToolParameter(**{"name": name, "type": "string", "description": "what it is", **more})
        return choices_of(parameter, said, npc, words)

    assert settled("quantity", "I want six, or 12 if they are small.", type="integer") == ("12", "6")
    assert settled("quantity", "I want some.", type="integer") == ("1", "2", "3", "5")
    assert settled("place", "Bring it to gull tower.") == ("Gull Tower",)
    assert settled("place", "Bring it here.") == ("Kettle Lane",)
    assert settled("customer", "It is for Orrin Saltby.") == ("Orrin Saltby",)
    assert settled("delivery_day", "Soon.") == ("at noon",)
    assert settled("size", "Any.", description="small or large pots") == ("small", "large")
    assert settled("size", "Any.", enum=("S", "L")) == ("S", "L")
    assert settled("fresh", "Any.", type="boolean") == ("yes", "no")
    assert settled("colour", "Any.") == ()
