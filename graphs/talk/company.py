"""Who may be met in a run: its NPCs, what they can call, and who plays them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphs.role import perform_unit
from simulator.errors import InputError
from simulator.models.base import canonical_json, content_id, derive_seed
from simulator.models.conversation import Counterpart
from simulator.models.npc import Npc
from simulator.models.step import Step, ToolCall
from simulator.models.tool import Tool
from simulator.models.unit import Unit
from simulator.models.world import World
from simulator.population.names.known_names import Known
from simulator.roles.role import RoleContext
from simulator.roles.tool_player import PlayedCall as Heard
from simulator.roles.tool_player import PlayerInput
from simulator.tools.simulated import Answer, Play, PlayedCall, SimulatedTools
from simulator.tools.vocabulary import Vocabulary

__all__ = ["Company", "played_by", "tool_step"]

_REMEMBERED = 12  # calls that a model which plays tools is told of
_ANYTHING = {"type": "object"}


@dataclass(frozen=True)
class Company:
    """The NPCs of a run and their tools.

    Attributes:
        role: Plays the NPCs.
        world: Where they live.
        npcs: By id.
        tools: By id.
        known: The names that there are.
        words: The names that made-up results have.
        player: Plays the tools, where their results are a model's.
    """

    role: RoleContext[Any, Any]
    world: World
    npcs: Mapping[str, Npc]
    tools: Mapping[str, Tool]
    known: Known
    words: Vocabulary
    player: RoleContext[Any, Any] | None = None

    def npc(self, counterpart: Counterpart) -> Npc:
        """Return the NPC of a conversation.

        Raises:
            InputError: The run has none of this id.
        """
        found = self.npcs.get(counterpart.npc)
        if found is None:
            raise InputError(f"the run has no NPC {counterpart.npc!r}; list them with 'sixhop show RUNDIR npcs'")
        return found

    def offered(self, counterpart: Counterpart) -> list[Tool]:
        """Return the tools that the NPC of a conversation may call."""
        return [self.tools[id_] for id_ in counterpart.tools if id_ in self.tools]

    def counter(self, counterpart: Counterpart, steps: Sequence[Step], seed: int) -> SimulatedTools:
        """Return the tools as they stand after the calls in ``steps``: one conversation is one world.

        Raises:
            InputError: A model is to play the tools, and the run has none for it.
        """
        play = None
        if counterpart.results == "model":
            if self.player is None:
                raise InputError(
                    "these tools are played by a model and the run has none; give it the role 'tool_player'"
                )
            world = f"{self.world.title}: {self.world.summary}"
            play = played_by(self.player, derive_seed(seed, "player"), "converse", world)
        made = SimulatedTools(
            self.offered(counterpart),
            seed=derive_seed(seed, "tools"),
            error_percent=counterpart.errors,
            play=play,
            words=self.words,
        )
        calls = {call.id: call for step in steps for call in step.calls}
        for step in steps:
            call = calls.get(step.call) if step.role == "tool" else None
            if call is not None and isinstance(call.arguments, dict):
                made.recall(call.name, call.arguments, _answer(step))
        return made


def tool_step(call: ToolCall, answer: Answer) -> Step:
    """Return what a tool answered as a message; a call that failed says why, as an API does."""
    if answer.result is not None:
        return Step(role="tool", content=canonical_json(answer.result), call=call.id, name=call.name)
    said = {"error": answer.error, "message": answer.message}
    return Step(role="tool", content=canonical_json(said), call=call.id, name=call.name, problem=answer.message)


def _answer(step: Step) -> Answer:
    value = json.loads(step.content)
    if step.problem:
        return Answer(error=str(value.get("error", "")), message=step.problem)
    return Answer(value if isinstance(value, dict) else {"value": value})


def played_by(player: RoleContext[Any, Any], seed: int = 0, stage: str = "serve", world: str = "") -> Play:
    """Return results by a model that plays the tools; it is told the calls before, and of which ``world`` they are."""

    async def play(tool: Tool, arguments: dict[str, Any], earlier: Sequence[PlayedCall]) -> dict[str, Any] | None:
        inputs = PlayerInput(
            name=tool.name,
            description=tool.description,
            returns=tool.output_schema() or _ANYTHING,
            arguments=arguments,
            earlier=tuple(_heard(one, place) for place, one in enumerate(earlier[-_REMEMBERED:])),
            world=world,
        )
        unit = Unit(stage=stage, role="tool_player", inputs=inputs.model_dump(mode="json"), seed=seed)
        result = await perform_unit(unit, player)
        value = json.loads(result.value["result"]) if result.value is not None else None
        return value if isinstance(value, dict) else None

    return play


def _heard(call: PlayedCall, place: int) -> Heard:
    answer = call.answer
    told = answer.result if answer.result is not None else {"error": answer.error, "message": answer.message}
    made = ToolCall(id=content_id("c", place), name=call.tool, arguments=dict(call.arguments))
    return Heard(call=made, result=canonical_json(told))
