"""What a run depends on, section by section, so that a run directory of another scenario is told by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.errors import RunDirectoryError
from simulator.models.base import content_hash
from simulator.models.world import World
from simulator.scenario.schema import Scenario
from simulator.scenario.texts import SourceText

__all__ = ["check_fingerprint", "fingerprint"]

_FREE = {"description", "concurrency", "budget", "models", "prompts"}
"""Sections that may differ between two executions: they change the pace, or are compared by what they resolve to."""


def fingerprint(
    scenario: Scenario,
    texts: Sequence[SourceText],
    world: World | None,
    models: Mapping[str, str],
    prompts: Mapping[str, str],
) -> dict[str, str]:
    """Return a hash for each part that the products depend on.

    Args:
        scenario: Its sections, but for those that only change the pace.
        texts: The texts by content, wherever they stood.
        world: The world by content.
        models: The model of each role.
        prompts: The prompt hash of each role.
    """
    sections = scenario.model_dump(mode="json", exclude=_FREE)
    if scenario.texts is not None:
        sections["texts"] = {**scenario.texts.model_dump(mode="json", exclude={"paths"}), "ids": [t.id for t in texts]}
    if scenario.npcs is not None and world is not None:
        sections["npcs"] = [scenario.npcs.model_dump(mode="json", exclude={"world"}), world.model_dump(mode="json")]
    parts = {name: content_hash(value) for name, value in sections.items()}
    parts |= {f"models.{role}": content_hash(name) for role, name in models.items()}
    return parts | {f"prompts.{role}": sha256 for role, sha256 in prompts.items()}


def check_fingerprint(kept: Mapping[str, str] | None, now: Mapping[str, str], directory: str) -> None:
    """Refuse to go on with a run directory whose run depends on something else.

    Raises:
        RunDirectoryError: The parts that differ, by name.
    """
    if kept is None or kept == now:
        return
    differ = sorted(name for name in {*kept, *now} if kept.get(name) != now.get(name))
    if "name" in differ:
        message = f"{directory!r} holds the run of another scenario; name another folder with --out"
    else:
        message = (
            f"{directory!r} holds a run of this scenario as it was before: {', '.join(differ)} changed since. "
            f"Finish the old run with 'sixhop resume {directory}', or name another folder with --out"
        )
    raise RunDirectoryError(message)
