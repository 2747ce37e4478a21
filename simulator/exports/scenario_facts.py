"""What exports need to know of the scenario of a run: the system prompt, the tools, and how its people were made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.scenario.load import parse_scenario

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["ScenarioFacts", "facts_of"]


@dataclass(frozen=True)
class ScenarioFacts:
    """Facts of one scenario; empty where the ledger keeps none.

    Attributes:
        name: Its name.
        description: Its description.
        language: Of the conversations.
        system: The assistant's system prompt.
        tools: The tools of the assistant under test, as a chat completion request has them.
    """

    name: str = "run"
    description: str = ""
    language: str = "en"
    system: str = ""
    tools: tuple[dict[str, Any], ...] = ()


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
    )
