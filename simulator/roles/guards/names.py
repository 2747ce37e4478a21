"""The detector of names that nobody and nothing has: people, places, factions and tools that do not exist."""

from __future__ import annotations

from simulator.models.conversation import Label
from simulator.population.names.mentions import unknown_names
from simulator.roles.guards.scene import Scene

__all__ = ["unknown_name"]


def unknown_name(turn: str, scene: Scene) -> Label | None:
    """Find somebody, a place, a faction or a tool that there is not in the world of this talk."""
    if scene.known is None:
        return None
    found = unknown_names(turn, scene.known)
    return Label(detector="unknown_name", evidence=", ".join(found)[:120], severity="error") if found else None
