"""All roles by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.errors import InputError
from simulator.models.world import World
from simulator.roles.assistant import assistant
from simulator.roles.extractor import extractor
from simulator.roles.judge import judge
from simulator.roles.npc import npc
from simulator.roles.npc_tool_designer import npc_tool_designer
from simulator.roles.npc_writer import npc_writer
from simulator.roles.poser import poser
from simulator.roles.problem_writer import problem_writer
from simulator.roles.relator import relator
from simulator.roles.role import Role
from simulator.roles.solver import solver
from simulator.roles.text_writer import text_writer
from simulator.roles.tool_coder import tool_coder
from simulator.roles.tool_designer import tool_designer
from simulator.roles.tool_player import tool_player
from simulator.roles.user import user

__all__ = ["ROLES", "WORLDLY", "role_of"]

ROLES: Mapping[str, Callable[[], Role[Any, Any]]] = {
    "extractor": extractor,
    "relator": relator,
    "poser": poser,
    "problem_writer": problem_writer,
    "solver": solver,
    "text_writer": text_writer,
    "user": user,
    "assistant": assistant,
    "judge": judge,
    "tool_coder": tool_coder,
    "tool_designer": tool_designer,
    "tool_player": tool_player,
}
"""The roles that need nothing to be made."""

WORLDLY: Mapping[str, Callable[[World], Role[Any, Any]]] = {
    "npc": npc,
    "npc_writer": npc_writer,
    "npc_tool_designer": npc_tool_designer,
}
"""Those that need a world."""


def role_of(name: str, world: World | None = None) -> Role[Any, Any]:
    """Return the role ``name``.

    Raises:
        InputError: There is no such role, or it needs a world and there is none.
    """
    if name in WORLDLY:
        if world is None:
            raise InputError(f"the role {name!r} needs a world; name its folder in 'npcs.world'")
        return WORLDLY[name](world)
    if name not in ROLES:
        raise InputError(f"there is no role {name!r}; allowed: {', '.join([*ROLES, *WORLDLY])}")
    return ROLES[name]()
