"""Which data file of the package a role depends on as it depends on its prompt."""

from __future__ import annotations

from simulator.models.world import World
from simulator.prompts.data_file import DataFile
from simulator.prompts.template import Prompt
from simulator.roles import npc_manners, tool_parts
from simulator.roles.guards import sides

__all__ = ["data_of"]


def data_of(role: str, prompt: Prompt, world: World | None = None, *, among_people: bool = False) -> DataFile | None:
    """Return the file that decides what a role chooses from, or which of its replies are turned down.

    Args:
        role: Its name.
        prompt: What it is asked by: with one that lets it write freely, there is nothing to choose from.
        world: Where it is, if it is in one.
        among_people: Whether its conversations are with other people: then nobody is taken for an assistant.
    """
    chosen = set(prompt.head.choose)
    match role:
        case "user":
            return None if among_people else sides.WEIGHTS
        case "tool_designer" | "npc_tool_designer":
            return tool_parts.PARTS if chosen & set(tool_parts.CHOSEN) else None
        case "npc_writer" | "npc":
            fields = npc_manners.CHOSEN if role == "npc_writer" else ("message",)
            used = bool(chosen & set(fields)) and world is not None and npc_manners.has_built_in(world)
            return npc_manners.BUILT_IN if used else None
    return None
