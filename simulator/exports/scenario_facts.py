"""What exports need to know of the scenario of a run: the system prompt, the tools, and how its people were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.exports.functions import openai_function
from simulator.models.conversation import Conversation
from simulator.models.npc import Npc
from simulator.models.npc_card import npc_card
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.scenario.load import parse_scenario

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["NO_FACTS", "ScenarioFacts", "facts_of"]


@dataclass(frozen=True)
class ScenarioFacts:
    """Facts of one scenario; empty where the ledger keeps none.

    Attributes:
        name: Its name.
        description: Its description.
        language: Of the conversations.
        system: The assistant's system prompt.
        tools: The tools of the assistant under test, as a chat completion request has them.
        cards: The cards of the NPCs, by id: what whoever plays one is told.
        designed: The tools that the run designed, by name, as a chat completion request has them.
    """

    name: str = "run"
    description: str = ""
    language: str = "en"
    system: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    cards: Mapping[str, str] = field(default_factory=dict)
    designed: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def system_of(self, conversation: Conversation) -> str:
        """Return the system prompt of the other side of ``conversation``."""
        return self.system if conversation.npc is None else self.cards.get(conversation.npc, "")

    def tools_of(self, conversation: Conversation) -> tuple[dict[str, Any], ...]:
        """Return the tools that the other side of ``conversation`` could call."""
        if conversation.npc is None:
            return self.tools
        return tuple(self.designed[name] for name in conversation.offered if name in self.designed)


NO_FACTS = ScenarioFacts()


def facts_of(ledger: Ledger) -> ScenarioFacts:
    """Return the facts of the run's scenario."""
    kept = ledger.meta("scenario")
    if kept is None:
        return ScenarioFacts()
    scenario = parse_scenario(kept, base=Path(ledger.meta("base", ".")))
    talks = scenario.conversations
    tools = talks.assistant.tools if talks and talks.assistant else ()
    return ScenarioFacts(
        name=scenario.name,
        description=scenario.description,
        language=scenario.language,
        system=(talks.system or "") if talks else "",
        tools=tuple(
            {
                "type": "function",
                "function": {"name": one.name, "description": one.description, "parameters": one.parameters},
            }
            for one in tools
        ),
        cards=_cards(ledger) if talks and talks.partner == "npc" else {},
        designed=_designed(ledger) if talks and talks.tools else {},
    )


def _cards(ledger: Ledger) -> dict[str, str]:
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    npcs = map(Npc.model_validate, ledger.products("npc"))
    return {npc.id: npc_card(npc, worlds[0]) for npc in npcs} if worlds else {}


def _designed(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {tool.name: openai_function(tool) for tool in map(Tool.model_validate, ledger.products("tool"))}
