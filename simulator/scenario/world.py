"""From a world's folder or file to a :class:`~simulator.models.world.World`, or a message that names the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulator.errors import InputError
from simulator.models.naming import check_names
from simulator.models.strict_yaml import read_yaml, yaml_problem
from simulator.models.text_file import read_text_file
from simulator.models.world import World
from simulator.scenario.places import place_of
from simulator.scenario.productions import Npcs
from simulator.scenario.wrong import wrong_values

__all__ = ["WORLD_FILE", "load_world", "world_path"]

WORLD_FILE = "world.yaml"
_MAX_BYTES = 2_000_000  # of one file: lore is written by hand


def world_path(section: Npcs, base: Path) -> Path:
    """Return where the world of a scenario is.

    Args:
        section: The scenario's ``npcs``.
        base: The folder that its paths are relative to.

    Raises:
        InputError: What the scenario names can be no path.
    """
    return place_of(section.world, base, "npcs.world")


def load_world(path: Path) -> World:
    """Read and check a world.

    Args:
        path: A folder with ``world.yaml``, or such a file. Its ``lore`` is the text itself, or, on one line that ends
            in ``.md``, the name of a Markdown file in the same folder.

    Raises:
        InputError: A file is missing, outside the folder, too large or not UTF-8; it is not YAML; or a value is not
            allowed, and then the message names each place (``races.0.name: ...``).
    """
    file = path / WORLD_FILE if path.is_dir() else path
    if not path.exists():
        raise InputError(
            f"npcs.world: {str(path)!r} does not exist; it is a folder with {WORLD_FILE}, or such a file, relative to "
            f"the scenario. Worlds that come with Sixhop stand in scenarios/worlds: halden, ninefords, saltmere"
        )
    text = _read(file, "world")
    try:
        data = read_yaml(text)
    except yaml.YAMLError as error:
        raise InputError(f"world {str(file)!r} is not valid YAML: {yaml_problem(error)}") from error
    if not isinstance(data, dict):
        raise InputError(f"world {str(file)!r} must hold a mapping (name, title, lore, races, ...), not {_kind(data)}")
    lore = data.get("lore")
    if isinstance(lore, str) and lore.endswith(".md") and "\n" not in lore:
        data = {**data, "lore": _read(_inside(file.parent, lore), "lore")}
    try:
        world = World.model_validate(data)
    except ValidationError as error:
        raise InputError(
            f"world {str(file)!r} is not valid:\n" + "\n".join(wrong_values(error, World, "world"))
        ) from error
    check_names(world)
    return world


def _inside(folder: Path, name: str) -> Path:
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise InputError(f"lore {name!r} lies outside the world's folder {str(folder)!r}; put it in there")
    return file


def _read(file: Path, what: str) -> str:
    try:
        text = read_text_file(file, _MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{what} {str(file)!r} cannot be read: {reason}") from error
    if not text.strip():
        raise InputError(f"{what} {str(file)!r} is empty")
    return text


def _kind(value: Any) -> str:
    return "an empty file" if value is None else f"a {type(value).__name__}"
