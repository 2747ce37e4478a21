"""Functions and graphs of the user's, found by ``module:name`` or ``path.py:name``.

They run because the user named them, and only then. They are ordinary code with all rights of the process.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from simulator.errors import InputError
from simulator.models.base import content_hash
from simulator.scenario.places import place_of

__all__ = ["is_code", "load_code", "source_hash"]

_FORM = re.compile(r"^(?P<place>.+\.py|[A-Za-z_]\w*(?:\.\w+)*):(?P<name>[A-Za-z_]\w*(?:\.\w+)*)$")
_MARK = "__sixhop_source__"
_LETTERS = 12  # of a hash: enough to tell the versions of one file apart
_SPECS = ("openai:", "gguf:", "http:", "https:")


def is_code(text: str) -> bool:
    """Return whether ``text`` names code, and not a model.

    >>> is_code("agents/desk.py:graph"), is_code("my_agent:reply"), is_code("openai:gpt-5-mini"), is_code("local")
    (True, True, False, False)
    """
    return not text.startswith(_SPECS) and _FORM.match(text) is not None


def source_hash(text: str, base: Path) -> str:
    """Return a hash of the file that ``text`` names, as it was when it was loaded; what it imports is not looked at.

    Args:
        text: ``path.py:name`` or ``module:name``.
        base: The scenario's folder.

    Raises:
        InputError: As for :func:`load_code`.
    """
    return str(getattr(_module(text, base)[0], _MARK, ""))


def load_code(text: str, base: Path) -> Any:
    """Import what ``text`` names.

    Args:
        text: ``path.py:name``, the path relative to ``base``, or ``module:name``; modules are looked for as Python
            does, and then in ``base`` and the current folder.
        base: The scenario's folder.

    Raises:
        InputError: It is malformed, is not there, or cannot be imported.
    """
    module, place, name = _module(text, base)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            names = ", ".join(sorted(one for one in dir(found) if not one.startswith("_"))[:12])
            raise InputError(f"{text!r}: {place!r} has no {name!r}; it has {names or 'nothing'}")
        found = getattr(found, part)
    return found


def _module(text: str, base: Path) -> tuple[ModuleType, str, str]:
    """Return the module that ``text`` names, its place and the name in it."""
    found = _FORM.match(text)
    if found is None:
        raise InputError(f"{text!r} names no code; allowed is 'module:name' or 'path.py:name'")
    place, name = found["place"], found["name"]
    path = place_of(place, base, repr(text)) if place.endswith(".py") else None
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no result of ours
            module = _from_file(path) if path is not None else _from_path(place, base)
    except Exception as error:  # any code may fail in any way while it is imported
        raise InputError(f"{text!r} cannot be imported: {type(error).__name__}: {error}") from error
    return module, place, name


def _from_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    source = _digest(path)
    name = f"sixhop_user_{path.stem}_{content_hash(str(path), source)[:8]}"  # an edited file is another module
    if name in sys.modules:
        return sys.modules[name]
    _let_import_from(path.parent)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{str(path)!r} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    setattr(module, _MARK, source)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _from_path(module: str, base: Path) -> ModuleType:
    for folder in (base, Path.cwd()):
        _let_import_from(folder.resolve())
    found = importlib.import_module(module)
    if not hasattr(found, _MARK):  # a module is loaded once: its hash stays that of the file that was loaded
        origin = getattr(found, "__file__", None)
        setattr(found, _MARK, _digest(Path(origin)) if origin is not None else "")
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_LETTERS]


def _let_import_from(folder: Path) -> None:
    """Append, never prepend: what the process has imported by a name stays what that name means."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
