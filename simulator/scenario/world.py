"""From a world's folder or file to a :class:`~simulator.models.world.World`, or a message that names the place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulator.errors import InputError
from simulator.models.naming import check_names
from simulator.models.strict_yaml import read_yaml, yaml_problem
from simulator.models.text_file import read_text_file
from simulator.models.world import World

__all__ = ["WORLD_FILE", "load_world"]

WORLD_FILE = "world.yaml"
_MAX_BYTES = 2_000_000  # of one file: lore is written by hand


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
        raise InputError(f"world {str(file)!r} is not valid:\n" + "\n".join(_problems(error))) from error
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


def _problems(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        place = ".".join(map(str, item["loc"])) or "world"
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            yield f"  {place}: unknown key; allowed: {', '.join(_allowed(item['loc']))}"
        elif item["type"] == "missing":
            yield f"  {place}: is missing"
        else:
            shown = "" if isinstance(item["input"], dict) else f" (got {_short(item['input'])})"
            yield f"  {place}: {message[0].lower() + message[1:]}{shown}"


def _allowed(place: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed where an unknown one stood."""
    model: Any = World
    for part in place[:-1]:
        if isinstance(part, str):
            model = _record_of(model.model_fields[part].annotation)
    return list(model.model_fields)


def _record_of(annotation: Any) -> Any:
    while not hasattr(annotation, "model_fields"):
        annotation = annotation.__args__[0]
    return annotation


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _kind(value: Any) -> str:
    return "an empty file" if value is None else f"a {type(value).__name__}"
