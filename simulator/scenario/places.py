"""The files that a path in a scenario names: itself, those in a folder, or those that fit a glob."""

from __future__ import annotations

from collections.abc import Sequence
from glob import has_magic
from pathlib import Path

from simulator.errors import InputError

__all__ = ["DEAD_LINK", "files_at", "place_of"]

DEAD_LINK = "it is a link to nothing"
"""What is wrong with a file of a folder that is not there."""


def place_of(given: str, base: Path, key: str) -> Path:
    """Return the path that ``given`` is: relative to ``base``, or to the user's home after ``~``.

    Args:
        given: As it stands in the scenario.
        base: The scenario's folder.
        key: Where it stands, for the error.

    Raises:
        InputError: It can be no path.
    """
    if "\0" in given:
        raise InputError(f"{key}: {given!r} is not a path")
    try:
        return base / Path(given).expanduser()
    except RuntimeError as error:
        raise InputError(f"{key}: {given!r}: whose home that is is not known; write the whole path") from error


def files_at(given: str, base: Path, suffixes: Sequence[str], key: str) -> list[Path]:
    """Return the files, sorted by name; a link to nothing in a folder is one of them.

    Args:
        given: A file, a folder, or a glob, as it stands in the scenario.
        base: The scenario's folder.
        suffixes: How files are called that a folder is read for.
        key: Where ``given`` stands, for errors.

    Raises:
        InputError: There is none.
    """
    path = place_of(given, base, key)
    if has_magic(given):
        found = [one for one in sorted(Path("/").glob(str(path.absolute()).lstrip("/"))) if not one.is_dir()]
        problem = f"nothing fits {str(path)!r}"
    elif path.is_dir():
        found = sorted(child for child in path.iterdir() if child.suffix in suffixes and not child.is_dir())
        problem = f"the folder {str(path)!r} has no file that can be read; allowed: {', '.join(suffixes)}"
    else:
        found = [path] if path.exists() else []
        problem = f"{str(path)!r} does not exist"
    if not found:
        raise InputError(f"{key}: {problem}")
    return found
